"""Days and months as formulas count them; what is out of range is None or raises ValueError or OverflowError."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

CHINA = timezone(timedelta(hours=8))  # one zone for the whole country, no summer time
EARLIEST, LATEST = date(1800, 1, 1), date(2999, 12, 31)  # what a date field can hold


def day_of(value: date) -> date:
    """The day of a date, or of an instant as China's clocks show it."""
    return value.astimezone(CHINA).date() if isinstance(value, datetime) else value


def within(day: date) -> date | None:
    return day if EARLIEST <= day <= LATEST else None


def make(year: Decimal, month: Decimal, day: Decimal) -> date | None:
    """As in spreadsheets, a month or day beyond its range runs on: DATE(2026, 13, 1) is 2027-01-01."""
    months = int(year) * 12 + int(month) - 1
    return shifted(date(months // 12, months % 12 + 1, 1), Decimal(int(day) - 1))


def shifted(day: date, days: Decimal) -> date | None:
    return within(day + timedelta(days=int(days.to_integral_value("ROUND_FLOOR"))))


def edate(start: date, months: Decimal) -> date | None:
    """The same day so many months on; the last of the month where that has no such day."""
    start = day_of(start)
    count = start.year * 12 + start.month - 1 + int(months)
    year, month = count // 12, count % 12 + 1
    return within(date(year, month, min(start.day, calendar.monthrange(year, month)[1])))


def eomonth(start: date, months: Decimal) -> date | None:
    moved = edate(day_of(start).replace(day=1), months)
    return moved and moved.replace(day=calendar.monthrange(moved.year, moved.month)[1])


def datedif(start: date, end: date, unit: str) -> Decimal | None:
    """Whole years, months or days between; YM, MD, YD: what is left over. None where end is before start."""
    start, end = day_of(start), day_of(end)
    if end < start:
        return None
    months = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
    from_month, from_year = edate(start, Decimal(months)), edate(start, Decimal(months // 12 * 12))
    if from_month is None or from_year is None:
        return None
    answers = {
        "Y": months // 12, "M": months, "D": (end - start).days,
        "YM": months % 12, "MD": (end - from_month).days, "YD": (end - from_year).days,
    }  # fmt: skip
    found = answers.get(unit.upper())
    return None if found is None else Decimal(found)


def weekday(day: date, system: Decimal = Decimal(1)) -> Decimal | None:
    """1: Sunday is 1, as in spreadsheets; 2: Monday is 1; 3: Monday is 0."""
    number = day_of(day).weekday()
    found = {1: (number + 1) % 7 + 1, 2: number + 1, 3: number}.get(int(system))
    return None if found is None else Decimal(found)
