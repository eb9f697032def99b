"""Indicators of maintenance (EN 15341 and ISO 14224 in words of the trade), from sums; no database, no clock.

A share without anything to share is None, never zero and never infinity: no failures mean a time between failures of at
least the time that was looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What was counted in a period."""

    hours: Decimal  # the period's length
    assets: int = 0
    failures: int = 0  # repairs asked for
    down: Decimal = ZERO  # hours that assets could not be used
    repairs: int = 0  # repairs finished
    repair_hours: Decimal = ZERO
    met: int = 0  # repairs finished in time
    judged: int = 0  # repairs that had a time to keep
    answered: int = 0  # answered in time
    asked: int = 0
    reopened: int = 0  # finished repairs that had been sent back
    planned_due: int = 0  # planned work that was due
    planned_done: int = 0  # of it done within its window
    planned_hours: Decimal = ZERO
    labour_hours: Decimal = ZERO
    cost: Decimal = ZERO
    replacement: Decimal = ZERO
    backlog: Decimal = ZERO  # hours of work that is open
    weekly: Decimal = ZERO  # hours available a week
    owed: Decimal = ZERO
    collected: Decimal = ZERO
    reports: int = 0  # reports that were answered or should have been
    reports_met: int = 0  # of them in time
    asked_back: int = 0  # reporters who said whether it was resolved
    resolved: int = 0
    rated: int = 0
    satisfied: int = 0  # rated four or five


def share(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """Per cent."""
    return Decimal(part) * 100 / Decimal(whole) if whole else None


def ratio(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    return Decimal(part) / Decimal(whole) if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicators:
    compliance: Decimal | None
    mtbf: Decimal | None
    mtbf_at_least: bool  # nothing failed: it is that or more
    mttr: Decimal | None
    availability: Decimal | None
    planned: Decimal | None
    backlog_weeks: Decimal | None
    cost_per_asset: Decimal | None
    cost_share: Decimal | None
    first_time: Decimal | None
    on_time: Decimal | None
    response: Decimal | None
    collected: Decimal | None
    answered: Decimal | None
    resolution: Decimal | None
    satisfaction: Decimal | None


def indicators(sums: Sums) -> Indicators:
    whole = sums.hours * sums.assets
    up = max(whole - sums.down, ZERO)
    return Indicators(
        compliance=share(sums.planned_done, sums.planned_due),
        mtbf=(up / sums.failures if sums.failures else up) if sums.assets else None,
        mtbf_at_least=not sums.failures,
        mttr=ratio(sums.repair_hours, sums.repairs),
        availability=share(up, whole),
        planned=share(sums.planned_hours, sums.labour_hours),
        backlog_weeks=ratio(sums.backlog, sums.weekly),
        cost_per_asset=ratio(sums.cost, sums.assets),
        cost_share=share(sums.cost, sums.replacement),
        first_time=share(sums.repairs - sums.reopened, sums.repairs),
        on_time=share(sums.met, sums.judged),
        response=share(sums.answered, sums.asked),
        collected=share(sums.collected, sums.owed),
        answered=share(sums.reports_met, sums.reports),
        resolution=share(sums.resolved, sums.asked_back),
        satisfaction=share(sums.satisfied, sums.rated),
    )


def book_value(cost: Decimal, life: int, years: Decimal) -> Decimal:
    """What is left of an asset after so many years on a straight line; never below nothing."""
    return max(cost - cost * min(max(years, ZERO), Decimal(life)) / life, ZERO)


def life_cycle_cost(costs: Sequence[Decimal], rate: Decimal) -> Decimal:
    """The present value of costs by year, the first of them now; `rate` in per cent."""
    factor = 1 + rate / 100
    return sum((cost / factor**year for year, cost in enumerate(costs)), ZERO)
