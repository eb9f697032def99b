"""What hours are worth: workdays by hours, overtime by band, ratio or law, and pay by line. No database, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from functools import lru_cache
from typing import Literal

import chinese_calendar
import holidays

DayType = Literal["workday", "rest", "holiday"]
Rounding = Literal["nearest", "down", "up"]
Overtime = Literal["band", "ratio", "statutory"]
Unit = Literal["workday", "hour", "month"]
ZERO, CENT = Decimal(0), Decimal("0.01")
_MODES = {"nearest": ROUND_HALF_UP, "down": ROUND_DOWN, "up": ROUND_UP}
_BEGUN = 2004  # the first year of the calendar that is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a crew's hours become workdays. `bands`: (minutes after the day's midnight, workdays) in order of time."""

    hours_per_workday: Decimal
    step: Decimal = Decimal("0.1")
    rounding: Rounding = "nearest"
    overtime: Overtime = "ratio"
    ratio_hours: Decimal = Decimal(6)
    bands: Sequence[tuple[int, Decimal]] = ()
    legal_hours: Decimal = Decimal(8)
    paid_days: Decimal = Decimal("21.75")
    multiples: Mapping[DayType, Decimal] = field(
        default_factory=lambda: {"workday": Decimal("1.5"), "rest": Decimal(2), "holiday": Decimal(3)}
    )
    cap: Decimal | None = None  # workdays a man may earn in a day


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What one line of a ticket says: the hours of one man, or of each of `heads` men."""

    hours: Decimal
    overtime: Decimal = ZERO
    until: int | None = None  # minutes after the day's midnight at which the work ended
    heads: int = 1
    efficiency: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Worth:
    """Workdays of the whole line (all heads, before efficiency) and what it costs."""

    normal: Decimal
    overtime: Decimal
    amount: Decimal | None  # None: no rate is known

    @property
    def workdays(self) -> Decimal:
        return self.normal + self.overtime


def rounded(value: Decimal, step: Decimal, mode: Rounding) -> Decimal:
    """`value` to whole steps: 0.88 by 0.25 is 1.00 to the nearest, 0.75 down."""
    if step <= 0:
        return value
    return (value / step).quantize(Decimal(1), rounding=_MODES[mode]) * step


@lru_cache(maxsize=1)
def _statutory(until: int) -> frozenset[date]:
    """The statutory days proper (13 a year since 2025), without days in lieu and swapped days."""
    named = holidays.country_holidays("CN", years=range(_BEGUN, until + 1), language="en_US")
    return frozenset(
        day for day, name in named.items()
        if not all("observed" in one or one.startswith("Day off") for one in name.split("; "))
    )  # fmt: skip


def day_type(day: date) -> DayType:
    """Workday (also a weekend swapped for one), day of rest, or statutory holiday: each is paid differently."""
    if day.year >= _BEGUN and day in _statutory(max(day.year, 2026)):
        return "holiday"
    try:
        return "workday" if chinese_calendar.is_workday(day) else "rest"
    except NotImplementedError:  # no notice for that year yet
        return "workday" if day.weekday() < 5 else "rest"


def band_of(rule: Rule, until: int | None) -> Decimal:
    """Workdays of the last band whose time was reached; nothing before the first."""
    reached = [worth for time, worth in rule.bands if until is not None and until >= time]
    return reached[-1] if reached else ZERO


def workdays(rule: Rule, effort: Effort, kind: DayType) -> tuple[Decimal, Decimal]:
    """(normal, overtime) workdays of one man. By law, all hours of a day off are overtime."""
    if rule.overtime == "statutory":
        multiple = rule.multiples[kind]
        normal = effort.hours if kind == "workday" else ZERO
        extra = effort.overtime if kind == "workday" else effort.hours + effort.overtime
        parts = rounded(normal / rule.hours_per_workday, rule.step, rule.rounding), extra * multiple / rule.legal_hours
    else:
        extra = (
            band_of(rule, effort.until) if rule.overtime == "band"
            else rounded(effort.overtime / rule.ratio_hours, rule.step, rule.rounding)
        )  # fmt: skip
        parts = rounded(effort.hours / rule.hours_per_workday, rule.step, rule.rounding), extra
    if rule.cap is None or sum(parts) <= rule.cap:
        return parts
    normal = min(parts[0], rule.cap)
    return normal, rule.cap - normal


def daily(rule: Rule, rate: Decimal, unit: Unit) -> Decimal:
    """What a workday costs at `rate`."""
    if unit == "hour":
        return rate * rule.hours_per_workday
    return rate / rule.paid_days if unit == "month" else rate


def worth(rule: Rule, effort: Effort, kind: DayType, *, rate: Decimal | None = None, unit: Unit = "workday") -> Worth:
    """A line's workdays and its amount, rounded half up to the cent once, at the line."""
    normal, overtime = (one * effort.heads for one in workdays(rule, effort, kind))
    if rate is None:
        return Worth(normal, overtime, None)
    amount = (normal + overtime) * daily(rule, rate, unit) * effort.efficiency
    return Worth(normal, overtime, amount.quantize(CENT, ROUND_HALF_UP))


def shared(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`total` in cents over `weights`, exactly: what rounding leaves goes to the largest remainders."""
    whole = sum(weights, ZERO)
    if not whole:
        weights, whole = [Decimal(1)] * len(weights), Decimal(len(weights))
    exact = [total * weight / whole for weight in weights]
    parts = [one.quantize(CENT, ROUND_DOWN) for one in exact]
    left = int((total - sum(parts, ZERO)) / CENT)
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[:left]:
        parts[place] += CENT
    return parts


def minutes(text: str) -> int:
    """ "22:30" as minutes after midnight; hours run past 24 for the night: 26:00 is two in the morning."""
    hour, _colon, minute = text.partition(":")
    return int(hour) * 60 + int(minute)
