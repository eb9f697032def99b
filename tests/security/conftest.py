"""The office of the page tests, for attacks from inside and outside."""

from tests.ui.conftest import Browser, Office, cheap_hashes, office

__all__ = ["Browser", "Office", "cheap_hashes", "office"]
