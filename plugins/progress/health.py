"""Schedule health: the fourteen checks of DCMA and what they need; a check without data is skipped, not passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from plugins.progress.network import MILESTONES, Activity, Network
from plugins.progress.scheduling import Schedule

LONG_DAYS = 44  # working days: high float and high duration
Outcome = Literal["passed", "failed", "skipped"]
HARD = ("MSO", "MFO", "SNLT", "FNLT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Shares in per cent, indices as ratios; a plan may set its own."""

    logic: Fraction = Fraction(5)
    leads: Fraction = Fraction(0)
    lags: Fraction = Fraction(5)
    finish_to_start: Fraction = Fraction(90)
    hard: Fraction = Fraction(5)
    high_float: Fraction = Fraction(5)
    negative_float: Fraction = Fraction(0)
    high_duration: Fraction = Fraction(5)
    invalid_dates: Fraction = Fraction(0)
    missed: Fraction = Fraction(5)
    cpli: Fraction = Fraction(95, 100)
    bei: Fraction = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class Check:
    code: str
    outcome: Outcome
    value: Fraction | None
    limit: Fraction | None
    activities: tuple[str, ...] = ()  # those that are the matter


@dataclass(frozen=True, slots=True)
class Planned:
    """What the baseline says of an activity."""

    start: int
    finish: int


def check(
    network: Network, schedule: Schedule, baseline: Mapping[str, Planned], limits: Limits | None = None
) -> list[Check]:
    """Every check, in DCMA's order. Completed activities and summaries do not count but for BEI and missed tasks."""
    limits = limits or Limits()
    plan = [a for p, a in enumerate(network.activities) if not network.helper(p) and a.kind != "loe"]
    todo = [a for a in plan if a.actual_finish is None]
    links = [link for p, _a in enumerate(network.activities) for _before, link in network.incoming[p]]
    links = [link for link in links if link.before[-1:] not in "<>" and link.after[-1:] not in "<>"]
    return [
        *_logic(network, todo, links, limits),
        _share("hard", todo, [a for a in todo if a.constraint in HARD], limits.hard),
        *_floats(todo, schedule, limits),
        _invalid(plan, schedule, limits),
        Check("resources", "skipped", None, None),
        *_execution(plan, schedule, baseline, limits),
    ]


def _logic(network: Network, todo: list[Activity], links: list, limits: Limits) -> list[Check]:
    ends = {a.id for a in todo if not network.incoming[network.place[a.id]]}
    tails = {a.id for a in todo if not network.outgoing[network.place[a.id]]}
    # a plan has one first and one last activity: these may stand open
    open_ends = sorted((ends | tails) - _one(ends) - _one(tails))
    of = {a.id for a in todo}
    leads = [link for link in links if link.lag < 0]
    lags = [link for link in links if link.lag > 0]
    others = [link for link in links if link.type != "FS"]
    total = len(links)
    straight = Fraction(100 * (total - len(others)), total) if total else None
    return [
        _share("logic", todo, [a for a in todo if a.id in open_ends], limits.logic),
        _links("leads", leads, total, limits.leads, of),
        _links("lags", lags, total, limits.lags, of),
        Check(
            "finish_to_start",
            "skipped" if straight is None else "passed" if straight >= limits.finish_to_start else "failed",
            straight,
            limits.finish_to_start,
            tuple(sorted({link.after for link in others})),
        ),
    ]


def _one(ids: set[str]) -> set[str]:
    return ids if len(ids) == 1 else set()


def _links(code: str, wrong: list, total: int, limit: Fraction, of: set[str]) -> Check:
    if not total:
        return Check(code, "skipped", None, limit)
    share = Fraction(100 * len(wrong), total)
    return Check(code, "passed" if share <= limit else "failed", share, limit, tuple(sorted({w.after for w in wrong})))


def _share(code: str, all_of: list[Activity], wrong: list[Activity], limit: Fraction) -> Check:
    if not all_of:
        return Check(code, "skipped", None, limit)
    share = Fraction(100 * len(wrong), len(all_of))
    return Check(code, "passed" if share <= limit else "failed", share, limit, tuple(a.id for a in wrong))


def _floats(todo: list[Activity], schedule: Schedule, limits: Limits) -> list[Check]:
    def days(activity: Activity) -> Fraction:
        total = schedule.dates[activity.id].total_float or 0
        return Fraction(total, activity.calendar.minutes_per_day)

    long = [a for a in todo if Fraction(a.span, a.calendar.minutes_per_day) > LONG_DAYS]
    return [
        _share("high_float", todo, [a for a in todo if days(a) > LONG_DAYS], limits.high_float),
        _share("negative_float", todo, [a for a in todo if days(a) < 0], limits.negative_float),
        _share("high_duration", todo, long, limits.high_duration),
    ]


def _invalid(plan: list[Activity], schedule: Schedule, limits: Limits) -> Check:
    now = schedule.options.data_date
    if now is None:
        return Check("invalid_dates", "skipped", None, limits.invalid_dates)
    actual = [a for a in plan if max(a.actual_start or 0, a.actual_finish or 0) > now]
    return _share("invalid_dates", plan, actual, limits.invalid_dates)


def _execution(
    plan: list[Activity], schedule: Schedule, baseline: Mapping[str, Planned], limits: Limits
) -> list[Check]:
    now = schedule.options.data_date
    if now is None or not baseline:
        return [
            *(Check(code, "skipped", None, None) for code in ("missed", "critical_path", "cpli", "bei")),
        ]
    due = [a for a in plan if a.id in baseline and baseline[a.id].finish <= now]
    late = [a for a in due if a.actual_finish is None or a.actual_finish > baseline[a.id].finish]
    done = [a for a in plan if a.actual_finish is not None and a.actual_finish <= now]
    bei = Fraction(len(done), len(due)) if due else None
    path = [a for a in plan if schedule.dates[a.id].longest and a.kind not in MILESTONES]
    return [
        _share("missed", due, late, limits.missed) if due else Check("missed", "skipped", None, limits.missed),
        Check("critical_path", "passed" if path else "failed", None, None, tuple(a.id for a in path)),
        _cpli(plan, schedule, baseline, limits),
        Check(
            "bei", "skipped" if bei is None else "passed" if bei >= limits.bei else "failed", bei, limits.bei
        ),
    ]  # fmt: skip


def _cpli(plan: list[Activity], schedule: Schedule, baseline: Mapping[str, Planned], limits: Limits) -> Check:
    """(critical path length + float to the baseline's finish) / critical path length, in working time."""
    planned = [baseline[a.id].finish for a in plan if a.id in baseline]
    last = max(plan, key=lambda a: schedule.dates[a.id].finish, default=None)
    if not planned or last is None:
        return Check("cpli", "skipped", None, limits.cpli)
    cal, now = last.calendar, schedule.options.now
    length = cal.worked(schedule.finish) - cal.worked(now)
    if length <= 0:
        return Check("cpli", "skipped", None, limits.cpli)
    spare = cal.worked(max(planned)) - cal.worked(schedule.finish)
    index = Fraction(length + spare, length)
    return Check("cpli", "passed" if index >= limits.cpli else "failed", index, limits.cpli)
