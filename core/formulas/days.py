"""Days as formulas count them: months, differences, and China's working days."""

from __future__ import annotations

import calendar
from bisect import bisect_right
from datetime import date, datetime, timedelta
from decimal import Decimal

from chinese_calendar import constants

from core.formulas.model import CHINA

EARLIEST, LATEST = date(1800, 1, 1), date(2999, 12, 31)  # what a date field can hold
FARTHEST = 20_000  # working days that WORKDAY goes
_ALL = sorted({*constants.holidays, *constants.workdays})
YEARS = (_ALL[0].year, _ALL[-1].year)  # for which the State Council's notices are known; beyond, weekends only
_OFF = [day for day in sorted(constants.holidays) if day.weekday() < 5]
_ON = [day for day in sorted(constants.workdays) if day.weekday() >= 5]


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


def _until(day: date) -> int:
    """Working days from a fixed Monday up to and with `day`: weekdays, less holidays, plus weekends worked."""
    weeks, rest = divmod((day - date(1799, 12, 30)).days + 1, 7)
    return weeks * 5 + min(rest, 5) - bisect_right(_OFF, day) + bisect_right(_ON, day)


def networkdays(start: date, end: date) -> Decimal:
    """Working days from start to end, both counted; negative where end is before start."""
    start, end = day_of(start), day_of(end)
    if end < start:
        return -networkdays(end, start)
    return Decimal(_until(end) - _until(start - timedelta(days=1)))


def workday(start: date, count: Decimal) -> date | None:
    """The count-th working day after `start`, which itself does not count; before it where count is negative."""
    start, number = day_of(start), int(count)
    if not number or abs(number) > FARTHEST:
        return None if number else start
    goal = _until(start) + number if number > 0 else _until(start - timedelta(days=1)) + number + 1
    span = abs(number) * 2 + 60
    low, high = (start, start + timedelta(days=span)) if number > 0 else (start - timedelta(days=span), start)
    while low < high:  # the first day by whose end `goal` working days have passed
        middle = low + (high - low) // 2
        low, high = (low, middle) if _until(middle) >= goal else (middle + timedelta(days=1), high)
    return within(low)
