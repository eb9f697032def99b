"""How a file that cannot be used is refused: one constructor, so that every reader fails alike."""

from __future__ import annotations

from core.errors import Invalid, Problem


def unreadable(code: str, message: str) -> Invalid:
    """The whole file is at fault, not one row of it."""
    return Invalid([Problem("file", code, message)])
