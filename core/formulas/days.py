"""China's working days, by the notices of the State Council."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta
from decimal import Decimal

from chinese_calendar import constants

from core.dates import day_of, within

FARTHEST = 20_000  # working days that WORKDAY goes
_ALL = sorted({*constants.holidays, *constants.workdays})
YEARS = (_ALL[0].year, _ALL[-1].year)  # for which the State Council's notices are known; beyond, weekends only
_OFF = [day for day in sorted(constants.holidays) if day.weekday() < 5]
_ON = [day for day in sorted(constants.workdays) if day.weekday() >= 5]


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
