"""Work orders that nobody types: from plans, inspections and reports, by jobs, each exactly once.

What an order comes from decides its number, and a number is given once, in the bin too: so a job that is run again,
or beside another, makes nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from core import Change, Condition, Context, Form, Invalid, Job, JobKind, Query, Record, for_forms, hookimpl
from plugins.maintenance import recurrence, service
from plugins.maintenance.names import ASSET, OPEN, ORDER, PLAN, READING, REPORT, ROUND, SURVEY, every
from plugins.maintenance.rules import excluded_days
from plugins.maintenance.service import local, stored

SEASONS = {"heating": "heating_from", "cooling": "cooling_from", "flood": "flood_from"}
URGENCY = {"danger": "emergency", "supply": "urgent", "ordinary": "normal", "complex": "normal"}
WORTH_AN_ORDER = ("fault", "complaint")  # kinds of report


@hookimpl
def register_jobs() -> Sequence[JobKind]:
    return [
        JobKind(
            name="maintenance.orders", title="生成养护工单", run=from_plans, schedule="FREQ=DAILY;BYHOUR=1", system=True
        ),
        JobKind(name="maintenance.report", title="报修转工单", run=from_report, system=True),
        JobKind(name="maintenance.round", title="巡检不合格转工单", run=from_round, system=True),
    ]  # fmt: skip


@hookimpl
@for_forms(PLAN, REPORT, ROUND, SURVEY, READING, ORDER)
async def record_saved(ctx: Context, form: Form, record: Record, change: Change) -> None:
    """What was written may call for orders: the job is asked in the same transaction."""
    data = record.data
    if change.kind == "delete":
        return
    if form.name == PLAN and data.get("active"):
        await ctx.jobs.enqueue("maintenance.orders", {"plan": record.id}, key=record.id)
    elif form.name == REPORT and data.get("kind") in WORTH_AN_ORDER and data.get("status") == "received":
        await ctx.jobs.enqueue("maintenance.report", {"report": record.id}, key=record.id)
    elif form.name == ROUND and data.get("status") == "submitted":
        await ctx.jobs.enqueue("maintenance.round", {"round": record.id}, key=record.id)
    elif form.name == SURVEY:
        await _note_condition(ctx, data)
    if form.name in (SURVEY, READING) or (form.name == ORDER and change.step in ("verify", "finish", "log")):
        await _ask_plans(ctx, data.get("asset"))


async def _ask_plans(ctx: Context, asset: str | None) -> None:
    """A meter, a condition or the last one done has moved: plans that count from it are looked at again."""
    async for plan in every(ctx.system(), PLAN, Condition("active", "eq", True)):
        named = any(row.get("asset") == asset for row in plan.data.get("assets", ()))
        if named and (plan.data["trigger"] in ("meter", "condition") or plan.data.get("mode") == "floating"):
            await ctx.jobs.enqueue("maintenance.orders", {"plan": plan.id}, key=plan.id)


async def _note_condition(ctx: Context, data: Mapping[str, Any]) -> None:
    """The latest survey says in what condition an asset is."""
    records = ctx.system().records
    newest = Query(where=(Condition("asset", "eq", data["asset"]),), sort=(("day", True),), limit=1)
    latest = (await records.list(SURVEY, newest)).records
    asset = await records.hold(ASSET, data["asset"])
    if latest and asset.data.get("condition") != latest[0].data["condition"] and not asset.deleted_at:
        changes = {"condition": latest[0].data["condition"]}
        await records.update(ASSET, asset.id, changes, revision=asset.revision, source="module")


async def from_plans(ctx: Context, job: Job) -> Mapping[str, Any]:
    """Orders of one plan, or of all that are active."""
    made, today = 0, service.present().date()
    wanted = job.args.get("plan")
    where = [Condition("active", "eq", True), *([Condition("_id", "eq", wanted)] if wanted else [])]
    plans = [plan async for plan in every(ctx, PLAN, *where)]
    for done, plan in enumerate(plans, 1):
        made += await make_from(ctx, plan, today)
        await job.progress(done, len(plans))
    return {"made": made}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One order that a plan calls for: `mark` tells it from the plan's others, `day` is when it is to be done."""

    mark: str
    day: date


@dataclass(frozen=True, slots=True)
class Past:
    """What became of a plan's orders for one asset."""

    codes: frozenset[str]
    open: bool
    finished: date | None


async def make_from(ctx: Context, plan: Record, today: date) -> int:
    """Make what the plan calls for by `today` and its lead; how many were made."""
    settings, made = ctx.settings("maintenance"), 0
    until = today + timedelta(days=min(plan.data.get("lead_days", 0), int(settings["horizon"])))
    past = await _past(ctx, plan)
    for row in plan.data.get("assets", ()):
        asset = await ctx.records.get(ASSET, row["asset"], deleted=True)
        if asset.deleted_at or asset.data.get("status") == "scrapped":
            continue
        known = past.get(asset.id, Past(frozenset(), False, None))
        called_for = await wanted_of(ctx, plan, asset, known, until)
        wanted = [one for one in called_for if code_of(plan, asset, one) not in known.codes]
        if settings["one_open"] or plan.data.get("mode") == "floating":
            wanted = [] if known.open else wanted[-1:]
        for one in wanted:
            made += await _make(ctx, code_of(plan, asset, one), _order_of(plan, asset, one), plan.data.get("assignee"))
    return made


def code_of(plan: Record, asset: Record, one: Wanted) -> str:
    return f"{plan.data['code']}-{one.mark}-{asset.data['code']}"


async def _past(ctx: Context, plan: Record) -> dict[str, Past]:
    """The plan's orders by asset; those in the bin too: what somebody threw away is not made again."""
    found: dict[str, Past] = {}
    of_plan = Condition("plan", "eq", plan.id)
    for query in (Query(), Query(deleted=True)):
        async for order in every(ctx, ORDER, of_plan, query=query):
            data, one = order.data, found.get(order.data.get("asset", ""), Past(frozenset(), False, None))
            done = local(data["finished_at"]).date() if data.get("finished_at") and not query.deleted else None
            found[data.get("asset", "")] = Past(
                one.codes | {data["code"]},
                one.open or (data["status"] in OPEN and not query.deleted),
                max(filter(None, (one.finished, done)), default=None),
            )
    return found


async def wanted_of(ctx: Context, plan: Record, asset: Record, known: Past, until: date) -> list[Wanted]:
    data, settings = plan.data, ctx.settings("maintenance")
    since = max(date.fromisoformat(data["start"]), local(plan.created_at).date())
    if data.get("ends"):
        until = min(until, date.fromisoformat(data["ends"]))
    if data["trigger"] == "meter":
        return await _by_meter(ctx, data, asset, known)
    if data["trigger"] == "condition":
        low = asset.data.get("condition")
        day = asset.data.get("surveyed")
        return [Wanted(f"C{day}", service.present().date())] if low and day and low <= data["condition_at"] else []
    if data["trigger"] == "season":
        begins = settings[SEASONS[data["season"]]]
        days = recurrence.yearly(begins, data.get("before_days", 0), since, until)
    else:
        days = calendar_days(data, since, until, known.finished)
    return [Wanted(day.strftime("%Y%m%d"), recurrence.shifted(day, data.get("holiday", "keep"))) for day in days]


def calendar_days(data: Mapping[str, Any], since: date, until: date, finished: date | None) -> list[date]:
    """The days of a plan by date between two days: by its rule, or counted from when it was last done."""
    rule, excluded = recurrence.read(data["rule"]), excluded_days(data)
    start = date.fromisoformat(data["start"])
    if data.get("mode") != "floating":
        return recurrence.between(rule, start, since, until, excluded=excluded)
    day = recurrence.following(rule, finished, excluded=excluded) if finished else since
    return [day] if day and day <= until else []


async def _by_meter(ctx: Context, data: Mapping[str, Any], asset: Record, known: Past) -> list[Wanted]:
    """The meter has gone another so far: the newest mark it has passed."""
    newest = Query(where=(Condition("asset", "eq", asset.id),), sort=(("day", True),), limit=1)
    readings = (await ctx.records.list(READING, newest)).records
    gone = Decimal(readings[0].data["value"]) - Decimal(data.get("meter_start", 0)) if readings else Decimal(0)
    times = int(gone // Decimal(data["meter_every"]))
    return [Wanted(f"M{times}", service.present().date())] if times > 0 else []


def _order_of(plan: Record, asset: Record, one: Wanted) -> dict[str, Any]:
    data = plan.data
    due = datetime.combine(one.day + timedelta(days=data.get("window_days", 0)), time(23, 59))
    tasks = [f"{n}. {row['what']}" + (f"（{row['standard']}）" if row.get("standard") else "")
             for n, row in enumerate(data.get("tasks", ()), 1)]  # fmt: skip
    return {
        "title": f"{data['name']} · {asset.data['name']}"[:160], "kind": data["kind"], "priority": "normal",
        "asset": asset.id, "plan": plan.id, "occurrence": one.day.isoformat(), "due": stored(due),
        "project": data.get("project") or asset.data.get("project"), "content": "\n".join(tasks) or None,
        "estimated_hours": data.get("hours"),
    }  # fmt: skip


async def _make(ctx: Context, code: str, data: Mapping[str, Any], assignee: str | None = None) -> bool:
    """The order, unless its number was given already."""
    same = (Condition("code", "eq", code),)
    for query in (Query(where=same, limit=1), Query(where=same, limit=1, deleted=True)):
        if (await ctx.records.list(ORDER, query)).records:
            return False
    given = {name: value for name, value in data.items() if value is not None}
    try:
        async with ctx.together():
            made = await ctx.records.create(ORDER, {"code": code, **given}, source="module")
            if assignee:
                await ctx.flow.take(
                    ORDER, made.id, "assign", revision=made.revision, data={"assignee": assignee}, source="module"
                )
    except Invalid as refused:
        if any(problem.code == "taken" for problem in refused.problems):
            return False  # another process was faster
        raise
    return True


async def from_report(ctx: Context, job: Job) -> Mapping[str, Any]:
    """A report becomes an order, and is being handled from then on."""
    report = await ctx.records.get(REPORT, job.args["report"], deleted=True)
    data = report.data
    if report.deleted_at or data.get("status") != "received":
        return {"made": 0}
    of_report = Query(where=(Condition("report", "eq", report.id),), limit=1)
    if (await ctx.records.list(ORDER, of_report)).records:
        return {"made": 0}
    order = {
        "title": data["title"], "kind": "emergency" if data["urgency"] == "danger" else "corrective",
        "priority": URGENCY[data["urgency"]], "asset": data.get("asset"), "project": data.get("project"),
        "reported_at": data["received_at"], "report": report.id,
        "content": "\n".join(filter(None, (data.get("position"), data.get("content")))) or None,
    }  # fmt: skip
    async with ctx.together():
        made = await _make(ctx, f"{data['code']}-GD", order)
        await ctx.flow.take(REPORT, report.id, "dispatch", revision=report.revision, source="module")
    return {"made": int(made)}


async def from_round(ctx: Context, job: Job) -> Mapping[str, Any]:
    """Each point of an inspection that failed becomes a repair order."""
    found = await ctx.records.get(ROUND, job.args["round"], deleted=True)
    data, made = found.data, 0
    if found.deleted_at:
        return {"made": 0}
    for number, point in enumerate(data.get("points", ()), 1):
        if point["result"] == "fault":
            order = {
                "title": f"{data['route']} · {point['item']}"[:160], "kind": "corrective",
                "priority": point.get("priority", "normal"), "asset": point.get("asset"),
                "project": data.get("project"), "round": found.id, "content": point.get("note"),
            }  # fmt: skip
            made += await _make(ctx, f"{data['code']}-{number}", order)
    return {"made": made}
