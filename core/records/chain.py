"""Hashes of history: of a record's data, of one change, of one link of the chain; no database."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from core import exact

START = "0" * 64  # the link before the first
HASHED = ("id", "record", "form", "kind", "revision", "at", "by", "source", "changes", "data_hash")


def text_hash(text: str) -> str:
    """SHA-256 of `text` in hexadecimal: of a record's data exactly as stored, for one."""
    return sha256(text.encode()).hexdigest()


def change_hash(history: int, row: Mapping[str, Any]) -> str:
    """The hash of its tenant's number (`Tenant.history`) and all columns of a change.

    `changes` is hashed as the text that is stored.
    """
    return text_hash(exact.canonical([history, *(row[name] for name in HASHED)]))


def link(before: str, hash: str) -> str:
    """The link that ties a change's hash to everything sealed before it."""
    return text_hash(before + hash)
