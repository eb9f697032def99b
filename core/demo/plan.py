"""The demo's network plan: a neighbourhood under renewal, half done and a little late, with baseline and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.records import Condition, Query

if TYPE_CHECKING:
    from core.context import Context

CHINA = timezone(timedelta(hours=8))
SHIFTS = "08:00-12:00 13:00-17:00"
BEGUN = 70  # working days before today
# code, name, kind, days, predecessors ("code", "code SS 3": link and lag in days), days late at the start, crew
ACTIVITIES: tuple[tuple[str, str, str, int, str, int, str], ...] = (
    ("1", "施工准备", "summary", 0, "", 0, ""),
    ("1.1", "入户公示与意见确认", "task", 8, "", 0, "社区工作组"),
    ("1.2", "施工图会审与交底", "task", 5, "1.1", 0, "技术部"),
    ("1.3", "临时设施与围挡", "task", 6, "1.2", 0, "综合班"),
    ("1.4", "开工", "start_milestone", 0, "1.3", 0, ""),
    ("2", "地下管网", "summary", 0, "", 0, ""),
    ("2.1", "雨污管线探测与放线", "task", 5, "1.4", 0, "测量班"),
    ("2.2", "雨污分流管道开挖与敷设", "task", 28, "2.1", 0, "管网一班"),
    ("2.3", "供水管道改造", "task", 18, "2.2 SS 8", 3, "管网二班"),
    ("2.4", "弱电入地", "task", 14, "2.2 SS 15", 0, "通信分包"),
    ("2.5", "管道闭水与压力试验", "task", 4, "2.2,2.3", 0, "管网一班"),
    ("3", "楼本体改造", "summary", 0, "", 0, ""),
    ("3.1", "外脚手架搭设", "task", 10, "1.4", 0, "架子班"),
    ("3.2", "屋面防水", "task", 16, "3.1", 4, "防水分包"),
    ("3.3", "外墙保温与涂料", "task", 34, "3.1 FS 2", 6, "外墙分包"),
    ("3.4", "楼道粉刷与照明", "task", 20, "3.3 SS 12", 0, "装修班"),
    ("3.5", "脚手架拆除", "task", 6, "3.2,3.3", 0, "架子班"),
    ("4", "室外配套", "summary", 0, "", 0, ""),
    ("4.1", "道路基层与面层", "task", 18, "2.5,2.4", 0, "道路班"),
    ("4.2", "停车位与充电桩", "task", 12, "4.1 SS 8", 0, "综合班"),
    ("4.3", "绿化补植", "task", 14, "3.5,4.1", 0, "绿化分包"),
    ("4.4", "适老化设施与健身场地", "task", 10, "4.1", 0, "综合班"),
    ("5", "竣工验收", "summary", 0, "", 0, ""),
    ("5.1", "分部验收与整改", "task", 8, "3.5,4.2,4.3,4.4", 0, "质量部"),
    ("5.2", "居民代表与五方联合验收", "task", 3, "5.1", 0, "项目部"),
    ("5.3", "竣工", "finish_milestone", 0, "5.2", 0, ""),
)
COST = 9600  # 元 a working day: what weighs an activity


async def make_plan(ctx: Context) -> None:
    """The plan of the tenant's first running project, as its planner would have entered it."""
    running = Query(where=(Condition("status", "eq", "in_progress"),), sort=(("code", False),), limit=1)
    project = (await ctx.records.list("cost_center.project", running)).records[0]
    days = _WorkingDays(date.today())
    calendar = await ctx.records.create(
        "progress.calendar",
        {"name": "五天工作制", "hours_per_day": Decimal(8), "national": False,
         **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), SHIFTS)},
    )  # fmt: skip
    plan = await ctx.records.create(
        "progress.plan",
        {"code": f"{project.data['code']}-JD01", "name": f"{project.data['name']}总进度计划", "project": project.id,
         "status": "running", "start": _at(days.nth(-BEGUN), 8), "data_date": _at(days.nth(-1), 17),
         "calendar": calendar.id, "remark": "按合同工期编制；汛期前完成地下管网。"},
    )  # fmt: skip
    planned = _planned()
    ids: dict[str, str] = {}
    for level in (0, 1):
        rows = [
            _row(one, place, plan.id, ids, planned, days) for place, one in enumerate(ACTIVITIES)
            if one[0].count(".") == level
        ]  # fmt: skip
        result = await ctx.records.bulk("progress.task", rows, mode="create", source="page", stop_on_error=True)
        ids |= {row["code"]: made.id or "" for row, made in zip(rows, result.rows, strict=True)}
    linked = [
        {"plan": plan.id, "code": one[0], "predecessors": [_link(text, ids) for text in one[4].split(",")]}
        for one in ACTIVITIES if one[4]
    ]  # fmt: skip
    await ctx.records.bulk("progress.task", linked, mode="upsert", source="page", stop_on_error=True)
    await _baseline(ctx, plan.id, ids, planned, days)
    await _reports(ctx, plan.id, ids, days)


def _planned() -> dict[str, tuple[int, int]]:
    """Start and finish of each activity in working days from the plan's start, as the baseline has them."""
    found: dict[str, tuple[int, int]] = {}
    for code, _name, kind, length, before, _late, _crew in ACTIVITIES:
        if kind == "summary":
            continue
        start = 0
        for text in filter(None, before.split(",")):
            other, type, lag = _parsed(text)
            start = max(start, found[other][0 if type == "SS" else 1] + lag)
        found[code] = (start, start + length)
    return found


def _parsed(text: str) -> tuple[str, str, int]:
    code, _space, rest = text.partition(" ")
    type, _space, lag = rest.partition(" ")
    return code, type or "FS", int(lag or 0)


def _link(text: str, ids: Mapping[str, str]) -> dict[str, Any]:
    code, type, lag = _parsed(text)
    return {"task": ids[code], "type": type, **({"lag": Decimal(lag)} if lag else {})}


def _row(
    one: tuple[str, str, str, int, str, int, str],
    place: int,
    plan: str,
    ids: Mapping[str, str],
    planned: Mapping[str, tuple[int, int]],
    days: _WorkingDays,
) -> dict[str, Any]:
    code, name, kind, length, _before, late, crew = one
    row: dict[str, Any] = {"plan": plan, "code": code, "name": name, "kind": kind, "position": place}
    if "." in code:
        row["parent"] = ids[code.partition(".")[0]]
    if kind == "task":
        row |= {"duration": Decimal(length), "budget": Decimal(length * COST), "crew": crew}
    if code in planned:
        start = planned[code][0] + late - BEGUN
        finish = start + length
        if start < -1:
            row["actual_start"] = _at(days.nth(start), 8)
            if finish + late <= 0:
                row |= {"actual_finish": _at(days.nth(max(finish - 1 + late // 2, start)), 17), "percent": Decimal(100)}
            elif length:
                row["percent"] = Decimal(min(round(-start * 85 / (length + late)), 95))
    return row


async def _baseline(
    ctx: Context, plan: str, ids: Mapping[str, str], planned: Mapping[str, tuple[int, int]], days: _WorkingDays
) -> None:
    made = await ctx.records.create(
        "progress.baseline",
        {"plan": plan, "number": 0, "name": "合同工期计划", "current": True, "taken_on": days.nth(-BEGUN).isoformat()},
    )
    lengths = {one[0]: one[3] for one in ACTIVITIES}
    rows = [
        {"baseline": made.id, "task": ids[code], "start": _at(days.nth(start - BEGUN), 8) if lengths[code] else
         _at(days.nth(start - BEGUN - 1), 17),
         "finish": _at(days.nth(finish - BEGUN - 1), 17), "budget": Decimal(lengths[code] * COST)}
        for code, (start, finish) in planned.items()
    ]  # fmt: skip
    await ctx.records.bulk("progress.baseline_line", rows, mode="create", source="page", stop_on_error=True)


async def _reports(ctx: Context, plan: str, ids: Mapping[str, str], days: _WorkingDays) -> None:
    rows: Sequence[tuple[int, str, str, str]] = (
        (-3, "sunny", "cloudy", "外墙保温 3 号楼东立面完成；道路班清表。"),
        (-2, "rain", "rain", "雨天停外墙作业，楼道粉刷继续。"),
        (-1, "cloudy", "sunny", "外墙涂料恢复施工；供水压力试验准备。"),
    )
    for place, (day, morning, afternoon, done) in enumerate(rows):
        await ctx.records.create(
            "progress.daily",
            {"plan": plan, "day": days.nth(day).isoformat(), "weather_am": morning, "weather_pm": afternoon,
             "temperature": f"{8 + place}–{15 + place} ℃", "works": [{"task": ids["3.3"], "note": done}],
             "labour": [{"trade": "外墙工", "planned": 18, "present": 16 - place},
                        {"trade": "普工", "planned": 10, "present": 10}],
             "safety": "班前教育已做，脚手架验收牌在位。"},
        )  # fmt: skip
    await ctx.records.create(
        "progress.delay",
        {"plan": plan, "title": "外墙保温材料进场延误", "cause": "contractor", "from_day": days.nth(-40).isoformat(),
         "to_day": days.nth(-34).isoformat(), "task": ids["3.3"], "claimed": 6, "granted": 0, "excusable": False},
    )  # fmt: skip


class _WorkingDays:
    """Days of the week counted from today: `nth(-1)` is the working day before it."""

    def __init__(self, today: date) -> None:
        self.today = today

    def nth(self, number: int) -> date:
        day, step = self.today, 1 if number > 0 else -1
        while day.weekday() >= 5:
            day += timedelta(days=1)
        for _one in range(abs(number)):
            day += timedelta(days=step)
            while day.weekday() >= 5:
                day += timedelta(days=step)
        return day


def _at(day: date, hour: int) -> str:
    return datetime.combine(day, time(hour), CHINA).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
