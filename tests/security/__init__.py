"""Attacks: what must not be seen, and what must not break."""
