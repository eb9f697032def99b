"""Checks of a plan's records that need other records; what the plan computes from them is in plans.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from core import Condition, Context, Form, Problem, Query, Record, _, for_forms, hookimpl
from plugins.progress.plans import CALENDAR, DAILY, DAYS, DELAY, LINE, PLAN, TASK, shifts_from

_checked_whole: ContextVar[bool] = ContextVar("checked_whole", default=False)
FARTHEST = 5_000  # activities looked at for a loop before a change is let through; the schedule names it then


@hookimpl
@for_forms(PLAN, TASK, CALENDAR, LINE, DAILY, DELAY)
async def record_validate(
    ctx: Context, form: Form, data: Mapping[str, Any], before: Record | None
) -> Sequence[Problem] | None:
    if not data or (form.name == TASK and _checked_whole.get()):
        return None
    return await _CHECKS[form.name](ctx, data, before)


@contextmanager
def checked_whole() -> Iterator[None]:
    """While a network is written that was checked as a whole: its activities are not walked again one by one."""
    token = _checked_whole.set(True)
    try:
        yield
    finally:
        _checked_whole.reset(token)


async def _check_plan(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    if "must_finish" in data and data["must_finish"] <= data["start"]:
        return [Problem("must_finish", "order", _("“必须完成”要晚于“计划开始”，请检查。"))]
    return []


async def _check_calendar(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    problems = []
    for day in DAYS:
        if len(shifts_from(data.get(day, ""))) != len(data.get(day, "").split()):
            problems.append(Problem(day, "shifts", _("班次要从早到晚，不能重叠，如 08:00-12:00 13:00-17:00")))
    for place, row in enumerate(data.get("exceptions", ())):
        if "until" in row and row["until"] < row["day"]:
            problems.append(Problem(f"exceptions.{place}.until", "order", _("“到”不能早于“日期”。")))
    if not any(data.get(day) for day in DAYS):
        problems.append(Problem("monday", "empty", _("一周里至少有一天上班，请填写班次。")))
    return problems


async def _check_task(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    problems = _date_problems(data)
    known = before.data if before else {}
    asked = [data["parent"]] if data.get("parent") and data.get("parent") != known.get("parent") else []
    rows = data.get("predecessors", ())
    changed = rows != known.get("predecessors", ())
    if changed:
        asked += [row["task"] for row in rows if "task" in row]
    if not asked:
        return problems
    plan_of = await _plans_of(ctx, asked)
    if data.get("parent") in plan_of and plan_of[data["parent"]] != data["plan"]:
        problems.append(Problem("parent", "other_plan", _("“上级”属于另一个计划，请选本计划的工作。")))
    for place, row in enumerate(rows if changed else ()):
        field = f"predecessors.{place}.task"
        if before and row.get("task") == before.id:
            problems.append(Problem(field, "self", _("工作不能是自己的紧前工作。")))
        elif plan_of.get(row.get("task", ""), data["plan"]) != data["plan"]:
            problems.append(Problem(field, "other_plan", _("紧前工作属于另一个计划，请选本计划的工作。")))
    if before and not problems:  # nobody waits for what is only being made
        problems += await _loop_problems(ctx, data, before.id)
    return problems


def _date_problems(data: Mapping[str, Any]) -> list[Problem]:
    problems = []
    if data.get("constraint") not in (None, "ALAP") and "constraint_at" not in data:
        problems.append(Problem("constraint_at", "required", _("选了约束就要填约束时间。")))
    if "actual_finish" in data and "actual_start" not in data:
        problems.append(Problem("actual_start", "required", _("已完成的工作要填实际开始。")))
    elif "actual_finish" in data and data["actual_finish"] < data["actual_start"]:
        problems.append(Problem("actual_finish", "order", _("“实际完成”早于“实际开始”，请检查。")))
    return problems


async def _plans_of(ctx: Context, ids: Sequence[str]) -> dict[str, str]:
    query = Query(where=(Condition("_id", "in", tuple(set(ids))),), limit=1000)
    return {one.id: one.data.get("plan", "") for one in (await ctx.records.list(TASK, query)).records}


async def _loop_problems(ctx: Context, data: Mapping[str, Any], own: str) -> list[Problem]:
    """Walks up from what is referred to, level by level, until it meets the activity itself."""
    for field, first in (
        ("predecessors", [row["task"] for row in data.get("predecessors", ()) if "task" in row]),
        ("parent", [data["parent"]] if "parent" in data else []),
    ):
        seen: set[str] = set()
        waiting = set(first)
        while waiting and len(seen) < FARTHEST:
            if own in waiting:
                return [Problem(field, "loop", _("这样会绕成一圈：这项工作要等的工作里有它自己。请检查。"))]
            seen |= waiting
            query = Query(where=(Condition("_id", "in", tuple(waiting)),), limit=1000)
            level = (await ctx.records.list(TASK, query)).records
            waiting = {up for one in level for up in _above(one.data, field)} - seen
    return []


def _above(data: Mapping[str, Any], field: str) -> list[str]:
    if field == "parent":
        return [data["parent"]] if "parent" in data else []
    return [row["task"] for row in data.get("predecessors", ()) if "task" in row]


async def _check_line(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    if data["finish"] < data["start"]:
        return [Problem("finish", "order", _("“完成”早于“开始”，请检查。"))]
    return []


async def _check_daily(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    asked = [row["task"] for row in data.get("works", ()) if "task" in row]
    plan_of = await _plans_of(ctx, asked) if asked else {}
    return [
        Problem(f"works.{place}.task", "other_plan", _("这项工作属于另一个计划，请选本计划的工作。"))
        for place, row in enumerate(data.get("works", ()))
        if plan_of.get(row.get("task", ""), data["plan"]) != data["plan"]
    ]


async def _check_delay(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    if "to_day" in data and data["to_day"] < data["from_day"]:
        return [Problem("to_day", "order", _("“到”不能早于“从”。"))]
    return []


_CHECKS = {
    PLAN: _check_plan,
    TASK: _check_task,
    CALENDAR: _check_calendar,
    LINE: _check_line,
    DAILY: _check_daily,
    DELAY: _check_delay,
}

