"""Tests, by room; each reads as a list of what the platform promises."""
