"""States and steps: who may take one, what it asks for, and that nothing else changes a state."""
