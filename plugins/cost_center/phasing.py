"""How much of a budget line should have been spent by an instant: accrual, curves, working time; no records.

A line accrues whole at its start, whole at its end, or in proportion to the working time between; in proportion along a
curve. All exact: curves are polynomials, and a status is an instant, not a day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction

_MONTH = re.compile(r"^(\d{4})-(\d{1,2})$")
HUNDRED = 100


class Unphased(ValueError):
    """Shares by month that cannot be read or are not the whole. The message names the part."""


@dataclass(frozen=True, slots=True)
class WorkWeek:
    """The first `days` days of the week count, each from hour `begin` to hour `end`."""

    days: int = 7
    begin: int = 0
    end: int = 24

    def worked(self, since: datetime, until: datetime) -> int:
        """Working seconds between two instants; 0 where `until` is not later."""
        if until <= since:
            return 0
        return self._since(until) - self._since(since)

    def _since(self, at: datetime) -> int:
        weeks, day = divmod(at.toordinal() - 1, 7)  # 0001-01-01 was a Monday
        whole = weeks * self.days + min(day, self.days)
        length = (self.end - self.begin) * 3600
        if day >= self.days:
            return whole * length
        gone = at.hour * 3600 + at.minute * 60 + at.second - self.begin * 3600
        return whole * length + min(max(gone, 0), length)


ALWAYS = WorkWeek()


@dataclass(frozen=True, slots=True)
class Planned:
    """A budget line in time, from the beginning of `start` to the end of `finish`; None: the whole project's days."""

    amount: Decimal
    start: date | None = None
    finish: date | None = None
    accrual: str = "prorated"  # start, prorated, end
    curve: str = "linear"  # linear, front, back, bell, manual
    shares: tuple[tuple[date, Fraction], ...] = ()  # (first day of a month, share), for manual


def planned_by(
    line: Planned, at: datetime, *, span: tuple[date, date] | None = None, week: WorkWeek = ALWAYS
) -> Fraction:
    """The planned value of the line at the instant `at`; 0 before it begins, all of it after its end."""
    first, last = line.start or (span and span[0]), line.finish or (span and span[1])
    if first is None or last is None:
        return Fraction(0)
    amount, begin = Fraction(line.amount), datetime.combine(first, time())
    end = datetime.combine(max(last, first), time()) + timedelta(days=1)
    if line.accrual == "start":
        return amount if at >= begin else Fraction(0)
    if line.accrual == "end":
        return amount if at >= end else Fraction(0)
    if line.curve == "manual" and line.shares:
        return amount * sum((share * _through_month(month, at, week) for month, share in line.shares), Fraction(0))
    if at >= end:
        return amount
    whole = week.worked(begin, end)
    return amount * _along(line.curve, Fraction(week.worked(begin, at), whole)) if whole else Fraction(0)


def _through_month(month: date, at: datetime, week: WorkWeek) -> Fraction:
    begin = datetime.combine(month, time())
    end = datetime.combine((month + timedelta(days=31)).replace(day=1), time())
    if at >= end:
        return Fraction(1)
    whole = week.worked(begin, end)
    return Fraction(week.worked(begin, at), whole) if whole else Fraction(0)


def _along(curve: str, x: Fraction) -> Fraction:
    """The share that is due when the share `x` of the time is over; every curve goes from 0 to 1 and never falls."""
    if curve == "front":
        return 2 * x - x * x
    if curve == "back":
        return x * x
    if curve == "bell":
        return 3 * x * x - 2 * x * x * x
    return x


def read_shares(text: str) -> tuple[tuple[date, Fraction], ...]:
    """`2026-03:20, 2026-04:80` as (month, share): per cent that must sum to 100."""
    found: dict[date, Fraction] = {}
    for part in filter(None, (one.strip() for one in re.split(r"[,，;；\n]", text))):
        month, _colon, share = part.replace("：", ":").partition(":")
        match = _MONTH.match(month.strip())
        try:
            value = Decimal(share.strip().rstrip("%"))
            if match is None or not value.is_finite() or value < 0:
                raise Unphased(part)
            first = date(int(match[1]), int(match[2]), 1)
        except (InvalidOperation, ValueError) as error:
            raise Unphased(part) from error
        found[first] = found.get(first, Fraction(0)) + Fraction(value) / HUNDRED
    if sum(found.values()) != 1:
        raise Unphased(text)
    return tuple(sorted(found.items()))


def span_of(lines: Sequence[Planned]) -> tuple[date, date] | None:
    """The first and last day that any line names."""
    months = [month for line in lines for month, _share in line.shares]
    starts = [line.start for line in lines if line.start] + months
    ends = [line.finish for line in lines if line.finish] + [_month_end(month) for month in months]
    return (min(starts), max(ends)) if starts and ends else None


def _month_end(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
