"""Dates and times as people type and read them; stored as ISO text, times in UTC, shown in China's time."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.dates import CHINA
from core.forms.model import Field
from core.forms.unreadable import cannot_read
from core.i18n import _

YEARS = "^(1[89]|2[0-9])[0-9]{2}-"  # 1800 to 2999: text of four-digit years sorts as time does
_SERIALS = range(20_000, 80_000)  # a bare number in a sheet that can only be a date: 1954 to 2119
_DATE = re.compile(r"(\d{4})\s*(?:-|/|\.|年)\s*(\d{1,2})\s*(?:-|/|\.|月)\s*(\d{1,2})\s*日?")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_TIME = re.compile(
    r"(\d{1,2})\s*[:时点]\s*(\d{1,2})(?:\s*[:分]\s*(\d{1,2})(?:\.\d+)?\s*秒?)?\s*分?\s*(Z|[+-]\d\d:?\d\d)?", re.I
)


def parse_date(field: Field, given: Any) -> str:
    expected = _("请填日期，例如 2026-03-05 或 2026年3月5日")
    if isinstance(given, datetime):
        return _dated(field, given.date(), given, expected)
    if isinstance(given, date):
        return _dated(field, given, given, expected)
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = _text_of_number(given)
        if int(given or 0) in _SERIALS:
            return _dated(field, _serial(int(given)).date(), given, expected)
    text = unicodedata.normalize("NFKC", str(given)).strip()
    found = _DATE.fullmatch(text) or _COMPACT.fullmatch(text) or _midnight(text)
    if not found:
        raise cannot_read(field, given, expected, code="date")
    return _dated(field, _calendar(found), given, expected)


def parse_datetime(field: Field, given: Any) -> str:
    expected = _("请填日期和时间，例如 2026-03-05 08:30")
    if isinstance(given, datetime):
        return _timed(field, given, given, expected)
    if isinstance(given, date):
        return _timed(field, datetime(given.year, given.month, given.day), given, expected)
    if isinstance(given, int | float) and not isinstance(given, bool) and _SERIALS[0] <= given <= _SERIALS[-1]:
        return _timed(field, _serial(given), given, expected)
    text = unicodedata.normalize("NFKC", str(given)).strip()
    found = _DATE.match(text) or _COMPACT.match(text)
    day = _calendar(found) if found else None
    rest = text[found.end() :].lstrip(" Tt") if found else ""
    clock = _TIME.fullmatch(rest)
    if day is None or (rest and not clock):
        raise cannot_read(field, given, expected, code="datetime")
    moment = _at(day, clock) if clock else datetime(day.year, day.month, day.day)
    return _timed(field, moment, given, expected)


def clean_date(field: Field, value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def clean_datetime(field: Field, value: Any) -> Any:
    """Any offset becomes Z and whole seconds; a time without an offset is left for the check to refuse."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value.strip())
        return _stored(moment) if moment.tzinfo else value.strip()
    except (ValueError, OverflowError):
        return value.strip()


def show_datetime(field: Field, value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value).astimezone(CHINA)
    except (ValueError, TypeError, OverflowError):
        return str(value)
    return moment.strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M")


def date_schema(field: Field) -> dict[str, Any]:
    return {"type": "string", "format": "date", "pattern": YEARS}


def datetime_schema(field: Field) -> dict[str, Any]:
    clock = "[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]Z$"
    return {"type": "string", "format": "date-time", "pattern": YEARS + clock}


def _midnight(text: str) -> re.Match[str] | None:
    """ "2026-03-05 00:00:00", as a date cell looks in some exports: still only a date."""
    found = _DATE.match(text)
    rest = text[found.end() :].lstrip(" Tt") if found else ""
    return found if found and re.fullmatch(r"0?0:00(:00(\.0+)?)?", rest) else None


def _calendar(found: re.Match[str]) -> date | None:
    try:
        return date(*(int(part) for part in found.groups()[:3]))
    except ValueError:
        return None


def _at(day: date, clock: re.Match[str]) -> datetime | None:
    hour, minute, second, zone = clock.groups()
    try:
        moment = datetime(day.year, day.month, day.day, int(hour), int(minute), int(second or 0))
        return datetime.fromisoformat(moment.isoformat() + zone.upper()) if zone else moment
    except ValueError:
        return None


def _serial(number: float) -> datetime:
    """Excel's day number, 1900 system; to the second, as its fraction is a binary float."""
    return datetime(1899, 12, 30) + timedelta(seconds=round(number * 86400))


def _text_of_number(number: float) -> str:
    return str(int(number)) if number == number // 1 and abs(number) < 1e9 else "0"


def _dated(field: Field, day: date | None, given: Any, expected: str) -> str:
    if day is None or not 1800 <= day.year < 3000:
        raise cannot_read(field, given, expected, code="date")
    return day.isoformat()


def _timed(field: Field, moment: datetime | None, given: Any, expected: str) -> str:
    if moment is None or not 1801 <= moment.year < 2999:  # a year's room: the offset may move it
        raise cannot_read(field, given, expected, code="datetime")
    return _stored(moment if moment.tzinfo else moment.replace(tzinfo=CHINA))


def _stored(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
