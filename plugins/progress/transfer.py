"""Plans in and out of files: what a file says becomes records, all or nothing, and the other way round; no parsing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from core import Condition, Context, Invalid, Problem, Query, _
from plugins.progress import mspdi, xer
from plugins.progress.interchange import (
    MOST_TASKS,
    CalendarSpec,
    LinkSpec,
    Notice,
    PlanFile,
    TaskSpec,
    Unreadable,
)
from plugins.progress.network import Activity, Link, Looped, build
from plugins.progress.plans import CALENDAR, DAYS, PLAN, TASK, Loaded, local, stored
from plugins.progress.rules import checked_whole
from plugins.progress.worktime import Shifts, moment

Kind = Literal["mspdi", "xer"]
Mode = Literal["create", "upsert"]
PIECE = 250  # rows between two words of how far it is
Told = Callable[[int], Awaitable[None]]
MICRO = Decimal("0.000001")
SUFFIX = {"mspdi": "xml", "xer": "xer"}
MIME = {"mspdi": "application/xml", "xer": "application/octet-stream"}


def parse(content: bytes, name: str) -> PlanFile:
    """What the file says. Invalid, in words, where it is no plan or its network has a loop."""
    try:
        plan = xer.read(content) if name.lower().endswith(".xer") else mspdi.read(content)
    except Unreadable as error:
        message = _("读不懂这个文件（{detail}）。请用 MS Project 另存为 XML，或从 Primavera 导出 XER。", detail=error)
        raise Invalid([Problem("file", "unreadable", message)]) from None
    if not plan.tasks:
        raise Invalid([Problem("file", "empty", _("文件里没有任何工作。"))])
    names = {task.id: f"{task.wbs} {task.name}".strip() for task in plan.tasks}
    calendar = CalendarSpec(name="").made(date(2000, 1, 1))
    activities = [Activity(id=task.id, kind=task.kind, calendar=calendar, parent=task.parent) for task in plan.tasks]
    try:
        build(activities, [Link(link.before, link.after, link.type) for link in plan.links])
    except Looped as looped:
        chain = " → ".join(names.get(id, id) for id in (*looped.loop, looped.loop[0]))
        message = _("文件里的工作互相等待：{chain}。请在原软件里改好再导入。", chain=chain)
        raise Invalid([Problem("file", "loop", message)]) from None
    return plan


async def bring(ctx: Context, plan: PlanFile, *, code: str, name: str, told: Told | None = None) -> str:
    """A new plan from the file, with its calendars; the id of its record. Nothing is left where a row is wrong.

    `told` is awaited with how many activities are in, now and then; what it raises undoes everything.
    """
    async with ctx.together():
        calendars = {key: await _calendar(ctx, spec) for key, spec in plan.calendars.items()}
        own = calendars.get(plan.calendar or "") or next(iter(calendars.values()), None)
        own = own or await _calendar(ctx, CalendarSpec(name=_("标准日历")))
        begins = [task.start for task in plan.tasks if task.start] or [datetime.combine(date.today(), time(8))]
        record = await ctx.records.create(
            PLAN,
            {"code": code, "name": name or plan.name, "status": "drafting", "calendar": own,
             "start": stored(plan.start or min(begins)),
             **({"data_date": stored(plan.data_date)} if plan.data_date else {})},
            source="import",
        )  # fmt: skip
        with checked_whole():
            pour = _Pour(ctx, told)
            ids = await _tasks(pour, plan, record.id, calendars)
            await _links(pour, plan, record.id, ids)
    return record.id


async def _calendar(ctx: Context, spec: CalendarSpec) -> str:
    """The calendar of that name, made where there is none; one of another content gets a name of its own."""
    data = _calendar_data(spec)
    for n in range(1, 100):
        name = spec.name[:56] if n == 1 else f"{spec.name[:56]} {n}"
        page = await ctx.records.list(CALENDAR, Query(where=(Condition("name", "eq", name),), limit=1))
        if not page.records:
            return (await ctx.records.create(CALENDAR, {**data, "name": name}, source="import")).id
        same = {key: value for key, value in page.records[0].data.items() if key not in ("name", "national")}
        if same == data and not page.records[0].data.get("national"):
            return page.records[0].id
    raise Invalid([Problem("file", "calendars", _("同名的日历太多，请先整理工作日历。"))])


def _calendar_data(spec: CalendarSpec) -> dict[str, Any]:
    week = {day: _shown(shifts) for day, shifts in zip(DAYS, spec.week, strict=True) if shifts}
    rows = _spans(spec.exceptions)
    return {"hours_per_day": Decimal(spec.hours_per_day).quantize(Decimal("0.01")), **week,
            **({"exceptions": rows} if rows else {})}  # fmt: skip


def _spans(exceptions: Mapping[date, Shifts]) -> list[dict[str, str]]:
    """Days in a row with the same shifts as one line."""
    rows: list[dict[str, str]] = []
    last: tuple[date, Shifts] | None = None
    for day, shifts in sorted(exceptions.items()):
        if last and day == last[0] + timedelta(days=1) and shifts == last[1]:
            rows[-1]["until"] = day.isoformat()
        else:
            rows.append({"day": day.isoformat(), **({"shifts": _shown(shifts)} if shifts else {})})
        last = (day, shifts)
    return rows[-500:]


def _shown(shifts: Shifts) -> str:
    return " ".join(f"{s // 60:02}:{s % 60:02}-{f // 60:02}:{f % 60:02}" for s, f in shifts)


class _Pour:
    """Rows written piece by piece in the open transaction; the first that is wrong undoes all of it."""

    def __init__(self, ctx: Context, told: Told | None) -> None:
        self._ctx, self._told, self._done = ctx, told, 0

    async def rows(self, rows: Sequence[Mapping[str, Any]], names: Sequence[str], *, mode: Mode) -> list[str]:
        """The ids of `rows`; `names` say in words which they are."""
        ids: list[str] = []
        for start in range(0, len(rows), PIECE):
            result = await self._ctx.records.bulk(TASK, rows[start : start + PIECE], mode=mode)
            for name, row in zip(names[start : start + PIECE], result.rows, strict=True):
                if row.problems or row.id is None:
                    raise Invalid([Problem("file", p.code, f"{name}: {p.message}") for p in row.problems])
                ids.append(row.id)
            self._done += len(result.rows)
            if self._told:
                await self._told(self._done)
        return ids


async def _tasks(pour: _Pour, plan: PlanFile, id: str, calendars: Mapping[str, str]) -> dict[str, str]:
    """Writes the tasks, parents before their children; file's id → record's id."""
    codes = _codes(plan.tasks)
    hours = {key: spec.hours_per_day for key, spec in plan.calendars.items()}
    usual = hours.get(plan.calendar or "", next(iter(hours.values()), Decimal(8)))
    ids: dict[str, str] = {}
    levels: dict[int, list[tuple[int, TaskSpec]]] = {}
    depth: dict[str, int] = {}
    for place, task in enumerate(plan.tasks):
        depth[task.id] = depth.get(task.parent, -1) + 1 if task.parent else 0
        levels.setdefault(depth[task.id], []).append((place, task))
    for level in sorted(levels):
        rows = [
            {**_task_data(task, hours.get(task.calendar or "", usual)), "plan": id, "code": codes[task.id],
             "position": place, **({"parent": ids[task.parent]} if task.parent in ids else {}),
             **({"calendar": calendars[task.calendar]} if task.calendar in calendars else {})}
            for place, task in levels[level]
        ]  # fmt: skip
        tasks = [task for _place, task in levels[level]]
        made = await pour.rows(rows, [f"{task.wbs} {task.name}" for task in tasks], mode="create")
        ids |= {task.id: one for task, one in zip(tasks, made, strict=True)}
    return ids


def _codes(tasks: Sequence[TaskSpec]) -> dict[str, str]:
    """A code for each, the file's own where it has one that no other has."""
    taken: set[str] = set()
    codes: dict[str, str] = {}
    for place, task in enumerate(tasks, start=1):
        code = " ".join(task.wbs.split())[:36] or str(place)
        n = 1
        while code in taken:
            n += 1
            code = f"{' '.join(task.wbs.split())[:32] or place}-{n}"
        taken.add(code)
        codes[task.id] = code
    return codes


def _task_data(task: TaskSpec, hours: Decimal) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": " ".join(task.name.split())[:200],
        "kind": task.kind,
        "duration": _days(task.minutes, hours) if task.kind in ("task", "loe") else None,
        "budget": task.budget,
        "percent": task.percent.quantize(Decimal("0.01")) if task.percent else None,
        "remaining": _days(task.remaining, hours) if task.remaining is not None and task.actual_start else None,
    }
    if task.constraint != "ASAP":
        data["constraint"] = task.constraint
        data["constraint_at"] = task.constraint_at
    if task.kind != "summary":
        data |= {"deadline": task.deadline, "actual_start": task.actual_start, "actual_finish": task.actual_finish}
        if task.actual_finish and not task.actual_start:
            data["actual_start"] = task.actual_finish
    known = {name: value for name, value in data.items() if value is not None}
    return {name: stored(value) if isinstance(value, datetime) else value for name, value in known.items()}


def _days(minutes: int, hours: Decimal) -> Decimal:
    return (Decimal(minutes) / (hours * 60)).quantize(MICRO, ROUND_HALF_UP)


async def _links(pour: _Pour, plan: PlanFile, id: str, ids: Mapping[str, str]) -> None:
    codes = _codes(plan.tasks)
    hours = {task.id: plan.calendars[task.calendar].hours_per_day for task in plan.tasks if task.calendar}
    usual = next(iter(spec.hours_per_day for spec in plan.calendars.values()), Decimal(8))
    rows: dict[str, list[dict[str, Any]]] = {}
    for link in plan.links:
        if link.before in ids and link.after in ids:
            counted = {"predecessor": hours.get(link.before, usual), "successor": hours.get(link.after, usual)}
            lag = _days(link.lag, counted.get(link.lag_calendar, Decimal(24)))
            row = {"task": ids[link.before], "type": link.type}
            rows.setdefault(link.after, []).append(
                row | ({"lag": lag, "lag_calendar": link.lag_calendar} if link.lag else {})
            )
    changed = [{"plan": id, "code": codes[after], "predecessors": found[:200]} for after, found in rows.items()]
    names = {task.id: f"{task.wbs} {task.name}" for task in plan.tasks}
    await pour.rows(changed, [names[after] for after in rows], mode="upsert")


def notices(found: Sequence[Notice]) -> list[str]:
    """What was not understood, in words."""
    words = {
        "ignored": _("没有导入：{detail}"),
        "empty_calendar": _("日历“{detail}”没有上班时间，没有采用"),
        "recurring_exception": _("日历例外“{detail}”是重复的，只取了它的第一段"),
        "shift": _("班次 {detail} 前后颠倒或重叠，没有采用"),
        "exception": _("日历例外“{detail}”没有起止日期，没有采用"),
        "constraint": _("不认识的约束 {detail}，按“尽早”处理"),
        "second_constraint": _("{detail} 的第二个约束没有采用"),
        "missing_calendar": _("工作引用的日历 {detail} 不在文件里，改用计划的日历"),
        "duration": _("看不懂的工期 {detail}，按 0 处理"),
        "dangling": _("有一头不在文件里的关系 {detail}，没有采用"),
        "other_project": _("文件里还有项目“{detail}”，只导入第一个"),
        "task_type": _("不认识的工作类型 {detail}，按普通工作处理"),
        "short_row": _("有的行缺列，缺的当作空"),
    }
    lines = []
    for one in found:
        text = words[one.code].format(detail=one.detail)
        lines.append(text if one.count == 1 else _("{text}（{n} 处）", text=text, n=one.count))
    return lines


def file_of(loaded: Loaded) -> PlanFile:
    """The plan as a file carries it, with the dates as they are computed here."""
    specs = {id: _spec(loaded, id) for id in loaded.calendars}
    own = loaded.plan.data.get("calendar", "")
    used = {task.data.get("calendar", own) for task in loaded.tasks} | {own}
    parents = {task.data.get("parent") for task in loaded.tasks}
    at = loaded.plan.data.get("data_date")
    return PlanFile(
        name=loaded.plan.data.get("name", ""),
        start=local(loaded.plan.data["start"]),
        data_date=local(at) if at else None,
        calendar=own,
        calendars={id: spec for id, spec in specs.items() if id in used},
        tasks=tuple(_spec_of(loaded, place, task.id in parents) for place, task in enumerate(loaded.tasks)),
        links=tuple(
            LinkSpec(link.before, link.after, link.type, link.lag, link.lag_calendar)
            for link in loaded.links
            if link.before in loaded.depth
        ),
    )


def _spec(loaded: Loaded, id: str) -> CalendarSpec:
    calendar = loaded.calendars[id]
    return CalendarSpec(
        name=loaded.calendar_names[id],
        week=tuple(calendar.week),
        exceptions=dict(calendar.exceptions),
        hours_per_day=Decimal(calendar.minutes_per_day) / 60,
    )


def _spec_of(loaded: Loaded, place: int, parent: bool) -> TaskSpec:
    task, activity = loaded.tasks[place], loaded.activities[place]
    dates, line = loaded.schedule.dates[task.id], loaded.baseline.get(task.id)
    return TaskSpec(
        id=task.id,
        name=activity.name,
        wbs=task.data.get("code", ""),
        parent=activity.parent if activity.parent in loaded.depth else None,
        kind="summary" if parent else activity.kind,
        minutes=0 if parent else activity.span,
        calendar=task.data.get("calendar"),
        constraint=activity.constraint,
        constraint_at=_moment(activity.constraint_at),
        deadline=_moment(activity.deadline),
        actual_start=_moment(activity.actual_start),
        actual_finish=_moment(activity.actual_finish),
        remaining=activity.left if activity.actual_start is not None and activity.actual_finish is None else None,
        percent=Decimal(task.data.get("percent", 0)),
        budget=task.data.get("budget"),
        start=moment(dates.start),
        finish=moment(dates.finish),
        baseline_start=moment(line.start) if line else None,
        baseline_finish=moment(line.finish) if line else None,
    )


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def write(loaded: Loaded, kind: Kind) -> bytes:
    plan = file_of(loaded)
    if len(plan.tasks) > MOST_TASKS:
        plan = replace(plan, tasks=plan.tasks[:MOST_TASKS])
    return xer.write(plan) if kind == "xer" else mspdi.write(plan)
