"""What a plan says at a glance: progress, forecast against baseline, earned schedule, what is late; no pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from core import Record
from plugins.progress.earned import Earned, earned_schedule
from plugins.progress.plans import CHINA, Loaded
from plugins.progress.worktime import DAY, instant

Level = Literal["yellow", "orange", "red"]
POINTS = 60  # of an S-curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An activity that is behind. `days`: working days of its calendar; `driver`: what holds it."""

    task: Record
    kind: Literal["start", "finish", "forecast", "float", "deadline"]
    days: Decimal
    critical: bool
    driver: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    percent: Decimal | None  # done, by weight
    planned_percent: Decimal | None  # by the baseline at the data date
    finish: int
    baseline_finish: int | None
    late_days: Decimal | None  # forecast after the baseline, in the plan's working days; negative: before
    total: int
    done: int
    critical: int
    negative: int
    earned: Earned | None
    late: tuple[Late, ...]


def now_of(loaded: Loaded) -> int:
    """The data date; where none is set, this minute."""
    at = loaded.schedule.options.data_date
    return instant(datetime.now(CHINA).replace(tzinfo=None)) if at is None else at


def weights(loaded: Loaded) -> dict[str, Decimal]:
    """Budget where any activity has one, else working minutes: what each activity counts in overall progress."""
    leaves = [task for task in loaded.tasks if task.id in loaded.network.place]
    budgets = {task.id: Decimal(task.data.get("budget", 0)) for task in leaves}
    if any(budgets.values()):
        return budgets
    spans = {activity.id: Decimal(activity.span) for activity in loaded.activities}
    return {task.id: spans[task.id] for task in leaves}


def _percent(task: Record) -> Decimal:
    return Decimal(100) if "actual_finish" in task.data else Decimal(task.data.get("percent", 0))


def figures(loaded: Loaded) -> Figures:
    plan, network = loaded.schedule, loaded.network
    weight = weights(loaded)
    leaves = [task for task in loaded.tasks if task.id in network.place]
    whole = sum(weight.values(), Decimal(0))
    done = sum((weight[task.id] * _percent(task) for task in leaves), Decimal(0))
    ends = [line.finish for id, line in loaded.baseline.items() if id in weight]
    finish = max(ends, default=None)
    calendar = loaded.calendar_of(None)
    late = None
    if finish is not None:
        late = Decimal(calendar.worked(plan.finish) - calendar.worked(finish)) / calendar.minutes_per_day
    dates = [plan.dates[task.id] for task in leaves]
    return Figures(
        percent=done / whole if whole else None,
        planned_percent=_planned(loaded, now_of(loaded), weight),
        finish=plan.finish,
        baseline_finish=finish,
        late_days=late,
        total=len(leaves),
        done=sum("actual_finish" in task.data for task in leaves),
        critical=sum(one.critical for one in dates),
        negative=sum((one.total_float or 0) < 0 for one in dates),
        earned=earned(loaded, weight),
        late=tuple(lates(loaded)),
    )


def _planned(loaded: Loaded, at: int, weight: Mapping[str, Decimal]) -> Decimal | None:
    value = planned_value(loaded, at, weight)
    whole = sum((weight[id] for id in loaded.baseline if id in weight), Decimal(0))
    return None if value is None or not whole else value * 100 / whole


def planned_value(loaded: Loaded, at: int, weight: Mapping[str, Decimal]) -> Decimal | None:
    """What the baseline had done by `at`: each activity evenly over its working time. None without a baseline."""
    if not loaded.baseline:
        return None
    total = Decimal(0)
    calendars = {activity.id: activity.calendar for activity in loaded.activities}
    for id, line in loaded.baseline.items():
        if id not in weight or line.start >= at:
            continue
        calendar = calendars[id]
        span = calendar.worked(line.finish) - calendar.worked(line.start)
        gone = calendar.worked(min(at, line.finish)) - calendar.worked(line.start)
        total += weight[id] if line.finish <= at or not span else weight[id] * gone / span
    return total


def earned(loaded: Loaded, weight: Mapping[str, Decimal]) -> Earned | None:
    """Earned value and schedule at the data date, time in working days of the plan's calendar."""
    if not loaded.baseline:
        return None
    calendar, now = loaded.calendar_of(None), now_of(loaded)
    begin = min(line.start for line in loaded.baseline.values())
    end = max(line.finish for line in loaded.baseline.values())
    per_day = calendar.minutes_per_day
    origin = calendar.worked(begin)
    length = calendar.worked(end) - origin
    if length <= 0:
        return None
    steps = min(length // per_day + 1, 2000)  # a value a working day; long plans a little coarser
    at = [calendar.finishing(origin + round(Fraction(length * n, steps))) for n in range(1, steps + 1)]
    curve = [Decimal(0), *(planned_value(loaded, one, weight) or Decimal(0) for one in at)]
    tasks = loaded.by_id
    ev = sum((weight[id] * _percent(tasks[id]) / 100 for id in weight if id in loaded.baseline), Decimal(0))
    step = Fraction(length, steps * per_day)
    es = earned_schedule(curve, ev)
    return Earned(
        bac=curve[-1],
        pv=planned_value(loaded, now, weight) or Decimal(0),
        ev=ev,
        ac=None,
        at=Fraction(calendar.worked(now) - origin, per_day),
        es=None if es is None else es * step,
        pd=Fraction(length, per_day),
    )


def lates(loaded: Loaded) -> list[Late]:
    """What is behind, worst first: starts and finishes overdue, forecasts after the baseline, negative float."""
    now, found = now_of(loaded), []
    tasks = loaded.by_id
    calendars = {activity.id: activity.calendar for activity in loaded.activities}
    for id in loaded.network.place:
        task, dates, calendar = tasks.get(id), loaded.schedule.dates.get(id), calendars.get(id)
        if task is None or dates is None or calendar is None or "actual_finish" in task.data:
            continue
        driver = tasks.get(dates.drivers[0]) if dates.drivers else None

        def days(earlier: int, later: int, of=calendar) -> Decimal:
            return Decimal(of.worked(later) - of.worked(earlier)) / of.minutes_per_day

        line = loaded.baseline.get(id)
        kind, by = None, Decimal(0)
        if line and line.finish < now:
            kind, by = "finish", days(line.finish, now)
        elif line and line.start < now and "actual_start" not in task.data:
            kind, by = "start", days(line.start, now)
        elif line and days(line.finish, dates.finish) > 0:
            kind, by = "forecast", days(line.finish, dates.finish)
        elif (dates.total_float or 0) < 0:
            kind, by = "float", -Decimal(dates.total_float or 0) / calendar.minutes_per_day
        if kind and by > 0:
            found.append(Late(task=task, kind=kind, days=by, critical=dates.critical, driver=driver))  # type: ignore[arg-type]
    return sorted(found, key=lambda one: (not one.critical, -one.days))


def curve(loaded: Loaded) -> tuple[list[str], list[Decimal], list[Decimal | None]]:
    """Dates, planned and done per cent for the S-curve; done is known up to the data date only."""
    weight = weights(loaded)
    whole = sum(weight.values(), Decimal(0))
    if not loaded.baseline or not whole:
        return [], [], []
    begin = min(line.start for line in loaded.baseline.values())
    end = max(loaded.schedule.finish, *(line.finish for line in loaded.baseline.values()))
    step = max((end - begin) // POINTS // DAY, 1) * DAY
    now = now_of(loaded)
    at = [*range(begin // DAY * DAY + DAY, end + step, step)]
    planned = [(planned_value(loaded, one, weight) or Decimal(0)) * 100 / whole for one in at]
    done = [_done_by(loaded, one, weight) * 100 / whole if one <= now + step else None for one in at]
    return [(datetime.min + timedelta(days=one // DAY - 1)).date().isoformat() for one in at], planned, done


def _done_by(loaded: Loaded, at: int, weight: Mapping[str, Decimal]) -> Decimal:
    """What was done by `at`: what is reported, spread evenly from the actual start to its finish or the data date."""
    now, total = now_of(loaded), Decimal(0)
    for activity, task in zip(loaded.activities, loaded.tasks, strict=True):
        if activity.actual_start is None or activity.actual_start >= at or activity.id not in weight:
            continue
        until = activity.actual_finish if activity.actual_finish is not None else now
        calendar = activity.calendar
        span = calendar.worked(until) - calendar.worked(activity.actual_start)
        gone = calendar.worked(min(at, until)) - calendar.worked(activity.actual_start)
        share = Decimal(gone) / span if span > 0 else Decimal(1)
        total += weight[activity.id] * _percent(task) / 100 * share
    return total
