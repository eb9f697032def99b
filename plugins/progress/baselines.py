"""Taking a baseline, and what a daily report does to the activities it names; reading them is in plans.py."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from core import Change, Condition, Context, Forbidden, Form, Invalid, Problem, Record, _, for_forms, hookimpl
from plugins.progress.plans import BASELINE, CHINA, DAILY, LINE, TASK, Loaded, every, stored

MOST = 10  # baselines are numbered 0 to 10


async def take(ctx: Context, loaded: Loaded, *, name: str) -> Record:
    """The plan as it is computed now becomes the current baseline; those before it are kept and are current no more."""
    if not ctx.can(BASELINE, "create") or not ctx.can(LINE, "create"):
        raise Forbidden(_("您没有权限建立基线，请联系本单位的系统管理员。"))
    known = [one async for one in every(ctx, BASELINE, Condition("plan", "eq", loaded.plan.id))]
    number = max((one.data["number"] for one in known), default=-1) + 1
    if number > MOST:
        raise Invalid([Problem("name", "many", _("一个计划最多保留 {n} 条基线，请先删除不用的。", n=MOST + 1))])
    async with ctx.together():
        for one in known:
            if one.data.get("current"):
                await ctx.records.update(BASELINE, one.id, {"current": False}, revision=one.revision, source="module")
        made = await ctx.records.create(
            BASELINE,
            {"plan": loaded.plan.id, "number": number, "name": name or _("基线 {n}", n=number), "current": True},
            source="module",
        )
        rows = [_line(loaded, task, made.id) for task in loaded.tasks if task.id in loaded.network.place]
        result = await ctx.records.bulk(LINE, rows, mode="create", source="module", stop_on_error=True)
        problems = [problem for row in result.rows for problem in row.problems]
        if problems:
            raise Invalid(problems[:20])
    return made


def _line(loaded: Loaded, task: Record, baseline: str) -> dict[str, Any]:
    dates, budget = loaded.schedule.dates[task.id], task.data.get("budget")
    return {
        "baseline": baseline, "task": task.id, "start": stored(dates.start), "finish": stored(dates.finish),
        **({"budget": budget} if budget else {}),
    }  # fmt: skip


@hookimpl
@for_forms(DAILY)
async def record_saved(ctx: Context, form: Form, record: Record, change: Change) -> None:
    """What a daily report says of an activity becomes its progress; progress never falls by a report."""
    if change.kind not in ("create", "update") or "works" not in change.changes or not ctx.can(TASK, "update"):
        return
    for row in record.data.get("works", ()):
        if "percent" in row and "task" in row:
            await _report(ctx, row["task"], Decimal(row["percent"]), record.data["day"])


async def _report(ctx: Context, id: str, percent: Decimal, day: str) -> None:
    task = await ctx.records.get(TASK, id)
    if percent <= Decimal(task.data.get("percent", 0)) or "actual_finish" in task.data:
        return
    changes: dict[str, Any] = {"percent": percent, "remaining": None}
    if "actual_start" not in task.data:
        changes["actual_start"] = _at(day, 8)
    if percent == 100:
        changes["actual_finish"] = _at(day, 17)
    await ctx.records.update(TASK, id, changes, revision=task.revision, source="module")


def _at(day: str, hour: int) -> str:
    return stored(datetime.fromisoformat(day).replace(hour=hour, tzinfo=CHINA).replace(tzinfo=None))
