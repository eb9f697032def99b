"""Tests of core.forms."""
