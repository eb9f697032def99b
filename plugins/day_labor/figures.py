"""What day labour comes to: by month, crew, trade, work, reason and party; what waits, what is late. No pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from core import Aggregate, Condition, Context, Query, Record, _
from plugins.day_labor import crosschecks
from plugins.day_labor.crosschecks import Finding, Site, due
from plugins.day_labor.loading import (
    CLAIM,
    COUNTED,
    CREW,
    MODULE,
    SUMMARY,
    TICKET,
    WAITS_FOR,
    every,
    limits_of,
    site,
    today,
)

ZERO = Decimal(0)
WINDOW = 62  # days back in which open tickets are looked through
ACCOUNT, ENTRY = "cost_center.account", "cost_center.entry"


@dataclass(frozen=True, slots=True)
class Sum:
    """Workdays and money of some tickets."""

    workdays: Decimal = ZERO
    amount: Decimal = ZERO
    tickets: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.workdays + other.workdays, self.amount + other.amount, self.tickets + other.tickets)

    @property
    def rate(self) -> Decimal | None:
        """What a workday cost on average."""
        return self.amount / self.workdays if self.workdays else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket that waits for a signature: whose, since which last day, how many days too long."""

    ticket: Record
    kind: str
    due: date
    days: int


async def sums(ctx: Context, *by: str, where: Sequence[Condition] = ()) -> dict[tuple[Any, ...], Sum]:
    """Approved tickets, by these fields."""
    query = Query(where=(Condition("status", "in", COUNTED), *where))
    wanted = [Aggregate("workdays", "sum", "workdays"), Aggregate("amount", "sum", "amount"), Aggregate("n", "count")]
    rows = await ctx.records.totals(TICKET, query, wanted, by=by)
    return {
        tuple(row[name] for name in by): Sum(Decimal(row["workdays"] or 0), Decimal(row["amount"] or 0), row["n"])
        for row in rows
    }


async def approved(ctx: Context, first: date, last: date, labels: dict[str, str], *more: Condition) -> list[Record]:
    """Approved tickets of the days, with the names of what they point to put into `labels`."""
    where = (
        Condition("day", "ge", first.isoformat()), Condition("day", "le", last.isoformat()),
        Condition("status", "in", COUNTED), *more,
    )  # fmt: skip
    return [one async for one in every(ctx, TICKET, *where, labels=labels)]


def grouped(tickets: Iterable[Record], key: Callable[[Record], str]) -> dict[str, Sum]:
    found: dict[str, Sum] = defaultdict(Sum)
    for one in tickets:
        found[key(one)] += Sum(Decimal(one.data.get("workdays", 0)), Decimal(one.data.get("amount", 0)), 1)
    return dict(sorted(found.items(), key=lambda pair: -pair[1].amount))


def by_trade(tickets: Iterable[Record]) -> dict[str, Sum]:
    """By the trade that each line is paid as."""
    found: dict[str, Sum] = defaultdict(Sum)
    for one in tickets:
        for line in one.data.get("lines", ()):
            found[line.get("trade", "")] += Sum(Decimal(line.get("workdays", 0)), Decimal(line.get("amount", 0)), 1)
    return dict(sorted(found.items(), key=lambda pair: -pair[1].amount))


def party_of(data: dict[str, Any], labels: dict[str, str]) -> str:
    """Who bears a ticket, by name."""
    if data.get("charged") == "sub":
        return labels.get(data.get("charged_company", ""), "") or data.get("charged_name") or _("未写明的责任单位")
    return (data.get("charged_name") or _("建设单位")) if data.get("charged") == "owner" else _("自行承担")


async def waiting(ctx: Context) -> list[Waiting]:
    """Every ticket that still wants a signature, the one that is late the longest first."""
    limits, now, found = limits_of(ctx), today(), []
    async for one in every(ctx, TICKET, Condition("status", "in", tuple(WAITS_FOR))):
        kind = WAITS_FOR[one.data["status"]]
        last = due(date.fromisoformat(one.data["day"]), kind, limits)
        found.append(Waiting(one, kind, last, max((now - last).days, 0)))
    return sorted(found, key=lambda one: (-one.days, one.due))


async def open_findings(ctx: Context) -> tuple[list[Finding], Site]:
    """What the checks find on tickets that are not approved yet. `ctx` must see everything: ask `ctx.system()`."""
    looked = await site(ctx, today() - timedelta(days=WINDOW), today())
    query = Condition("status", "in", tuple(WAITS_FOR))
    wanted = {one.id async for one in every(ctx, TICKET, query)}
    return crosschecks.check(looked, wanted), looked


async def seen_findings(ctx: Context) -> tuple[dict[str, list[Finding]], Site]:
    """The findings by ticket, of those tickets that the member may see: what is wrong is worked out over all."""
    found, looked = await open_findings(ctx.system())
    mine = {one.id async for one in every(ctx, TICKET, Condition("status", "in", tuple(WAITS_FOR)))}
    told: dict[str, list[Finding]] = defaultdict(list)
    for one in found:
        if one.ticket in mine:
            told[one.ticket].append(one)
    return dict(told), looked


async def unsummarised(ctx: Context) -> list[tuple[str, str, Sum]]:
    """(crew, month, sum) of approved tickets that no sheet has, of months that are over."""
    month = today().isoformat()[:7]
    query = Query(where=(Condition("status", "eq", "approved"),))
    wanted = [Aggregate("workdays", "sum", "workdays"), Aggregate("amount", "sum", "amount"), Aggregate("n", "count")]
    rows = await ctx.records.totals(TICKET, query, wanted, by=("crew", "day:month"))
    return sorted(
        (row["crew"], row["day:month"], Sum(Decimal(row["workdays"] or 0), Decimal(row["amount"] or 0), row["n"]))
        for row in rows
        if row["day:month"] and row["day:month"] < month and row["crew"]
    )


async def recovery(ctx: Context) -> tuple[Decimal, Decimal] | None:
    """(claimed, recovered) of all claims; None where the member may not see them."""
    if not ctx.can(CLAIM, "read"):
        return None
    wanted = [Aggregate("amount", "sum", "amount"), Aggregate("recovered", "sum", "recovered")]
    (row,) = await ctx.records.totals(CLAIM, Query(), wanted)
    return Decimal(row["amount"] or 0), Decimal(row["recovered"] or 0)


async def labour_shares(ctx: Context) -> dict[str, tuple[Decimal, Decimal]] | None:
    """project -> (day labour, all labour) as the cost center has them; None where it is off or not to be seen."""
    if "cost_center" not in ctx.enabled or not ctx.can(ENTRY, "read") or not ctx.can(ACCOUNT, "read"):
        return None
    head = ctx.settings(MODULE)["labor_account"] or ""
    labour = tuple([
        one.id async for one in every(ctx, ACCOUNT)
        if head and (one.data.get("code") == head or str(one.data.get("code", "")).startswith(f"{head}."))
    ])  # fmt: skip
    if not labour:
        return {}
    query = Query(where=(Condition("account", "in", labour),))
    rows = await ctx.records.totals(ENTRY, query, [Aggregate("sum", "sum", "amount_net")], by=("project", "source"))
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for row in rows:
        if row["project"]:
            mine, whole = found.get(row["project"], (ZERO, ZERO))
            amount = Decimal(row["sum"] or 0)
            found[row["project"]] = mine + (amount if row["source"] == "day_labor" else ZERO), whole + amount
    return found


async def crew_names(ctx: Context) -> dict[str, str]:
    return {one.id: one.data.get("name", "") async for one in every(ctx, CREW)}


async def sheets(ctx: Context, month: str) -> dict[str, Record]:
    """crew -> its sheet of the month."""
    found = {}
    async for one in every(ctx, SUMMARY, Condition("month", "eq", month)):
        if one.data.get("status") != "void":
            found[one.data["crew"]] = one
    return found


def months_back(count: int) -> list[str]:
    """The last `count` months, this one last."""
    day, found = today().replace(day=1), []
    for _one in range(count):
        found.append(day.isoformat()[:7])
        day = (day - timedelta(days=1)).replace(day=1)
    return found[::-1]


def total(parts: Iterable[Sum]) -> Sum:
    return sum(parts, Sum())


def by_month(found: dict[tuple[Any, ...], Sum], months: Sequence[str]) -> list[Sum]:
    return [replace(found.get((month,), Sum())) for month in months]
