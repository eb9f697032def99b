"""From records to what the checks and the reckoning of pay work on: crews, rules, rates, workers, tickets of a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from core import Condition, Context, Query, Record
from plugins.day_labor import crosschecks
from plugins.day_labor.crosschecks import Attendance, Limits, Line, Site, Ticket, Worker
from plugins.day_labor.punches import instant, paired
from plugins.day_labor.workdays import Rule, Unit, minutes

MODULE = "day_labor"
TICKET, SUMMARY, ATTENDANCE, WORKER, CREW, RATE, RULE, PAY, CLAIM = (
    f"{MODULE}.{name}" for name in ("ticket", "summary", "attendance", "worker", "crew", "rate", "rule", "pay", "claim")
)
CHINA = timezone(timedelta(hours=8))
PAGE = 500
SIGNED = {"foreman": "foreman_on", "production": "production_on", "manager": "approved_on"}  # kind -> its field
WAITS_FOR = {  # the state of a ticket -> whose signature is due next
    "draft": "foreman", "issued": "foreman", "worked": "foreman", "foreman_signed": "production",
    "production_signed": "manager",
}  # fmt: skip
COUNTED = ("approved", "summarised")  # states of a ticket that is good for pay


async def every(
    ctx: Context, form: str, *where: Condition, labels: dict[str, str] | None = None
) -> AsyncIterator[Record]:
    """All records of a form that the member may read; none where he may read none."""
    query = Query(where=where, limit=PAGE)
    while ctx.can(form, "read"):
        page = await ctx.records.list(form, query)
        if labels is not None:
            labels.update(page.labels)
        for record in page.records:
            yield record
        if page.next is None:
            return
        query = replace(query, after=page.next)


def today() -> date:
    return datetime.now(CHINA).date()


def day_of(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else None


def rule_of(data: Mapping[str, Any]) -> Rule:
    """A workday rule as it is kept."""
    times = {"workday": "times_workday", "rest": "times_rest", "holiday": "times_holiday"}
    usual = Rule(hours_per_workday=Decimal(data["hours_per_workday"]))
    return replace(
        usual,
        step=Decimal(data["step"]),
        rounding=data["rounding"],
        overtime=data["overtime"],
        ratio_hours=Decimal(data.get("ratio_hours") or usual.ratio_hours),
        bands=sorted((minutes(row["until"]), Decimal(row["workdays"])) for row in data.get("bands", ())),
        legal_hours=Decimal(data.get("legal_hours") or usual.legal_hours),
        paid_days=Decimal(data.get("paid_days") or usual.paid_days),
        multiples={kind: Decimal(data.get(name) or usual.multiples[kind]) for kind, name in times.items()},
        cap=Decimal(data["cap"]) if "cap" in data else None,
    )


@dataclass(frozen=True, slots=True)
class Price:
    rate: Decimal
    unit: Unit


def price(
    rates: Iterable[Mapping[str, Any]],
    day: date,
    trade: str,
    *,
    skill: str | None,
    crew: str | None,
    project: str | None,
) -> Price | None:
    """The rate that holds: of those that fit, the one of the crew before the project's, of the skill before any,
    of two alike the one that began later."""
    best: tuple[tuple[Any, ...], Mapping[str, Any]] | None = None
    for one in rates:
        given = {"crew": crew, "project": project, "skill": skill}
        if one["trade"] != trade or any(name in one and one[name] != value for name, value in given.items()):
            continue
        if one["valid_from"] > day.isoformat() or one.get("valid_to", "9999") < day.isoformat():
            continue
        weight = ("crew" in one, "project" in one, "skill" in one, one["valid_from"], one["code"])
        if best is None or weight > best[0]:
            best = weight, one
    return Price(Decimal(best[1]["rate"]), best[1]["unit"]) if best else None


def worker_of(record: Record) -> Worker:
    data = record.data
    return Worker(
        id=record.id, name=data.get("name", ""), crew=data.get("crew"), entered=day_of(data.get("entered")),
        left=day_of(data.get("left")), trained=day_of(data.get("trained")), blacklisted=bool(data.get("blacklisted")),
    )  # fmt: skip


def hours_of(row: Mapping[str, Any]) -> Decimal:
    return Decimal(row.get("hours", 0)) + Decimal(row.get("overtime", 0))


def ticket_of(id: str, data: Mapping[str, Any]) -> Ticket:
    """A ticket's data as the checks see it."""
    lines = [
        Line(worker=row.get("worker"), trade=row.get("trade", ""), hours=hours_of(row), heads=row.get("heads", 1))
        for row in data.get("lines", ())
    ]
    signed = {kind: day for kind, name in SIGNED.items() if (day := day_of(data.get(name)))}
    return Ticket(
        id=id, number=data.get("number", ""), day=date.fromisoformat(data["day"]),
        span=crosschecks.span_of(instant(data.get("start")), instant(data.get("end"))), lines=lines,
        crew=data.get("crew"), project=data.get("project"), place=data.get("place", ""),
        content=data.get("content", ""), job=data.get("job", ""), paper=data.get("paper", ""), signed=signed,
    )  # fmt: skip


def attendance_of(data: Mapping[str, Any]) -> Attendance:
    punched = paired(data)
    return Attendance(
        worker=data["worker"], day=date.fromisoformat(data["day"]), spans=punched.spans,
        piece_hours=Decimal(data.get("piece_hours", 0)), complete=not punched.missing,
    )  # fmt: skip


def limits_of(ctx: Context) -> Limits:
    set_ = ctx.settings(MODULE)
    return Limits(
        tolerance=Decimal(str(set_["tolerance"])), most_hours=Decimal(str(set_["most_hours"])), similar=set_["similar"],
        deadlines={kind: set_[f"{kind}_days"] for kind in SIGNED},
    )  # fmt: skip


async def site(ctx: Context, first: date, last: date, *, instead: Mapping[str, Ticket] | None = None) -> Site:
    """Everything the checks need of the days from `first` to `last`. `ctx` must see it all: ask `ctx.system()`.

    `instead`: tickets by id as they are about to be stored.
    """
    between = (Condition("day", "ge", first.isoformat()), Condition("day", "le", last.isoformat()))
    tickets = {}
    async for one in every(ctx, TICKET, *between):
        if one.data.get("status") != "void":
            tickets[one.id] = ticket_of(one.id, one.data)
    tickets |= instead or {}
    attended = [attendance_of(one.data) async for one in every(ctx, ATTENDANCE, *between)]
    scopes = {}
    async for crew in every(ctx, CREW):
        scopes[crew.id] = [line.strip() for line in crew.data.get("scope", "").splitlines() if line.strip()]
    return Site(
        tickets=sorted(tickets.values(), key=lambda one: (one.day, one.number, one.id)),
        workers={one.id: worker_of(one) async for one in every(ctx, WORKER)},
        attendance={(one.worker, one.day): one for one in attended},
        scopes=scopes,
        limits=limits_of(ctx),
    )
