"""Stock of spare parts: what a move changes, and that nothing ever falls below zero, on any day, by any hand.

A move is posted once and never altered. While it is written its part is held, so that of two who take the last
piece at the same time one is told that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from core import Aggregate, Condition, Context, Problem, Query, Record, _
from plugins.maintenance.names import MOVE, PART

ZERO, CENT = Decimal(0), Decimal("0.01")
FIXED = ("part", "kind", "day", "quantity", "price", "order")


@dataclass(frozen=True, slots=True)
class Stock:
    """A part as its moves have it: on hand by the end of each day, reserved by order, worth."""

    days: tuple[tuple[str, Decimal], ...]  # (day, stock at its end), in order
    value: Decimal
    reserved: Mapping[str, Decimal]  # order -> what is kept for it
    issued: Mapping[str, tuple[Decimal, Decimal]]  # order -> (quantity, cost), what was returned taken off

    @property
    def on_hand(self) -> Decimal:
        return self.days[-1][1] if self.days else ZERO

    @property
    def kept(self) -> Decimal:
        return sum(self.reserved.values(), ZERO)

    def at(self, day: str) -> Decimal:
        return next((number for one, number in reversed(self.days) if one <= day), ZERO)

    def lowest_from(self, day: str) -> Decimal:
        """The least there was from the end of `day` on."""
        return min([self.at(day), *(number for one, number in self.days if one >= day)])

    def price(self) -> Decimal:
        """The moving average; what is not there costs nothing."""
        return self.value / self.on_hand if self.on_hand > 0 else ZERO


async def stock_of(ctx: Context, part: str) -> Stock:
    """The part's stock now, held until the open transaction ends."""
    records = ctx.system().records
    await records.hold(PART, part)
    where = Query(where=(Condition("part", "eq", part),))
    sums = [Aggregate("change", "sum", "change"), Aggregate("value", "sum", "value")]
    days, running, value = [], ZERO, ZERO
    rows = await records.totals(MOVE, where, sums, by=("day",))
    for row in sorted(rows, key=lambda one: one["day"]):
        running += Decimal(row["change"] or 0)
        value += Decimal(row["value"] or 0)
        days.append((row["day"], running))
    kept = [Aggregate("kept", "sum", "reserving")]
    of_orders = await records.totals(MOVE, where, kept, by=("order",))
    reserved = {row["order"]: Decimal(row["kept"] or 0) for row in of_orders}
    taken = Query(where=(*where.where, Condition("kind", "in", ("issue", "return"))))
    used = [Aggregate("change", "sum", "change"), Aggregate("cost", "sum", "order_cost")]
    issued = {
        row["order"]: (-Decimal(row["change"] or 0), Decimal(row["cost"] or 0))
        for row in await records.totals(MOVE, taken, used, by=("order",))
    }
    return Stock(tuple(days), value, {one: n for one, n in reserved.items() if one}, issued)


async def posted(ctx: Context, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a new move changes; of one that is posted already nothing is worked out again."""
    if "change" in data or not data.get("part"):
        return None
    return effect(data, await stock_of(ctx, data["part"]))


def effect(data: Mapping[str, Any], known: Stock) -> dict[str, Decimal]:
    kind, quantity, order = data["kind"], Decimal(data["quantity"]), data.get("order")
    change = reserving = value = ZERO
    if kind == "receive":
        change, value = quantity, _money(quantity * Decimal(data["price"]))
    elif kind == "issue":
        change = -quantity
        value = -known.value if quantity == known.on_hand else -_money(quantity * known.price())
        reserving = -min(quantity, known.reserved.get(order or "", ZERO))
    elif kind == "return":
        taken, cost = known.issued.get(order, (ZERO, ZERO))
        change, value = quantity, _money(quantity * (cost / taken if taken > 0 else known.price()))
    elif kind == "count":
        change = quantity - known.at(data["day"])
        value = -known.value if known.on_hand + change == 0 else _money(change * known.price())
    else:
        reserving = quantity if kind == "reserve" else -quantity
    charged = -value if kind in ("issue", "return") and order else ZERO
    return {"change": change, "reserving": reserving, "value": value, "order_cost": charged}


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


async def check_move(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    if before is not None:
        if any(before.data.get(name) != data.get(name) for name in FIXED):
            return [Problem("quantity", "posted", _("库存流水登记后不能修改；记错了请另记一笔退回或盘点。"))]
        return []
    return faults(data, await stock_of(ctx, data["part"]))


def faults(data: Mapping[str, Any], known: Stock) -> list[Problem]:
    """Why a new move cannot be; its part is held, so this stays true until it is stored."""
    kind, quantity, order = data["kind"], Decimal(data["quantity"]), data.get("order")
    change, reserving = Decimal(data["change"]), Decimal(data["reserving"])
    if quantity == 0 and kind != "count":
        return [Problem("quantity", "zero", _("“数量”要大于 0。"))]
    if change < 0 and known.lowest_from(data["day"]) + change < 0:
        left = max(known.lowest_from(data["day"]), ZERO)
        return [Problem("quantity", "stock", _("库存只有 {n}，不够这一笔；请核对数量或先入库。", n=f"{left:f}"))]
    free = known.on_hand - known.kept
    if (change < 0 or reserving > 0) and free + change - reserving < 0 and kind != "count":
        text = _("可用只有 {n}，其余已为别的工单预留。", n=f"{max(free, ZERO):f}")
        return [Problem("quantity", "reserved", text)]
    if kind == "release" and quantity > known.reserved.get(order or "", ZERO):
        return [Problem("quantity", "release", _("这张工单没有预留这么多。"))]
    if kind == "return" and order and quantity > known.issued.get(order, (ZERO, ZERO))[0]:
        return [Problem("quantity", "return", _("退回的比这张工单领用的还多，请检查。"))]
    return []


def posted_for_good() -> list[Problem]:
    return [Problem("", "posted", _("库存流水登记后不能删除；记错了请另记一笔退回或盘点。"))]
