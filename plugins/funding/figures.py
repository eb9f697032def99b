"""What funding comes to: indicators, the cash flow of twelve months, what waits and what is late; no pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from core import Aggregate, Context, Query, Record
from plugins.funding.allocating import idle_days
from plugins.funding.loading import (
    ALLOCATION,
    APPLICATION,
    GUARANTEE,
    PLAN,
    RECEIPT,
    SOURCE,
    TERM,
    ZERO,
    every,
    lots_of,
    number,
)

BACK, AHEAD = 5, 6  # months around this one
PARTS = ("planned", "approved", "appropriated", "received", "paid", "balance")


@dataclass(frozen=True, slots=True)
class Month:
    name: str
    opening: Decimal
    income: Decimal
    outgo: Decimal
    actual: bool

    @property
    def closing(self) -> Decimal:
        return self.opening + self.income - self.outgo


@dataclass(frozen=True, slots=True)
class Standing:
    """One contract: what is certified, what is paid, the advance and the retention."""

    term: Record
    to_date: Decimal
    approved: Decimal
    paid: Decimal
    advance: Decimal
    recovered: Decimal
    withheld: Decimal
    released: Decimal

    @property
    def current(self) -> Decimal:
        return number(self.term.data, "current")

    @property
    def open_advance(self) -> Decimal:
        return self.advance - self.recovered

    @property
    def held(self) -> Decimal:
        return self.withheld - self.released

    @property
    def ahead(self) -> Decimal | None:
        """By how many points of the contract payment, its open advance left out, is ahead of certified work."""
        return (self.paid - self.open_advance - self.to_date) * 100 / self.current if self.current else None


def month_after(name: str, step: int) -> str:
    index = int(name[:4]) * 12 + int(name[5:]) - 1 + step
    return f"{index // 12}-{index % 12 + 1:02}"


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """Per cent; None without a whole."""
    return part * 100 / whole if whole else None


async def sources(ctx: Context) -> list[Record]:
    found = [one async for one in every(ctx, SOURCE)]
    return sorted(found, key=lambda one: one.data.get("code", ""))


def total(records: Iterable[Record]) -> dict[str, Decimal]:
    held = list(records)
    return {part: sum((number(one.data, part) for one in held), ZERO) for part in PARTS}


async def plans(ctx: Context) -> list[Record]:
    """The newest version of each month and source."""
    newest: dict[tuple[str, str], Record] = {}
    async for one in every(ctx, PLAN):
        key = one.data["month"], one.data["source"]
        if key not in newest or one.data["version"] > newest[key].data["version"]:
            newest[key] = one
    return list(newest.values())


async def sums(ctx: Context, form: str, *by: str) -> dict[tuple[Any, ...], Decimal]:
    if not ctx.can(form, "read"):
        return {}
    rows = await ctx.records.totals(form, Query(), [Aggregate("amount", "sum", "amount")], by=by)
    return {tuple(row[name] for name in by): Decimal(row["amount"]) for row in rows if row["amount"] is not None}


def roll(
    now: str,
    income: Mapping[str, Decimal],
    outgo: Mapping[str, Decimal],
    planned: Mapping[str, tuple[Decimal, Decimal]],
) -> list[Month]:
    """Twelve months around `now`: what happened replaces the plan; of the running month whichever is more."""
    months: list[Month] = []
    first = month_after(now, -BACK)
    opening = sum((amount for name, amount in income.items() if name < first), ZERO)
    opening -= sum((amount for name, amount in outgo.items() if name < first), ZERO)
    for step in range(BACK + AHEAD + 1):
        name = month_after(first, step)
        came, went = income.get(name, ZERO), outgo.get(name, ZERO)
        plan_in, plan_out = planned.get(name, (ZERO, ZERO))
        if name == now:
            came, went = max(came, plan_in), max(went, plan_out)
        elif name > now:
            came, went = plan_in, plan_out
        months.append(Month(name, opening, came, went, name <= now))
        opening = months[-1].closing
    return months


async def cash_flow(ctx: Context, today: date) -> list[Month]:
    planned: dict[str, tuple[Decimal, Decimal]] = {}
    for one in await plans(ctx):
        old_in, old_out = planned.get(one.data["month"], (ZERO, ZERO))
        planned[one.data["month"]] = old_in + number(one.data, "plan_in"), old_out + number(one.data, "plan_out")
    income = {name: amount for (name,), amount in (await sums(ctx, RECEIPT, "date:month")).items() if name}
    outgo = {name: amount for (name,), amount in (await sums(ctx, ALLOCATION, "date:month")).items() if name}
    return roll(today.isoformat()[:7], income, outgo, planned)


async def standings(ctx: Context) -> list[Standing]:
    terms = {one.id: one async for one in every(ctx, TERM)}
    held: dict[str, dict[str, Decimal]] = {
        id: dict.fromkeys(("to_date", "approved", "advance", "recovered", "withheld", "released"), ZERO) for id in terms
    }
    async for one in every(ctx, APPLICATION):
        data = one.data
        if data.get("status") not in ("approved", "closed") or data.get("term") not in held:
            continue
        mine, approved = held[data["term"]], number(data, "approved")
        mine["approved"] += approved
        mine["recovered"] += number(data, "recovered")
        mine["withheld"] += number(data, "withheld")
        if data["kind"] in ("advance", "retention"):
            mine["advance" if data["kind"] == "advance" else "released"] += approved
        else:
            mine["to_date"] = max(mine["to_date"], number(data, "to_date"))
    found = [Standing(terms[id], paid=number(terms[id].data, "paid"), **parts) for id, parts in held.items()]
    return sorted(found, key=lambda one: one.term.data.get("code", ""))


async def payable(ctx: Context) -> list[tuple[Record, Decimal]]:
    """Approved applications that are not paid in full, the earliest due first."""
    found = [
        (one, rest)
        async for one in every(ctx, APPLICATION)
        if one.data.get("status") == "approved"
        and (rest := number(one.data, "approved") - number(one.data, "paid")) > 0
    ]
    return sorted(found, key=lambda pair: pair[0].data.get("due", "9999"))


async def expiring(ctx: Context, until: date) -> tuple[list[Record], list[Record]]:
    """Guarantees that are not released, and sources with money left, that end by `until`."""
    last = until.isoformat()
    guarantees = [
        one async for one in every(ctx, GUARANTEE) if one.data["expiry"] <= last and not one.data.get("released")
    ]
    ending = [one for one in await sources(ctx) if one.data.get("expiry", "9999") <= last and _left(one) > 0]
    return sorted(guarantees, key=lambda one: one.data["expiry"]), sorted(ending, key=lambda one: one.data["expiry"])


def _left(source: Record) -> Decimal:
    return number(source.data, "balance")


async def idle(ctx: Context, today: date) -> dict[str, Decimal]:
    """Idle days by source."""
    lots: dict[str, list[Any]] = {}
    for lot in await lots_of(ctx):
        lots.setdefault(lot.source, []).append(lot)
    found = {source: idle_days(some, today) for source, some in lots.items()}
    return {source: days for source, days in found.items() if days is not None}


def aged(waiting: Iterable[tuple[Record, Decimal]], today: date) -> list[tuple[str, Decimal, int]]:
    """What is payable by age: (band, amount, how many): not due, 1-30, 31-60, more days late."""
    bands = {"open": [ZERO, 0], "30": [ZERO, 0], "60": [ZERO, 0], "more": [ZERO, 0]}
    for one, rest in waiting:
        late = (today - date.fromisoformat(one.data.get("due", today.isoformat()))).days
        band = bands["open" if late <= 0 else "30" if late <= 30 else "60" if late <= 60 else "more"]
        band[0], band[1] = band[0] + rest, band[1] + 1
    return [(name, Decimal(amount), int(count)) for name, (amount, count) in bands.items()]


async def cycle(ctx: Context) -> Decimal | None:
    """Days from approval to payment, on the average of what was paid."""
    approved = {one.id: one.data.get("approved_on") async for one in every(ctx, APPLICATION)}
    days, weight = ZERO, ZERO
    async for line in every(ctx, ALLOCATION):
        start = approved.get(line.data["application"])
        if start and number(line.data, "amount") > 0:
            took = max(date.fromisoformat(line.data["date"]) - date.fromisoformat(start), timedelta(0)).days
            days, weight = days + took * number(line.data, "amount"), weight + number(line.data, "amount")
    return days / weight if weight else None
