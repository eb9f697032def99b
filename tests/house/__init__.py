"""The rules of the house as tests: floors, the door, sizes, words; nothing here runs the platform."""
