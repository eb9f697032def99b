"""What the pages of maintenance count: sums for indicators, months, what is wrong and what comes next; no pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from core import Aggregate, Condition, Context, Query, Record
from plugins.maintenance import recurrence, service
from plugins.maintenance.kpis import Sums
from plugins.maintenance.names import (
    ASSET,
    FEE,
    FINISHED,
    OPEN,
    ORDER,
    PLAN,
    PLANNED,
    REPORT,
    WARRANTY,
    every,
)
from plugins.maintenance.orders import SEASONS, calendar_days
from plugins.maintenance.service import local, stored

ZERO = Decimal(0)
BROKEN = ("corrective", "emergency")
SATISFIED = 4  # of five
SOON = 90  # days ahead in which the end of a warranty is near


@dataclass(frozen=True, slots=True)
class Period:
    since: date
    until: date  # the last day

    @property
    def bounds(self) -> tuple[str, str]:
        """The first instant and the first one after."""
        begin, end = (datetime.combine(day, time()) for day in (self.since, self.until + timedelta(days=1)))
        return stored(begin), stored(end)

    @property
    def hours(self) -> Decimal:
        return Decimal(((self.until - self.since).days + 1) * 24)


def last_year(today: date) -> Period:
    """Twelve calendar months, this one included."""
    count = today.year * 12 + today.month - 12
    return Period(date(count // 12, count % 12 + 1, 1), today)


def within(field: str, period: Period) -> tuple[Condition, Condition]:
    begin, end = period.bounds
    return Condition(field, "ge", begin), Condition(field, "lt", end)


async def sums(ctx: Context, period: Period, project: str | None = None) -> Sums:
    of = (Condition("project", "eq", project),) if project else ()
    count = Aggregate("n", "count")
    asset = (Condition("status", "ne", "scrapped"), *of)
    (held,) = await ctx.records.totals(ASSET, Query(where=asset), [count, Aggregate("cost", "sum", "cost")])
    failed = (*within("reported_at", period), Condition("kind", "in", BROKEN), Condition("status", "ne", "cancelled"))
    (down,) = await ctx.records.totals(
        ORDER, Query(where=(*failed, *of)), [count, Aggregate("down", "sum", "down_hours")]
    )
    repaired, planned = await _finished(ctx, period, of)
    reopened = (*_done(period), Condition("kind", "in", BROKEN), Condition("reopenings", "filled"), *of)
    due = await _planned_due(ctx, period, of)
    return Sums(
        hours=period.hours, assets=held["n"], replacement=Decimal(held["cost"] or 0),
        failures=down["n"], down=Decimal(down["down"] or 0),
        repairs=repaired["n"], repair_hours=repaired["repair"], met=repaired["met"], judged=repaired["judged"],
        answered=repaired["answered"], asked=repaired["asked"],
        reopened=(await ctx.records.count(ORDER, Query(where=reopened), bound=None)).number,
        planned_due=due[0], planned_done=due[1], planned_hours=planned["labour"],
        labour_hours=planned["labour"] + repaired["labour"], cost=planned["cost"] + repaired["cost"],
        backlog=await _backlog(ctx, of), weekly=Decimal(ctx.settings("maintenance")["weekly_hours"] or 0),
        **await _fees(ctx, period, of), **await _reports(ctx, period, of),
    )  # fmt: skip


def _done(period: Period) -> tuple[Condition, ...]:
    return (Condition("status", "in", FINISHED), *within("finished_at", period))


async def _finished(ctx: Context, period: Period, of: tuple[Condition, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Repairs and planned work that was finished: how many, in time, hours, cost."""
    wanted = [
        Aggregate("n", "count"), Aggregate("repair", "sum", "repair_hours"), Aggregate("labour", "sum", "labour_hours"),
        Aggregate("cost", "sum", "cost"),
    ]  # fmt: skip
    rows = await ctx.records.totals(
        ORDER, Query(where=(*_done(period), *of)), wanted, by=("kind", "on_time", "responded")
    )
    blank = {"n": 0, "repair": ZERO, "labour": ZERO, "cost": ZERO, "met": 0, "judged": 0, "answered": 0, "asked": 0}
    repaired, planned = dict(blank), dict(blank)
    for row in rows:
        into = planned if row["kind"] in PLANNED else repaired
        into["n"] += row["n"]
        for name in ("repair", "labour", "cost"):
            into[name] += Decimal(row[name] or 0)
        into["met"] += row["n"] if row["on_time"] == "yes" else 0
        into["judged"] += row["n"] if row["on_time"] else 0
        into["answered"] += row["n"] if row["responded"] == "yes" else 0
        into["asked"] += row["n"] if row["responded"] else 0
    return repaired, planned


async def _planned_due(ctx: Context, period: Period, of: tuple[Condition, ...]) -> tuple[int, int]:
    """Maintenance and inspection whose window ended in the period; of it, what was done within."""
    begin, end = period.bounds
    end = min(end, stored(service.present()))
    where = (
        Condition("due", "ge", begin), Condition("due", "lt", end), Condition("status", "ne", "cancelled"),
        Condition("kind", "in", ("preventive", "inspection")), *of,
    )  # fmt: skip
    rows = await ctx.records.totals(ORDER, Query(where=where), [Aggregate("n", "count")], by=("on_time",))
    return sum(row["n"] for row in rows), sum(row["n"] for row in rows if row["on_time"] == "yes")


async def _backlog(ctx: Context, of: tuple[Condition, ...]) -> Decimal:
    """Hours of open work: as estimated, else as long as finished work took on average."""
    hours = [Aggregate("n", "count"), Aggregate("hours", "sum", "estimated_hours")]
    open_ = Query(where=(Condition("status", "in", OPEN), *of))
    (known,) = await ctx.records.totals(ORDER, open_, hours)
    guessed = Query(where=(*open_.where, Condition("estimated_hours", "empty")))
    unknown = (await ctx.records.count(ORDER, guessed, bound=None)).number
    done = Query(where=(Condition("status", "in", FINISHED), Condition("labour_hours", "filled"), *of))
    (usual,) = await ctx.records.totals(ORDER, done, [Aggregate("avg", "avg", "labour_hours")])
    return Decimal(known["hours"] or 0) + unknown * Decimal(usual["avg"] or 0)


async def _fees(ctx: Context, period: Period, of: tuple[Condition, ...]) -> dict[str, Decimal]:
    if not ctx.can(FEE, "read"):
        return {}
    where = (Condition("due", "ge", period.since.isoformat()), Condition("due", "le", period.until.isoformat()), *of)
    wanted = [Aggregate("owed", "sum", "amount"), Aggregate("paid", "sum", "paid")]
    (row,) = await ctx.records.totals(FEE, Query(where=where), wanted)
    return {"owed": Decimal(row["owed"] or 0), "collected": Decimal(row["paid"] or 0)}


async def _reports(ctx: Context, period: Period, of: tuple[Condition, ...]) -> dict[str, int]:
    """Reports received in the period: answered in time, resolved, satisfied; those not yet due are not judged."""
    if not ctx.can(REPORT, "read"):
        return {}
    received = (*within("received_at", period), *of)
    by = ("on_time", "visited", "resolved", "satisfaction")
    rows = await ctx.records.totals(REPORT, Query(where=received), [Aggregate("n", "count")], by=by)
    now = stored(service.present())
    late = (*received, Condition("status", "in", ("received", "handling")), Condition("due", "lt", now))
    overdue = (await ctx.records.count(REPORT, Query(where=late), bound=None)).number

    def number(wanted: Callable[[Mapping[str, Any]], bool]) -> int:
        return sum(row["n"] for row in rows if wanted(row))

    return {
        "reports": overdue + number(lambda row: row["on_time"] is not None),
        "reports_met": number(lambda row: row["on_time"] == "yes"),
        "asked_back": number(lambda row: bool(row["visited"])),
        "resolved": number(lambda row: bool(row["visited"] and row["resolved"])),
        "rated": number(lambda row: row["satisfaction"] is not None),
        "satisfied": number(lambda row: row["satisfaction"] is not None and row["satisfaction"] >= SATISFIED),
    }


@dataclass(slots=True)
class Month:
    """What was finished in a month."""

    repairs: int = 0
    repair_hours: Decimal = ZERO
    met: int = 0
    judged: int = 0
    cost: Decimal = ZERO

    @property
    def mttr(self) -> Decimal | None:
        return self.repair_hours / self.repairs if self.repairs else None

    @property
    def on_time(self) -> Decimal | None:
        return Decimal(self.met * 100) / self.judged if self.judged else None


async def months(ctx: Context, period: Period, project: str | None = None) -> dict[str, Month]:
    """By month, those without anything too."""
    found: dict[str, Month] = {}
    day = period.since.replace(day=1)
    while day <= period.until:
        found[f"{day:%Y-%m}"] = Month()
        day = (day + timedelta(days=32)).replace(day=1)
    of = (Condition("project", "eq", project),) if project else ()
    wanted = [
        Aggregate("n", "count"), Aggregate("repair", "sum", "repair_hours"), Aggregate("cost", "sum", "cost"),
    ]  # fmt: skip
    rows = await ctx.records.totals(
        ORDER, Query(where=(*_done(period), *of)), wanted, by=("kind", "on_time", "finished_at:month")
    )
    for row in rows:
        month = found[row["finished_at:month"]]
        month.cost += Decimal(row["cost"] or 0)
        month.met += row["n"] if row["on_time"] == "yes" else 0
        month.judged += row["n"] if row["on_time"] else 0
        if row["kind"] in BROKEN:
            month.repairs += row["n"]
            month.repair_hours += Decimal(row["repair"] or 0)
    return found


@dataclass(frozen=True, slots=True)
class Wrong:
    """How many of a kind are wrong now, and where they are listed."""

    overdue: int
    unanswered: int
    reports: int
    warranties: int
    where: Mapping[str, str]


async def wrong(ctx: Context) -> Wrong:
    now, today = stored(service.present()), service.present().date()
    until = (today + timedelta(days=SOON)).isoformat()
    asked = {
        "overdue": (ORDER, (Condition("status", "in", OPEN), Condition("due", "lt", now))),
        "unanswered": (ORDER, (Condition("status", "in", OPEN[:2]), Condition("respond_due", "lt", now))),
        "reports": (REPORT, (Condition("status", "in", ("received", "handling")), Condition("due", "lt", now))),
        "warranties": (WARRANTY, (Condition("until", "ge", today.isoformat()), Condition("until", "le", until))),
    }  # fmt: skip
    counts, where = {}, {}
    for name, (form, conditions) in asked.items():
        readable = ctx.can(form, "read")
        counts[name] = (await ctx.records.count(form, Query(where=conditions))).number if readable else 0
        where[name] = listed(form, conditions)
    return Wrong(**counts, where=where)


def listed(form: str, conditions: tuple[Condition, ...], *, totals: bool = False) -> str:
    """The address of the rows behind a number."""
    parts = []
    for one in conditions:
        value = ",".join(one.value) if one.op == "in" else one.value
        parts.append(f"where={one.field}:{one.op}" + (f":{value}" if value is not None else ""))
    return f"/forms/{form}?" + "&".join([*parts, *(["totals=1"] if totals else [])])


@dataclass(frozen=True, slots=True)
class Coming:
    """Something on a day of the calendar: an order, or what a plan will make."""

    day: date
    title: str
    url: str
    order: Record | None = None


async def coming(ctx: Context, since: date, until: date) -> list[Coming]:
    """Orders that are planned or due in these days, and what plans will call for beyond them."""
    found: list[Coming] = []
    made: set[tuple[str, str]] = set()
    begin, end = Period(since, until).bounds
    by_day = (Condition("occurrence", "ge", since.isoformat()), Condition("occurrence", "le", until.isoformat()))
    by_due = (Condition("occurrence", "empty"), Condition("due", "ge", begin), Condition("due", "lt", end))
    for conditions in (by_day, by_due):
        async for order in every(ctx, ORDER, *conditions, Condition("status", "ne", "cancelled")):
            day = order.data.get("occurrence") or local(order.data["due"]).date().isoformat()
            made.add((order.data.get("plan", ""), day))
            found.append(Coming(date.fromisoformat(day), order.data["title"], f"/forms/{ORDER}/{order.id}", order))
    today = service.present().date()
    async for plan in every(ctx, PLAN, Condition("active", "eq", True)):
        for day in forecast(plan.data, max(since, today), until, ctx.settings("maintenance")):
            if (plan.id, day.isoformat()) not in made:
                found.append(Coming(day, plan.data["name"], f"/forms/{PLAN}/{plan.id}"))
    return sorted(found, key=lambda one: (one.day, one.order is None, one.title))


def forecast(data: Mapping[str, Any], since: date, until: date, settings: Mapping[str, Any]) -> list[date]:
    """The days on which a plan by date or season will be done; what counts from the last one done cannot be told."""
    since = max(since, date.fromisoformat(data["start"]))
    until = min(until, date.fromisoformat(data["ends"])) if data.get("ends") else until
    if since > until or data["trigger"] in ("meter", "condition") or data.get("mode") == "floating":
        return []
    if data["trigger"] == "season":
        days = recurrence.yearly(settings[SEASONS[data["season"]]], data.get("before_days", 0), since, until)
    else:
        days = calendar_days(data, since, until, None)
    return [recurrence.shifted(day, data.get("holiday", "keep")) for day in days]
