"""Values as text: what & and CONCAT join, and the formats of TEXT."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.arithmetic import EXACT, written
from core.dates import CHINA

_DAY = re.compile(r"yyyy|yy|mm|m|dd|d|hh|h|ss|s|[^a-z]+|.", re.I)
_NUMBER = re.compile(r"(?P<head>[^#0,.%]*)(?P<whole>[#0,]+)(?:\.(?P<places>0*#*))?(?P<percent>%?)(?P<tail>[^#0,.%]*)")


def plain(value: Any) -> str:
    """How a value stands in a text: numbers without needless zeros, days as 2026-03-05."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return written(value)
    if isinstance(value, datetime):
        return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    return value.isoformat() if isinstance(value, date) else str(value)


def formatted(value: Any, pattern: str) -> str | None:
    """TEXT: "yyyy年m月d日", "hh:mm", "#,##0.00", "0.0%". None where the pattern does not fit the value."""
    if isinstance(value, Decimal):
        return _number(value, pattern)
    if isinstance(value, date):
        return _day(value, pattern)
    return plain(value)


def _number(value: Decimal, pattern: str) -> str | None:
    found = _NUMBER.fullmatch(pattern)
    if not found:
        return None
    places = found["places"] or ""
    if len(places) > 15:
        return None
    scaled = EXACT.multiply(value, Decimal(100)) if found["percent"] else value
    rounded = EXACT.quantize(scaled, Decimal(1).scaleb(-len(places)))
    text = f"{abs(rounded):{',' if ',' in found['whole'] else ''}f}"
    optional = len(places) - places.count("0")
    for _nth in range(optional):
        text = text[:-1] if text.endswith("0") and "." in text else text
    whole, dot, rest = text.rstrip(".").partition(".")
    whole = whole.rjust(found["whole"].count("0"), "0") if "," not in found["whole"] else whole
    if whole == "0" and "0" not in found["whole"]:
        whole = ""
    sign = "-" if rounded < 0 else ""
    return sign + found["head"] + whole + dot + rest + found["percent"] + found["tail"]


def _day(value: date, pattern: str) -> str | None:
    moment = value.astimezone(CHINA) if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    parts = _DAY.findall(pattern)
    words, last = [], ""
    for place, part in enumerate(parts):
        key = part.lower()
        following = next((one.lower() for one in parts[place + 1 :] if one[0].isalpha() and one.isascii()), "")
        if key in ("m", "mm") and (last[:1] == "h" or following[:1] == "s"):
            words.append(f"{moment.minute:0{len(key)}}")
        else:
            words.append(_part(moment, key, part))
        last = key if key[0].isalpha() and key.isascii() else last
    return "".join(words)


def _part(moment: datetime, key: str, part: str) -> str:
    if key in ("yyyy", "yy"):
        return f"{moment.year:04}"[-len(key) :]
    known = {"m": moment.month, "d": moment.day, "h": moment.hour, "s": moment.second}
    return f"{known[key[0]]:0{len(key)}}" if key[0] in known else part
