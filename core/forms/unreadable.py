"""The one error for typed text that cannot be read as a value; the text itself stays with the caller."""

from __future__ import annotations

from typing import Any

from core.forms.model import Field
from core.i18n import _


class ValueParseError(ValueError):
    """`code` is stable and English, as in Problem; `message` is for the user and says what would be right."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def cannot_read(field: Field, given: Any, expected: str, *, code: str = "type") -> ValueParseError:
    """What to raise when `given` cannot be a value of `field`; `expected` says what would be right."""
    shown = str(given)
    shown = shown if len(shown) <= 40 else shown[:40] + "…"
    return ValueParseError(
        code, _("“{title}”读不懂“{given}”：{expected}", title=field.title, given=shown, expected=expected)
    )
