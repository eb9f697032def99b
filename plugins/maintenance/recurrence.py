"""When something comes back: rules of RFC 5545 read without trust, days off, floating cycles; no database, no clock.

A rule names days only. It is never followed further than it must be: one without end is as cheap as any other, and
one that names no day at all is found out when it is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from typing import Literal

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrule, rrulestr

from core import _, networkdays, workday

Holiday = Literal["keep", "previous", "next"]
FAR = timedelta(days=40 * 366)  # a rule that names no day in forty years never happens
LEEWAY = 800  # days: a yearly rule looks at whole years
MOST_INTERVAL, MOST_COUNT = 1000, 10_000
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_SPANS = {"DAILY": "days", "WEEKLY": "weeks", "MONTHLY": "months", "YEARLY": "years"}
_DAYS = "(MO|TU|WE|TH|FR|SA|SU)"
_LISTS = {  # part -> what one of its values looks like, and how large its number may be
    "BYMONTH": (r"\d{1,2}", 12), "BYMONTHDAY": (r"[+-]?\d{1,2}", 31), "BYDAY": (rf"([+-]?\d{{1,2}})?{_DAYS}", 53),
    "BYSETPOS": (r"[+-]?\d{1,3}", 366), "BYYEARDAY": (r"[+-]?\d{1,3}", 366), "BYWEEKNO": (r"[+-]?\d{1,2}", 53),
}  # fmt: skip


class BadRule(ValueError):
    """A rule that cannot be read or never happens; the text says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that can be followed. `ends` is UNTIL, `count` COUNT; the rest is left to the library."""

    rest: str
    count: int | None = None
    ends: date | None = None


def read(text: str) -> Rule:
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, equals, value = part.strip().partition("=")
        if not equals or not value or name in parts:
            raise BadRule(_("重复规则读不懂：“{part}”。例如 FREQ=MONTHLY;BYMONTHDAY=15", part=part.strip()[:40]))
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise BadRule(_("重复规则要以 FREQ=DAILY、WEEKLY、MONTHLY 或 YEARLY 说明按天、周、月还是年"))
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRule(_("COUNT 和 UNTIL 只能写一个"))
    for name, value in parts.items():
        if not _fits(name, value):
            raise BadRule(_("重复规则里的“{part}”不对，请检查", part=f"{name}={value}"[:60]))
    by_month = parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts  # and a month has no sixth Monday
    if by_month and any(int(number) > 5 for number in re.findall(r"\d+", parts.get("BYDAY", ""))):
        raise BadRule(_("重复规则里的“{part}”不对，请检查", part=f"BYDAY={parts['BYDAY']}"[:60]))
    count, ends = parts.pop("COUNT", None), parts.pop("UNTIL", None)
    rest = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        rrulestr(rest, dtstart=datetime(2024, 1, 1), ignoretz=True)
    except (ValueError, TypeError, KeyError) as error:
        raise BadRule(_("重复规则读不懂：“{part}”。例如 FREQ=MONTHLY;BYMONTHDAY=15", part=rest[:60])) from error
    return Rule(rest, int(count) if count else None, _day(ends) if ends else None)


def _fits(name: str, value: str) -> bool:
    if name in _LISTS:
        shape, most = _LISTS[name]
        return all(re.fullmatch(shape, one) and _within(one, most) for one in value.split(","))
    if name in ("INTERVAL", "COUNT"):
        most = MOST_INTERVAL if name == "INTERVAL" else MOST_COUNT
        return value.isascii() and value.isdigit() and len(value) <= 6 and 1 <= int(value) <= most
    if name == "UNTIL":
        return _day(value) is not None
    return name == "FREQ" or (name == "WKST" and re.fullmatch(_DAYS, value) is not None)


def _within(one: str, most: int) -> bool:
    digits = re.sub(r"\D", "", one)
    return not digits or 1 <= int(digits) <= most


def _day(text: str | None) -> date | None:
    found = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(T\d{6}Z?)?", text or "")
    try:
        return date(*map(int, found.groups()[:3])) if found else None
    except ValueError:
        return None


class _NothingComes(Exception):
    pass


class _Watched(tuple[int, ...]):
    """The months of a rule. The library asks for them at every day it looks at, and looks on to the year 9999 while
    nothing fits: here it is stopped."""

    left: int

    def __bool__(self) -> bool:
        self.left -= 1
        if self.left < 0:
            raise _NothingComes
        return len(self) > 0


def days(rule: Rule, start: date, until: date) -> Iterator[date]:
    """The days that the rule names from `start` to `until`, both counted, in order."""
    last = min(filter(None, (until, rule.ends)))
    if last < start:
        return
    made = rrulestr(rule.rest, dtstart=datetime(start.year, start.month, start.day), ignoretz=True)
    assert isinstance(made, rrule)
    made = made.replace(until=datetime(last.year, last.month, last.day, 23, 59))
    months = _Watched(made._bymonth or ())
    months.left = (last - start).days + LEEWAY
    made._bymonth = months
    try:
        for moment in islice(made, rule.count):
            yield moment.date()
    except _NothingComes:
        return


def between(
    rule: Rule, start: date, since: date, until: date, *, excluded: Collection[date] = frozenset()
) -> list[date]:
    """Occurrences from `since` to `until` of a rule that began at `start`; excluded days (EXDATE) are gone."""
    return [one for one in days(rule, start, until) if one >= since and one not in excluded]


def following(rule: Rule, after: date, *, excluded: Collection[date] = frozenset()) -> date | None:
    """A floating cycle: the first day after `after` that the rule, begun there, names. None where there is none."""
    plain = re.fullmatch(r"FREQ=(\w+)(?:;INTERVAL=(\d+))?", rule.rest)
    if plain:  # a month after the 31st is the next month's last day
        cycle = relativedelta(**{_SPANS[plain[1]]: int(plain[2] or 1)})
        steps = (after + cycle * number for number in range(1, 1 + len(excluded) + 1))
        found = next((one for one in steps if one not in excluded), None)
        return None if found is None or (rule.ends and found > rule.ends) else found
    begun = Rule(rule.rest, None, rule.ends)
    return next((one for one in days(begun, after, _later(after)) if one > after and one not in excluded), None)


def fault(text: str, start: date, *, ends: date | None = None, excluded: Collection[date] = frozenset()) -> str:
    """What is wrong with a rule that begins at `start`; "" where nothing is."""
    try:
        rule = read(text)
    except BadRule as wrong:
        return str(wrong)
    until = min(ends or date.max, _later(start))
    if next((one for one in days(rule, start, until) if one not in excluded), None) is None:
        return _("这条重复规则从“首次日期”到“截止日期”之间一次也不会发生，请检查日期和月份")
    return ""


def _later(day: date) -> date:
    return min(day, date(2900, 1, 1)) + FAR


def shifted(day: date, policy: Holiday | str) -> date:
    """The day on which it is done: a day off is kept, or moved to the working day before or after."""
    if policy not in ("previous", "next") or networkdays(day, day):
        return day
    return workday(day, -1 if policy == "previous" else 1) or day


def yearly(month_day: str, before: int, since: date, until: date) -> list[date]:
    """`before` days ahead of each year's `month_day` ("11-15"), from `since` to `until`."""
    years = range(since.year, until.year + 2)
    found = (clamped(year, month_day) - timedelta(days=before) for year in years)
    return [*takewhile(lambda one: one <= until, (one for one in found if one >= since))]


def clamped(year: int, month_day: str) -> date:
    """The day of that name in a year; 02-30 is the last of February."""
    month, day = (int(part) for part in month_day.split("-"))
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1
