"""Dynamic cost against target, three-way comparison, price and quantity variance, by account; no pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core import Aggregate, Condition, Context, Query
from plugins.cost_center import figures
from plugins.cost_center.evm import ratio
from plugins.cost_center.figures import PENDING, SIGNED, ZERO, every
from plugins.cost_center.rules import CHANGE, CONTRACT, ENTRY
from plugins.cost_center.variance import Split, shared, split


@dataclass(frozen=True, slots=True)
class Dynamic:
    """What an account is heading for. `direct`: costs without a contract; `planned`: target that contracts took up."""

    target: Decimal = ZERO
    current: Decimal = ZERO  # contracts with their approved changes
    planned: Decimal = ZERO
    expected: Decimal = ZERO  # changes not yet approved, at their likelihood
    direct: Decimal = ZERO

    def __add__(self, other: Dynamic) -> Dynamic:
        return Dynamic(
            self.target + other.target, self.current + other.current, self.planned + other.planned,
            self.expected + other.expected, self.direct + other.direct,
        )  # fmt: skip

    @property
    def open(self) -> Decimal:
        """Target not yet under contract; costs booked without one use it up, and beyond it they count in full."""
        return max(self.target - self.planned, self.direct, ZERO)

    @property
    def dynamic(self) -> Decimal:
        return self.current + self.expected + self.open

    @property
    def variance(self) -> Decimal:
        return self.target - self.dynamic

    @property
    def share(self) -> Fraction | None:
        return ratio(self.dynamic, self.target)


@dataclass(frozen=True, slots=True)
class Three:
    bid: Decimal = ZERO
    target: Decimal = ZERO
    actual: Decimal = ZERO

    def __add__(self, other: Three) -> Three:
        return Three(self.bid + other.bid, self.target + other.target, self.actual + other.actual)

    @property
    def saving(self) -> Fraction | None:
        """(target − actual) / target."""
        return ratio(self.target - self.actual, self.target)


async def dynamic(ctx: Context, project: str) -> dict[str, Dynamic]:
    """By account; the frozen budget is the target."""
    found: dict[str, Dynamic] = defaultdict(Dynamic)
    for account, sums in (await figures.by(ctx, "account", project=project)).items():
        found[account] += Dynamic(target=sums.budget, current=sums.committed)
    basis, of = ctx.settings("cost_center")["basis"], Condition("project", "eq", project)
    expected: dict[str, Decimal] = defaultdict(Decimal)
    if ctx.can(CHANGE, "read"):
        pending = Query(where=(of, Condition("status", "in", PENDING)))
        rows = await ctx.records.totals(
            CHANGE, pending, [Aggregate("sum", "sum", f"expected_{basis}")], by=("contract",)
        )
        expected |= {row["contract"]: Decimal(row["sum"]) for row in rows if row["contract"] and row["sum"] is not None}
    async for contract in every(ctx, CONTRACT, Query(where=(of, Condition("status", "in", SIGNED)))):
        planned = Decimal(contract.data.get("plan_amount", contract.data[f"amount_{basis}"]))
        shares = [Decimal(line["share"]) for line in contract.data.get("split", [])] or [Decimal(100)]
        accounts = [line["account"] for line in contract.data.get("split", [])] or [contract.data["account"]]
        parts = zip(accounts, shared(planned, shares), shared(expected[contract.id], shares), strict=True)
        for account, part, more in parts:
            found[account] += Dynamic(planned=part, expected=more)
    if ctx.can(ENTRY, "read"):
        bare = Query(where=(of, Condition("contract", "empty")))
        rows = await ctx.records.totals(ENTRY, bare, [Aggregate("sum", "sum", f"amount_{basis}")], by=("account",))
        for row in rows:
            if row["account"] and row["sum"] is not None:
                found[row["account"]] += Dynamic(direct=Decimal(row["sum"]))
    return dict(found)


async def three_way(ctx: Context, project: str, actual: Mapping[str, figures.Figures]) -> dict[str, Three]:
    """Bid, target and actual by account; the target is the frozen budget with what was adjusted since."""
    found: dict[str, Three] = defaultdict(Three)
    async for line in figures.budget_lines(ctx, project, kind="bid"):
        found[line["account"]] += Three(bid=Decimal(line["amount"]))
    for account, sums in actual.items():
        found[account] += Three(target=sums.budget, actual=sums.incurred)
    return dict(found)


@dataclass(frozen=True, slots=True)
class Quantity:
    account: str
    unit: str
    planned: Decimal
    price: Fraction
    done: Decimal
    amount: Decimal
    effects: Split

    @property
    def actual_price(self) -> Fraction | None:
        return ratio(self.amount, self.done)


async def quantities(ctx: Context, project: str) -> list[Quantity]:
    """Accounts whose budget and costs are measured in one unit: the difference in price and in quantity so far."""
    if not ctx.can(ENTRY, "read"):
        return []
    basis = ctx.settings("cost_center")["basis"]
    units: dict[str, set[str]] = defaultdict(set)
    planned: dict[str, tuple[Decimal, Decimal]] = {}
    async for line in figures.budget_lines(ctx, project):
        quantity, amount = planned.get(line["account"], (ZERO, ZERO))
        units[line["account"]].add(line.get("unit") or "")
        planned[line["account"]] = quantity + Decimal(line.get("quantity") or 0), amount + Decimal(line["amount"])
    measured = Query(where=(Condition("project", "eq", project), Condition("quantity", "filled")))
    sums = [Aggregate("quantity", "sum", "quantity"), Aggregate("amount", "sum", f"amount_{basis}")]
    rows = await ctx.records.totals(ENTRY, measured, sums, by=("account", "unit"))
    done: dict[str, tuple[Decimal, Decimal]] = {}
    for row in rows:
        units[row["account"]].add(row["unit"] or "")
        done[row["account"]] = Decimal(row["quantity"]), Decimal(row["amount"] or 0)
    found = []
    for account, (quantity, amount) in done.items():
        was, worth = planned.get(account, (ZERO, ZERO))
        if len(units[account]) == 1 and was and quantity:
            price = Fraction(worth) / Fraction(was)
            effects = split(was, price, quantity, amount)
            found.append(Quantity(account, units[account].pop(), was, price, quantity, amount, effects))
    return found
