"""What the Gantt chart draws, and what is changed by drawing on it; the chart itself is static/gantt.js."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from core import Context, Invalid, Problem, Record, _
from plugins.progress.plans import TASK, Loaded, Unschedulable, load, stored
from plugins.progress.worktime import DAY, moment

EPOCH = 719163 * DAY  # 1970-01-01 00:00 as an instant: the chart counts its minutes from there


def drawing(loaded: Loaded) -> dict[str, Any]:
    """Rows and links as plain JSON: minutes since 1970 on China's clocks, floats in days."""
    plan, minutes = loaded.schedule, loaded.calendar_of(None).minutes_per_day
    parents = {task.data.get("parent") for task in loaded.tasks}
    at = plan.options.data_date
    return {
        "rows": [_row(loaded, task, task.id in parents) for task in loaded.tasks],
        "links": [[link.before, link.after, link.type] for link in loaded.links],
        "start": plan.start - EPOCH,
        "finish": plan.finish - EPOCH,
        "now": None if at is None else at - EPOCH,
        "minutes_per_day": minutes,
        "flaws": flaws(loaded),
    }


def _row(loaded: Loaded, task: Record, parent: bool) -> dict[str, Any]:
    data, dates = task.data, loaded.schedule.dates[task.id]
    line = loaded.baseline.get(task.id)
    per_day = loaded.calendar_of(task).minutes_per_day
    row: dict[str, Any] = {
        "id": task.id, "code": data.get("code", ""), "name": data.get("name", ""), "depth": loaded.depth[task.id],
        "kind": "summary" if parent else data.get("kind", "task"), "start": dates.start - EPOCH,
        "finish": dates.finish - EPOCH, "days": _days(data.get("duration")),
        "percent": 100 if "actual_finish" in data else float(data.get("percent", 0)),
        "begun": "actual_start" in data, "done": "actual_finish" in data, "revision": task.revision,
    }  # fmt: skip
    if dates.total_float is not None:
        row["float"] = round(dates.total_float / per_day, 2)
    if dates.critical:
        row["critical"] = True
    if dates.longest:
        row["longest"] = True
    if line:
        row["base"] = [line.start - EPOCH, line.finish - EPOCH]
    if data.get("responsible") in loaded.labels:
        row["who"] = loaded.labels[data["responsible"]]
    return row


def _days(duration: Decimal | int | None) -> float:
    return round(float(duration or 0), 2)


def flaws(loaded: Loaded) -> list[str]:
    """What the schedule wants known, in words."""
    names = {task.id: f"{task.data.get('code', '')} {task.data.get('name', '')}".strip() for task in loaded.tasks}
    words = {
        "isolated": _("没有前后关系"),
        "dangling": _("紧前工作已删除或无权查看"),
        "self": _("紧前工作是它自己"),
        "violated": _("约束或最后期限保不住"),
        "out_of_sequence": _("前面没做完就开工了"),
        "actual_future": _("实际日期晚于数据日期"),
        "actual_order": _("实际完成早于实际开始"),
    }
    found: dict[str, list[str]] = {}
    for flaw in loaded.schedule.flaws:
        who = next((names[id] for id in reversed(flaw.activities) if id in names), "")
        if flaw.code in words and who not in found.setdefault(words[flaw.code], []):
            found[words[flaw.code]].append(who)
    more = {what: _(" 等 {n} 项", n=len(who)) if len(who) > 5 else "" for what, who in found.items()}
    return [_("{what}：{names}", what=what, names="、".join(who[:5])) + more[what] for what, who in found.items()]


async def move(ctx: Context, plan: str, posted: Mapping[str, Any]) -> Loaded:
    """What a drag asks for, {task, revision, start} (no earlier than) or {…, finish}; the plan after it."""
    task = await _task_of(ctx, plan, posted)
    changes: dict[str, Any] = {}
    if "start" in posted:
        at = moment(EPOCH + _whole(posted, "start"))
        changes = {"constraint": "SNET", "constraint_at": stored(at)}
    elif "finish" in posted:
        loaded = await load(ctx, plan)
        calendar = loaded.calendar_of(task)
        begin = calendar.worked(loaded.schedule.dates[task.id].start)
        work = calendar.worked(EPOCH + _whole(posted, "finish")) - begin
        changes = {"duration": _quantized(Decimal(max(work, 1)) / calendar.minutes_per_day)}
    await ctx.records.update(TASK, task.id, changes, revision=_whole(posted, "revision"))
    return await load(ctx, plan)


async def link(ctx: Context, plan: str, posted: Mapping[str, Any]) -> Loaded:
    """{task, before, type, revision}: one more predecessor, or one less where it is there already."""
    task = await _task_of(ctx, plan, posted)
    before, type = str(posted.get("before", "")), str(posted.get("type", "FS"))
    rows = [dict(row) for row in task.data.get("predecessors", ())]
    left = [row for row in rows if (row.get("task"), row.get("type", "FS")) != (before, type)]
    changed = left if len(left) < len(rows) else [*rows, {"task": before, "type": type}]
    await ctx.records.update(TASK, task.id, {"predecessors": changed or None}, revision=_whole(posted, "revision"))
    return await load(ctx, plan)


async def _task_of(ctx: Context, plan: str, posted: Mapping[str, Any]) -> Record:
    task = await ctx.records.get(TASK, str(posted.get("task", "")))
    if task.data.get("plan") != plan:
        raise Unschedulable(_("这项工作属于另一个计划。"))
    return task


def _quantized(days: Decimal) -> Decimal:
    return days.quantize(Decimal("0.000001"))


def _whole(posted: Mapping[str, Any], name: str) -> int:
    value = _decimal(posted, name)
    if value != int(value):
        raise Invalid([Problem(name, "type", _("“{name}”要是整数", name=name))])
    return int(value)


def _decimal(posted: Mapping[str, Any], name: str) -> Decimal:
    try:
        value = Decimal(str(posted.get(name)))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) > 10**12:
        raise Invalid([Problem(name, "type", _("“{name}”要是数字", name=name))])
    return value
