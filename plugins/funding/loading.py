"""From records to the plain values of allocation and certificate; names of the forms, the day, the ledger's queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core import Condition, Context, NotFound, Query, Record
from plugins.funding.allocating import Lot
from plugins.funding.certificate import Before, Claim, Terms

MODULE = "funding"
SOURCE, ACCOUNT, PLAN, APPROPRIATION, RECEIPT, TERM, APPLICATION, PAYMENT, ALLOCATION, INVOICE, GUARANTEE = (
    f"funding.{name}"
    for name in (
        "source", "account", "plan", "appropriation", "receipt", "term", "application", "payment", "allocation",
        "invoice", "guarantee",
    )
)  # fmt: skip
WAGE_ACCOUNT, WAGE_DEPOSIT, PAYROLL, WAGE_SECURITY = (
    f"funding.{name}" for name in ("wage_account", "wage_deposit", "payroll", "wage_security")
)
CERTIFIED = ("approved", "closed")
ZERO = Decimal(0)
CHINA = ZoneInfo("Asia/Shanghai")
PAGE = 200


async def every(ctx: Context, form: str, *where: Condition) -> AsyncIterator[Record]:
    """All records of a form that the member may read; none where he may read none."""
    query = Query(where=where, limit=PAGE)
    while ctx.can(form, "read"):
        page = await ctx.records.list(form, query)
        for record in page.records:
            yield record
        if page.next is None:
            return
        query = replace(query, after=page.next)


def today() -> date:
    return datetime.now(CHINA).date()


def number(data: Mapping[str, Any], name: str) -> Decimal:
    value = data.get(name)
    return ZERO if value is None else Decimal(value)


async def found(ctx: Context, form: str, id: str | None) -> Record | None:
    """The record, or None where it is gone."""
    if not id:
        return None
    try:
        return await ctx.records.get(form, id)
    except NotFound:
        return None


def terms_of(data: Mapping[str, Any]) -> Terms:
    return Terms(
        price=number(data, "amount") + number(data, "changes"), ratio=number(data, "pay_ratio"),
        ceiling=number(data, "ceiling"), retention=ZERO if data.get("quality_guarantee") else number(data, "retention"),
        advance=number(data, "advance"), recovery=data.get("recovery") or "threshold",
        materials=number(data, "materials"), first=data.get("recovery_from") or 1,
        instalments=data.get("recovery_periods") or 1,
        settlement=Decimal(data["settlement"]) if data.get("settlement") is not None else None,
    )  # fmt: skip


def claim_of(data: Mapping[str, Any]) -> Claim:
    return Claim(
        kind=data.get("kind") or "progress", period=data.get("period") or 0,
        to_date=sum((number(data, name) for name in ("measured", "changes", "daywork", "adjustment")), ZERO),
        amount=number(data, "amount"),
        deductions=sum((number(data, name) for name in ("owner_material", "utilities", "penalties", "others")), ZERO),
        bonus=number(data, "bonus"), wages=number(data, "wage_paid"),
    )  # fmt: skip


async def before_of(ctx: Context, term: str, *, but: str = "") -> Before:
    """What of the contract is certified, `but` one application."""
    sums: dict[str, Decimal] = dict.fromkeys(Before.__slots__, ZERO)
    where = Condition("term", "eq", term), Condition("status", "in", CERTIFIED)
    async for one in every(ctx, APPLICATION, *where):
        if one.id == but:
            continue
        data = one.data
        for name in ("progress", "recovered", "withheld"):
            sums[name] += number(data, name)
        sums["net"] += number(data, "approved")
        if data["kind"] == "advance":
            sums["advance"] += number(data, "approved")
        elif data["kind"] == "retention":
            sums["released"] += number(data, "approved")
        else:
            sums["to_date"] = max(sums["to_date"], number(data, "to_date"))
    return Before(**sums)


async def lots_of(ctx: Context, *where: Condition) -> list[Lot]:
    """Every receipt as a lot with what was taken from it. `where` speaks of receipts and allocations alike."""
    moves: dict[str, list[tuple[date, Decimal]]] = {}
    async for one in every(ctx, ALLOCATION, *where):
        taken = date.fromisoformat(one.data["date"]), Decimal(one.data["amount"])
        moves.setdefault(one.data["receipt"], []).append(taken)
    receipts = [one async for one in every(ctx, RECEIPT, *where)]
    for one in receipts:
        if one.data.get("reverses"):
            taken = date.fromisoformat(one.data["date"]), -Decimal(one.data["amount"])
            moves.setdefault(one.data["reverses"], []).append(taken)
    sources = {one.id: one.data async for one in every(ctx, SOURCE)}
    return [
        Lot(
            one.id, one.data["source"], date.fromisoformat(one.data["date"]), Decimal(one.data["amount"]),
            tuple(moves.get(one.id, ())), _earmarks(sources.get(one.data["source"], {})),
            _day(sources.get(one.data["source"], {}).get("expiry")),
        )
        for one in receipts if not one.data.get("reverses")
    ]  # fmt: skip


def _earmarks(source: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(row["term"] for row in source.get("earmarks") or ())


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
