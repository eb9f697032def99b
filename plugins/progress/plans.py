"""From a plan's records to its network and schedule, and what is compared with the baseline; no pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property
from typing import Any

import chinese_calendar

from core import Condition, Context, Invalid, Problem, Query, Record, _
from plugins.progress.health import Planned
from plugins.progress.network import Activity, Link, Looped, Network, build
from plugins.progress.scheduling import Options, Schedule, schedule
from plugins.progress.worktime import CalendarEmpty, Shifts, WorkCalendar, instant, moment

PLAN, TASK, BASELINE, LINE, DAILY, CALENDAR, DELAY = (
    f"progress.{name}" for name in ("plan", "task", "baseline", "baseline_line", "daily", "calendar", "delay")
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CHINA = timezone(timedelta(hours=8))  # plans are made and read in China's time
PAGE = 1000
CALLED = ("responsible",)  # the fields whose people the chart calls by name
_NATURAL = re.compile(r"(\d+)")


class Unschedulable(Invalid):
    """The plan cannot be computed, and why, with the activities that are the matter."""

    def __init__(self, message: str, activities: Iterable[str] = ()) -> None:
        super().__init__([Problem("", "plan", message)])
        self.activities = tuple(activities)


@dataclass(frozen=True)
class Loaded:
    """A plan with everything that its schedule follows from, as one member may see it."""

    plan: Record
    tasks: tuple[Record, ...]  # in the order of the plan: children behind their parent
    depth: Mapping[str, int]
    calendars: Mapping[str, WorkCalendar]
    calendar_names: Mapping[str, str]
    baseline: Mapping[str, Planned]
    baseline_name: str
    labels: Mapping[str, str]

    @cached_property
    def activities(self) -> list[Activity]:
        return [self._activity(task) for task in self.tasks]

    @cached_property
    def links(self) -> list[Link]:
        found = []
        for task in self.tasks:
            for row in task.data.get("predecessors", ()):
                if "task" in row:
                    found.append(self._link(task, row))
        return found

    @cached_property
    def network(self) -> Network:
        try:
            return build(self.activities, self.links)
        except Looped as looped:
            names = {task.id: f"{task.data.get('code', '')} {task.data.get('name', '')}" for task in self.tasks}
            chain = " → ".join(names.get(id, id) for id in (*looped.loop, looped.loop[0]))
            message = _("工作互相等待，排不出日期：{chain}。请删掉其中一个紧前关系。", chain=chain)
            raise Unschedulable(message, looped.loop) from None

    @cached_property
    def schedule(self) -> Schedule:
        data = self.plan.data
        minutes = self.calendar_of(None).minutes_per_day
        options = Options(
            start=_instant(data["start"]),
            data_date=_instant(data["data_date"]) if "data_date" in data else None,
            must_finish=_instant(data["must_finish"]) if "must_finish" in data else None,
            mode=data.get("mode", "retained"),
            critical_float=round(Decimal(data.get("critical_days", 0)) * minutes),
        )
        try:
            return schedule(self.network, options)
        except CalendarEmpty:
            raise Unschedulable(_("日历里没有上班时间，排不出日期。请检查计划和工作所用的日历。")) from None
        except ValueError as error:
            raise Unschedulable(_("有日期早于计划所能计算的范围：{detail}", detail=error)) from None

    def calendar_of(self, task: Record | None) -> WorkCalendar:
        chosen = task.data.get("calendar") if task else None
        found = self.calendars.get(chosen or "") or self.calendars.get(self.plan.data.get("calendar", ""))
        if found is None:
            raise Unschedulable(_("计划的日历已删除或您无权查看，请在计划里另选一个。"))
        return found

    def _activity(self, task: Record) -> Activity:
        data, calendar = task.data, self.calendar_of(task)
        return Activity(
            id=task.id,
            name=data.get("name", ""),
            kind=data.get("kind", "task"),
            duration=round(Decimal(data.get("duration", 0)) * calendar.minutes_per_day),
            calendar=calendar,
            parent=data.get("parent"),
            constraint=data.get("constraint", "ASAP"),
            constraint_at=_maybe(data.get("constraint_at")),
            deadline=_maybe(data.get("deadline")),
            actual_start=_maybe(data.get("actual_start")),
            actual_finish=_maybe(data.get("actual_finish")),
            remaining=None
            if data.get("remaining") is None
            else round(Decimal(data["remaining"]) * calendar.minutes_per_day),
            percent=float(data.get("percent", 0)),
        )

    @cached_property
    def by_id(self) -> dict[str, Record]:
        return {task.id: task for task in self.tasks}

    def _link(self, task: Record, row: Mapping[str, Any]) -> Link:
        how = row.get("lag_calendar", "predecessor")
        days = Decimal(row.get("lag", 0))
        counted = task if how == "successor" else self.by_id.get(row["task"])
        per_day = 1440 if how == "elapsed" else self.calendar_of(counted).minutes_per_day
        return Link(row["task"], task.id, row.get("type", "FS"), round(days * per_day), how)


async def load(ctx: Context, id: str) -> Loaded:
    """The plan `id` with its tasks, calendars and current baseline. NotFound where it may not be seen."""
    plan = await ctx.records.get(PLAN, id)
    labels: dict[str, str] = {}
    found = [task async for task in every(ctx, TASK, Condition("plan", "eq", id), labels=labels)]
    tasks, depth = _in_order(found)
    line_of, name = await _baseline(ctx, id)
    calendars = [one async for one in every(ctx, CALENDAR)]
    first = date(_first_year(plan, tasks), 1, 1)
    return Loaded(
        plan=plan,
        tasks=tasks,
        depth=depth,
        calendars={one.id: calendar_from(one.data, first) for one in calendars},
        calendar_names={one.id: one.data.get("name", "") for one in calendars},
        baseline=line_of,
        baseline_name=name,
        labels=labels,
    )


async def every(
    ctx: Context, form: str, *where: Condition, labels: dict[str, str] | None = None
) -> AsyncIterator[Record]:
    """All records of a form that the member may read, none where he may read none; `labels` takes names of CALLED."""
    query = Query(where=where, limit=PAGE)
    while ctx.can(form, "read"):
        page = await ctx.records.list(form, query, labelled=CALLED if labels is not None else ())
        if labels is not None:
            labels.update(page.labels)
        for record in page.records:
            yield record
        if page.next is None:
            return
        query = replace(query, after=page.next)


async def _baseline(ctx: Context, plan: str) -> tuple[dict[str, Planned], str]:
    """The dates of the current baseline, else of the one with the highest number; empty without one."""
    known = [one async for one in every(ctx, BASELINE, Condition("plan", "eq", plan))]
    if not known:
        return {}, ""
    chosen = max(known, key=lambda one: (bool(one.data.get("current")), one.data.get("number", 0)))
    lines = every(ctx, LINE, Condition("baseline", "eq", chosen.id))
    found = {
        line.data["task"]: Planned(_instant(line.data["start"]), _instant(line.data["finish"]))
        async for line in lines
        if {"task", "start", "finish"} <= line.data.keys()
    }
    return found, chosen.data.get("name", "")


def _in_order(found: list[Record]) -> tuple[tuple[Record, ...], dict[str, int]]:
    known = {task.id for task in found}
    children: dict[str | None, list[Record]] = {}
    for task in sorted(found, key=lambda one: (one.data.get("position", 0), _natural(one.data.get("code", "")))):
        parent = task.data.get("parent")
        children.setdefault(parent if parent in known and parent != task.id else None, []).append(task)
    ordered: list[Record] = []
    depth: dict[str, int] = {}
    waiting = [(task, 0) for task in reversed(children.get(None, []))]
    while waiting:
        task, level = waiting.pop()
        ordered.append(task)
        depth[task.id] = level
        waiting += [(child, level + 1) for child in reversed(children.pop(task.id, []))]
    for task in found:  # parents that go round in a circle: shown all the same
        if task.id not in depth:
            depth[task.id] = 0
            ordered.append(task)
    return tuple(ordered), depth


def _natural(code: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in _NATURAL.split(code) if part]


def _first_year(plan: Record, tasks: Iterable[Record]) -> int:
    names = ("actual_start", "actual_finish", "constraint_at", "deadline")
    years = [_year(plan.data["start"]), *(_year(t.data[n]) for t in tasks for n in names if n in t.data)]
    return max(min(years) - 1, 1)


def _year(text: str) -> int:
    return int(text[:4])


def calendar_from(data: Mapping[str, Any], first: date) -> WorkCalendar:
    """The working calendar that a record of the form 工作日历 describes, counted from `first`."""
    week = tuple(shifts_from(data.get(day, "")) for day in DAYS)
    exceptions = _national(first, week) if data.get("national") else {}
    for row in data.get("exceptions", ()):
        start = date.fromisoformat(row["day"])
        until = date.fromisoformat(row.get("until", row["day"]))
        for offset in range(min(max((until - start).days, 0), 4000) + 1):
            exceptions[start + timedelta(days=offset)] = shifts_from(row.get("shifts", ""))
    return WorkCalendar(week, exceptions, first=first, hours_per_day=float(data.get("hours_per_day", 0)))


def _national(first: date, week: tuple[Shifts, ...]) -> dict[date, Shifts]:
    """Public holidays, and the weekends that are worked in exchange, with Monday's shifts."""
    free = {day: () for day in chinese_calendar.holidays if day >= first and day.weekday() < 5}
    worked = {day: week[0] for day in chinese_calendar.workdays if day >= first and day.weekday() >= 5}
    return {**free, **worked}


def shifts_from(text: str) -> Shifts:
    """ "08:00-12:00 13:00-17:00" as minutes of the day; what is no order of time is left out."""
    found: list[tuple[int, int]] = []
    for part in text.split():
        start, _dash, finish = part.partition("-")
        span = (_clock(start), _clock(finish))
        if span[0] < span[1] and (not found or found[-1][1] <= span[0]):
            found.append(span)
    return tuple(found)


def _clock(text: str) -> int:
    hours, _colon, minutes = text.partition(":")
    return min(int(hours) * 60 + int(minutes), 1440)


def _instant(text: str) -> int:
    return instant(local(text))


def _maybe(text: str | None) -> int | None:
    return None if text is None else _instant(text)


def local(text: str) -> datetime:
    """A stored moment (UTC) on China's clocks."""
    return datetime.fromisoformat(text).astimezone(CHINA).replace(tzinfo=None, second=0)


def stored(at: datetime | int) -> str:
    """A moment on China's clocks as it is stored."""
    found = moment(at) if isinstance(at, int) else at
    return found.replace(tzinfo=CHINA).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
