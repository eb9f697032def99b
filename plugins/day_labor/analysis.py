"""What the analysis of a time shows: groups of approved tickets, attendance beside tickets, late signatures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from core import Condition, Context, Record, _
from plugins.day_labor import crosschecks, figures, findings
from plugins.day_labor.loading import ATTENDANCE, COUNTED, TICKET, attendance_of, every, hours_of, limits_of, today
from plugins.day_labor.punches import hours_of as hours_between

LINES = 40  # of the reconciliation and the late list on the page
LONGEST = 400  # days
ZERO = Decimal(0)


def asked(params: Mapping[str, str]) -> tuple[date, date]:
    """The days that the address asks for; without, this month and the two before."""
    last = _day(params.get("to", "")) or today()
    first = _day(params.get("from", "")) or (last.replace(day=1) - timedelta(days=40)).replace(day=1)
    return max(min(first, last), last - timedelta(days=LONGEST)), last


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def gathered(ctx: Context, first: date, last: date) -> dict[str, Any]:
    labels: dict[str, str] = {}
    tickets = await figures.approved(ctx, first, last, labels)
    return {
        "first": first, "last": last, "total": figures.total(figures.grouped(tickets, lambda one: "").values()),
        "groups": _groups(ctx, tickets, labels, first, last), "late": _late(ctx, tickets)[:LINES],
        "days": (await _reconciled(ctx, first, last))[:LINES],
        "url": _url(first, last),
    }  # fmt: skip


def _url(first: date, last: date, *more: str) -> str:
    counted = f"status:in:{','.join(COUNTED)}"
    where = [("where", one) for one in (f"day:ge:{first}", f"day:le:{last}", counted, *more)]
    return f"/forms/{TICKET}?" + urlencode([*where, ("totals", "1")], safe=":,")


def _groups(
    ctx: Context, tickets: Sequence[Record], labels: dict[str, str], first: date, last: date
) -> list[tuple[str, list[tuple[str, figures.Sum, str]]]]:
    """(title, lines of (name, sum, address of the tickets)) for each way to look at it."""
    form = ctx.forms.get(TICKET)
    named = {name: {one.value: one.title for one in form.fields[name].choices} for name in ("reason", "charged", "job")}
    found = []
    for title, field, names in (
        (_("按班组"), "crew", labels), (_("按用工原因"), "reason", named["reason"]), (_("按对应工作"), "wbs", labels),
        (_("按项目"), "project", labels),
    ):  # fmt: skip
        sums = figures.grouped(tickets, lambda one, field=field: one.data.get(field, ""))
        lines = [
            (names.get(value, "") or _("（未填）"), held, _url(first, last, f"{field}:eq:{value}") if value else "")
            for value, held in sums.items()
        ]
        if any(value for value in sums):
            found.append((title, lines))
    by_trade = [
        (named["job"].get(trade, trade) or _("（未填）"), held, "") for trade, held in figures.by_trade(tickets).items()
    ]
    found.insert(1, (_("按工种（单数为行数）"), by_trade))
    parties = figures.grouped(tickets, lambda one: figures.party_of(dict(one.data), labels))
    kinds = {figures.party_of(dict(one.data), labels): one.data.get("charged", "") for one in tickets}
    lines = [(name, held, _url(first, last, f"charged:eq:{kinds[name]}")) for name, held in parties.items()]
    return [*found, (_("按费用归属"), lines)]


def _late(ctx: Context, tickets: Sequence[Record]) -> list[dict[str, Any]]:
    """Signatures that came after their last day."""
    limits, found = limits_of(ctx), []
    for one in tickets:
        for kind, name in (("foreman", "foreman_on"), ("production", "production_on"), ("manager", "approved_on")):
            if name in one.data:
                limit = crosschecks.due(date.fromisoformat(one.data["day"]), kind, limits)
                days = (date.fromisoformat(one.data[name]) - limit).days
                if days > 0:
                    found.append({"ticket": one, "who": findings.signer(kind), "days": days, "on": one.data[name]})
    return sorted(found, key=lambda line: -line["days"])


async def _reconciled(ctx: Context, first: date, last: date) -> list[dict[str, Any]]:
    """Men and days where hours on tickets exceed the hours present, or punches are missing; worst first."""
    if not ctx.can(ATTENDANCE, "read"):
        return []
    between = Condition("day", "ge", first.isoformat()), Condition("day", "le", last.isoformat())
    labels: dict[str, str] = {}
    claimed: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    async for one in every(ctx, TICKET, *between, labels=labels):
        for row in one.data.get("lines", ()) if one.data.get("status") != "void" else ():
            if row.get("worker"):
                claimed[row["worker"], date.fromisoformat(one.data["day"])] += hours_of(row)
    there = {}
    async for one in every(ctx, ATTENDANCE, *between):
        held = attendance_of(one.data)
        there[held.worker, held.day] = held, one.id
    tolerance, found = limits_of(ctx).tolerance, []
    for (worker, day), hours in claimed.items():
        held, id = there.get((worker, day), (None, ""))
        was = hours_between(held.spans) if held else ZERO
        piece = held.piece_hours if held else ZERO
        if hours + piece > was + tolerance or (held and not held.complete):
            found.append({
                "name": labels.get(worker, ""), "day": day, "claimed": hours, "was": was, "piece": piece,
                "over": hours + piece - was, "missing": held is not None and not held.complete, "id": id,
            })  # fmt: skip
    return sorted(found, key=lambda line: (-line["over"], line["day"]))
