"""Numbers as people type and read them: thousands separators, full-width digits, 元 and 万元; exact throughout."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation, Overflow
from typing import Any

from core.forms.model import Field
from core.forms.unreadable import ValueParseError, cannot_read
from core.i18n import _

DIGITS = 15  # significant digits kept in all: exact in Excel and JavaScript too, and sums stay inside 64 bits
_SLOT_DIGITS = 20  # more than a 64-bit integer has
_GROUPED = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+)?(?:\.\d+)?")
_SCALES = {
    "CNY": 1,
    "RMB": 1,
    "10k CNY": 10**4,
    "元": 1,
    "千元": 10**3,
    "万元": 10**4,
    "万": 10**4,
    "亿元": 10**8,
    "亿": 10**8,
}
_CURRENCY = re.compile(r"^(-?)\s*(?:人民币|RMB|CNY|¥)\s*")


def limit(decimals: int) -> Decimal:
    """The greatest magnitude a number with so many places may have."""
    return (Decimal(10) ** DIGITS - 1).scaleb(-decimals)


def quantised(value: Any, decimals: int) -> Any:
    """`value` with exactly `decimals` places if that loses nothing, else as it is."""
    try:
        number = value if isinstance(value, Decimal) else Decimal(value)
        short = number.quantize(Decimal(1).scaleb(-decimals))
    except (InvalidOperation, ValueError, TypeError):
        return value
    return short + 0 if short == number else value  # + 0: no negative zero


def scaled(value: Any, decimals: int) -> int | None:
    """`value * 10**decimals` as a 64-bit integer for a number slot; None where that cannot be exact."""
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    if not number.is_finite() or number.adjusted() > _SLOT_DIGITS:
        return None  # 1e999999999 is quickly written and fills the memory as an integer
    try:
        number = number.scaleb(decimals)
        whole = int(number)
    except (InvalidOperation, Overflow):
        return None
    return whole if whole == number and -(2**63) <= whole < 2**63 else None


def parse_integer(field: Field, given: Any) -> int:
    number = _number(field, given, _("请填整数，例如 1,200"))
    if number != number.to_integral_value():
        raise cannot_read(field, given, _("请填整数，例如 1,200"), code="integer")
    return int(number)


def parse_decimal(field: Field, given: Any) -> Decimal:
    return quantised(_number(field, given, _example(field)), field.decimals)


def clean_integer(field: Field, value: Any) -> Any:
    if isinstance(value, float):
        value = _from_float(value)
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < DIGITS:
        whole = int(value)
        return whole if whole == value else value
    return value


def clean_decimal(field: Field, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        value = _from_float(value)
    return quantised(value, field.decimals) if isinstance(value, int | Decimal) else value


def show_integer(field: Field, value: Any) -> str:
    if isinstance(value, int) and abs(value) < 10**18:
        return f"{value:,}"
    return show_decimal(field, value) if isinstance(value, Decimal) else str(value)


def show_decimal(field: Field, value: Any) -> str:
    value = quantised(value, field.decimals) if isinstance(value, int) else value
    if isinstance(value, Decimal) and value.is_finite() and -20 < value.adjusted() < 30:
        return f"{quantised(value, field.decimals):,f}"
    return str(value)


def integer_schema(field: Field) -> dict[str, Any]:
    return {"type": "integer", **_bounds(field)}


def decimal_schema(field: Field) -> dict[str, Any]:
    return {"type": "number", "multipleOf": Decimal(1).scaleb(-field.decimals), **_bounds(field)}


def _bounds(field: Field) -> dict[str, Any]:
    most = limit(field.decimals)
    low = -most if field.minimum is None else max(field.minimum, -most)
    high = most if field.maximum is None else min(field.maximum, most)
    return {"minimum": _plain(low), "maximum": _plain(high)}


def _plain(value: Decimal) -> int | Decimal:
    return int(value) if value == value.to_integral_value() else value


def _example(field: Field) -> str:
    return _("请填数字，例如 {example}", example=f"{Decimal('1234.5'):,.{field.decimals}f}")


def _from_float(value: float) -> Any:
    """A float's 15 significant digits, as every spreadsheet shows it: 0.1 + 0.2 is 0.3."""
    return Decimal(format(value, f".{DIGITS}g")) if value - value == 0 else value


def _number(field: Field, given: Any, expected: str) -> Decimal:
    if isinstance(given, bool):
        raise cannot_read(field, given, expected)
    if isinstance(given, float):
        given = _from_float(given)
    if isinstance(given, int | Decimal):
        number = Decimal(given)
        if not number.is_finite():
            raise cannot_read(field, given, expected)
        return number
    if not isinstance(given, str) or len(given) > 60:
        raise cannot_read(field, given, expected)
    return _from_text(field, given, expected)


def _from_text(field: Field, given: str, expected: str) -> Decimal:
    text = unicodedata.normalize("NFKC", given).strip().replace("−", "-")
    text, factor = _unit(field, text)
    negative = text.startswith("(") and text.endswith(")")
    text = text[1:-1].strip() if negative else text
    if not _GROUPED.fullmatch(text) or not any(c.isdigit() for c in text) or (negative and text[0] in "+-"):
        raise cannot_read(field, given, expected)
    try:
        number = Decimal(text.replace(",", "").replace(" ", ""))
    except InvalidOperation:
        raise cannot_read(field, given, expected) from None
    return -number * factor if negative else number * factor


def _unit(field: Field, text: str) -> tuple[str, Decimal]:
    """`text` without unit and currency sign, and what one of its units is in units of the field."""
    money = field.type == "money" or field.unit in _SCALES
    if money:
        text = _CURRENCY.sub(r"\1", text)
        own = _SCALES.get(field.unit or "元")
        for unit in sorted(_SCALES, key=len, reverse=True):
            if own and text.endswith(unit):
                return text.removesuffix(unit).strip(), Decimal(_SCALES[unit]) / own
    unit = unicodedata.normalize("NFKC", field.unit)
    return (text.removesuffix(unit).strip() if unit else text), Decimal(1)


__all__ = ["DIGITS", "ValueParseError", "limit", "quantised", "scaled"]
