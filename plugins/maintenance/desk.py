"""What follows by itself when a record is written: due, waiting and repair times of orders, ends of warranties."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from core import Context, Form, NotFound, for_forms, hookimpl
from plugins.maintenance import service, stock, terms
from plugins.maintenance.names import ASSET, MOVE, ORDER, PLANNED, REPORT, WARRANTY
from plugins.maintenance.service import Pause, Shifts, local, stored

BEGUN = ("in_progress", "waiting", "done", "verified", "closed")
ENDED = ("done", "verified", "closed")
CENT = Decimal("0.01")


@hookimpl
@for_forms(ORDER, REPORT, WARRANTY, MOVE)
async def record_compute(ctx: Context, form: Form, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    settings = ctx.settings("maintenance")
    try:
        if form.name == ORDER:
            found = order(data, settings, service.present())
            takes = data.get("status") == "accepted" and not data.get("assignee") and ctx.member.id
            return found | {"assignee": ctx.member.id} if takes else found  # who accepts it is who does it
        if form.name == REPORT:
            return report(data, settings, service.present())
        if form.name == MOVE:
            return await stock.posted(ctx, data)
        return warranty(data, settings, await _design_life(ctx, data.get("asset")))
    except (KeyError, ValueError, TypeError):  # something that is required is missing or unreadable, and is said so
        return None


def order(data: Mapping[str, Any], settings: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Times, due times and durations of a work order as its state has them at `now`."""
    status = data.get("status", "created")
    times = _times(data, status, now)
    pauses, reopenings = _pauses(data, status, times, now)
    if status == "in_progress" and times["finished_at"]:
        times["finished_at"] = None
    repair = data["kind"] not in PLANNED
    reported, waits = local(data["reported_at"]), _waits(pauses)
    finished, begun = times["finished_at"], times["started_at"]
    respond_due, due = None, local(data["due"]) if data.get("due") else None
    if repair:
        clock = clock_of(settings, data["priority"])
        respond_due = service.due(reported, settings[f"respond_{data['priority']}"], clock)
        due = service.due(reported, settings[f"restore_{data['priority']}"], clock, waits) or due
    spent = (reported if repair else begun) if finished else None
    down = _hours(data.get("down_from"), data.get("down_until"))
    return {
        **{name: at and stored(at) for name, at in times.items()},
        "pauses": pauses, "reopenings": reopenings, "due": due and stored(due),
        "respond_due": respond_due and stored(respond_due),
        "on_time": _met(finished, due), "responded": _met(times["responded_at"], respond_due),
        "repair_hours": hours(service.running(spent, finished, waits)) if spent and finished else None,
        "down_hours": down,
    }  # fmt: skip


def _times(data: Mapping[str, Any], status: str, now: datetime) -> dict[str, datetime | None]:
    """When it was answered, begun, finished: what was typed, else now, once it has come so far."""
    given = {name: local(data[name]) if data.get(name) else None for name in ("started_at", "finished_at")}
    finished = given["finished_at"] or (now if status in ENDED else None)
    started = given["started_at"] or (min(now, finished or now) if status in BEGUN else None)
    responded = local(data["responded_at"]) if data.get("responded_at") else None
    if responded is None and status in ("accepted", *BEGUN):
        responded = started or now
    return {"responded_at": responded, "started_at": started, "finished_at": finished}


def _pauses(
    data: Mapping[str, Any], status: str, times: Mapping[str, datetime | None], now: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    pauses = [dict(row) for row in data.get("pauses", ())]
    reopenings = [dict(row) for row in data.get("reopenings", ())]
    still = bool(pauses) and "to_at" not in pauses[-1]
    if status == "waiting" and not still:
        pauses.append({"from_at": stored(now)})
    elif status != "waiting" and still:
        pauses[-1]["to_at"] = stored(max(now, local(pauses[-1]["from_at"])))
    finished = times["finished_at"]
    if status == "in_progress" and finished:  # sent back: it was thought to be done in between
        reopenings.append({"done_at": stored(finished), "at": stored(now)})
        pauses.append({"from_at": stored(finished), "to_at": stored(max(now, finished))})
    return pauses, reopenings


def _waits(rows: list[dict[str, Any]]) -> list[Pause]:
    return [(local(row["from_at"]), local(row["to_at"]) if "to_at" in row else None) for row in rows]


def clock_of(settings: Mapping[str, Any], priority: str) -> Shifts:
    """The hours in which a priority's clock runs."""
    if settings[f"clock_{priority}"] != "working":
        return service.ROUND_THE_CLOCK
    return service.shifts(settings["working_hours"] or "") or service.ROUND_THE_CLOCK


def _met(at: datetime | None, due: datetime | None) -> str | None:
    if at is None or due is None:
        return None
    return "yes" if at <= due else "no"


def _hours(begin: str | None, end: str | None) -> Decimal | None:
    return hours(local(end) - local(begin)) if begin and end and end >= begin else None


def hours(span: Any) -> Decimal:
    return (Decimal(int(span.total_seconds())) / 3600).quantize(CENT, ROUND_HALF_UP)


def report(data: Mapping[str, Any], settings: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """By when a report is dispatched and answered, and whether it was; an extension moves the day it is due."""
    received, urgency, status = local(data["received_at"]), data["urgency"], data.get("status", "received")
    due = service.due(received, settings[f"answer_{urgency}"])
    if data.get("extended_to"):
        due = local(data["extended_to"])
    dispatch = service.due(received, settings[f"dispatch_{urgency}"])
    answered = None
    if status in ("answered", "closed"):
        answered = local(data["answered_at"]) if data.get("answered_at") else now
    return {
        "dispatch_due": dispatch and stored(dispatch), "due": due and stored(due),
        "answered_at": answered and stored(answered), "on_time": _met(answered, due),
    }  # fmt: skip


def warranty(data: Mapping[str, Any], settings: Mapping[str, Any], design_life: int | None) -> dict[str, Any]:
    found = terms.term(data, settings, design_life=design_life)
    return {
        "legal_until": found.legal and found.legal.isoformat(),
        "until": found.until and found.until.isoformat(),
    }


async def _design_life(ctx: Context, asset: str | None) -> int | None:
    if not asset:
        return None
    try:
        return (await ctx.system().records.get(ASSET, asset)).data.get("design_life")
    except NotFound:
        return None  # the reference itself is refused
