"""What the cost center counts: budget, committed, incurred, by project, account and month; no pages.

Terms (domain C4): committed is the sum of signed contracts; incurred is accrual, the sum of cost entries;
remaining = budget - incurred; uncommitted = budget - committed. Every figure is a sum of rows the member may read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from core import Aggregate, Condition, Context, Query, Record, _
from plugins.cost_center.rules import ACCOUNT, ADJUSTMENT, BUDGET, CHANGE, CONTRACT, ENTRY, PROJECT
from plugins.cost_center.variance import shared

SIGNED = ("effective", "executing", "completed", "settled")
PENDING = ("submitted", "supervisor", "owner")  # changes on their way
ZERO = Decimal(0)
EVERYTHING = Query()
Group = Literal["project", "account"]


@dataclass(frozen=True, slots=True)
class Figures:
    """Amounts in 元. `budget` is 0 where no budget is frozen."""

    budget: Decimal = ZERO
    committed: Decimal = ZERO
    incurred: Decimal = ZERO

    def __add__(self, other: Figures) -> Figures:
        return Figures(self.budget + other.budget, self.committed + other.committed, self.incurred + other.incurred)

    @property
    def remaining(self) -> Decimal:
        return self.budget - self.incurred

    @property
    def uncommitted(self) -> Decimal:
        return self.budget - self.committed

    def share(self, part: Literal["committed", "incurred"]) -> Decimal | None:
        """Per cent of the budget; None without a budget, never infinity."""
        return getattr(self, part) * 100 / self.budget if self.budget else None


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account of the tree with the sum of itself and all below it."""

    id: str
    code: str
    name: str
    depth: int
    leaves: tuple[str, ...]  # ids of the accounts whose rows make up the figures
    figures: Figures


async def by(ctx: Context, group: Group, *, project: str | None = None) -> dict[str, Figures]:
    """Figures by project or by (leaf) account, of one project or of all."""
    return {owner: sums for (owner,), sums in (await _by(ctx, (group,), project)).items()}


async def by_account(ctx: Context) -> dict[tuple[str, str], Figures]:
    """Figures by (project, leaf account), of all projects."""
    return dict((await _by(ctx, ("project", "account"), None)).items())  # type: ignore[arg-type]


async def _by(ctx: Context, groups: tuple[Group, ...], project: str | None) -> dict[tuple[str, ...], Figures]:
    basis = ctx.settings("cost_center")["basis"]
    found: dict[tuple[str, ...], Figures] = {}
    async for owners, amount in _committed(ctx, project, basis):
        owner = tuple(owners[group] for group in groups)
        found[owner] = found.get(owner, Figures()) + Figures(committed=amount)
    for owner, amount in await _sums(ctx, ENTRY, Query(where=_of(project)), f"amount_{basis}", *groups):
        found[owner] = found.get(owner, Figures()) + Figures(incurred=amount)
    async for line in budget_lines(ctx, project):
        owner = tuple(line[group] for group in groups)
        found[owner] = found.get(owner, Figures()) + Figures(budget=Decimal(line["amount"]))
    return found


async def budget_lines(ctx: Context, project: str | None, *, kind: str = "") -> AsyncIterator[dict[str, Any]]:
    """The lines of frozen budgets and of what was approved since to adjust them, each with its project.

    `kind` asks for the last budget of that kind instead, whatever its state but a draft, as it was made.
    """
    # asked for by what is read below, so that rights hide budgets here as they hide rows from sums
    filled = (Condition("project", "filled"), Condition("lines", "filled"), *_of(project))
    made = (Condition("kind", "eq", kind), Condition("status", "ne", "draft"))
    wanted = made if kind else (Condition("status", "eq", "frozen"),)
    budgets = [one async for one in every(ctx, BUDGET, Query(where=(*wanted, *filled), sort=(("date", True),)))]
    for budget in budgets[:1] if kind and project else budgets:
        for line in budget.data.get("lines", []):
            yield {**line, "project": budget.data["project"]}
    if kind:
        return
    frozen = {one.id for one in budgets}
    approved = (Condition("status", "eq", "approved"), Condition("budget", "filled"), *filled)
    async for change in every(ctx, ADJUSTMENT, Query(where=approved)):
        for line in change.data.get("lines", []) if change.data["budget"] in frozen else ():
            yield {**line, "project": change.data["project"], "adjusts": True}


async def _committed(
    ctx: Context, project: str | None, basis: str
) -> AsyncIterator[tuple[dict[str, str], Decimal]]:
    """Signed contracts and the changes approved to them, by project and account; those that are split, split."""
    signed = (Condition("status", "in", SIGNED), *_of(project))
    plain = Query(where=(*signed, Condition("split", "empty")))
    for (owner, account), amount in await _sums(ctx, CONTRACT, plain, f"amount_{basis}", "project", "account"):
        yield {"project": owner, "account": account}, amount
    split = {}
    async for contract in every(ctx, CONTRACT, Query(where=(*signed, Condition("split", "filled")))):
        split[contract.id] = contract
        for account, part in _split(contract, Decimal(contract.data[f"amount_{basis}"])):
            yield {"project": contract.data["project"], "account": account}, part
    counted = Query(where=(Condition("status", "in", ("approved", "settled")), *_of(project)))
    for (owner, account, id), amount in await _sums(
        ctx, CHANGE, counted, f"counted_{basis}", "project", "account", "contract"
    ):
        for part_account, part in _split(split[id], amount) if id in split else [(account, amount)]:
            yield {"project": owner, "account": part_account}, part


def _split(contract: Record, amount: Decimal) -> list[tuple[str, Decimal]]:
    lines = contract.data["split"]
    parts = shared(amount, [Decimal(line["share"]) for line in lines])
    return [(line["account"], part) for line, part in zip(lines, parts, strict=True)]


async def by_month(ctx: Context, *, project: str | None = None) -> list[tuple[str, Decimal]]:
    """[(YYYY-MM, incurred in it)], in order of time; months without entries are left out."""
    basis = ctx.settings("cost_center")["basis"]
    rows = await _sums(ctx, ENTRY, Query(where=_of(project)), f"amount_{basis}", "date:month")
    return sorted((month, amount) for (month,), amount in rows)


async def projects(ctx: Context) -> list[Record]:
    return [record async for record in every(ctx, PROJECT, Query(sort=(("code", False),)))]


async def tree(ctx: Context, leaf_figures: Mapping[str, Figures]) -> list[AccountLine]:
    """The accounts in tree order, each with what it and its descendants sum to; empty branches left out."""
    accounts = [record async for record in every(ctx, ACCOUNT, Query(sort=(("code", False),)))]
    children: dict[str | None, list[Record]] = {}
    known = {account.id for account in accounts}
    for account in accounts:
        parent = account.data.get("parent")
        children.setdefault(parent if parent in known else None, []).append(account)
    lines: list[AccountLine] = []

    def walk(account: Record, depth: int) -> AccountLine:
        place = len(lines)
        own = leaf_figures.get(account.id, Figures())
        line = AccountLine(
            account.id, account.data.get("code", ""), account.data.get("name", ""), depth, (account.id,), own
        )
        lines.append(line)
        for child in children.get(account.id, []):
            below = walk(child, depth + 1)
            line = replace(line, leaves=line.leaves + below.leaves, figures=line.figures + below.figures)
        lines[place] = line
        return line

    for root in children.get(None, []):
        walk(root, 0)
    unknown = tuple(leaf for leaf in leaf_figures if leaf not in known)
    if unknown:  # in the bin, or not for this member to see: left out, the sum would not be the rows'
        rest = total(leaf_figures[leaf] for leaf in unknown)
        lines.append(AccountLine("", "", _("其他科目（已删除或无权查看）"), 0, unknown, rest))
    return [line for line in lines if line.figures != Figures()]


def total(figures: Iterable[Figures]) -> Figures:
    return sum(figures, Figures())


def _of(project: str | None) -> tuple[Condition, ...]:
    return (Condition("project", "eq", project),) if project else ()


async def _sums(
    ctx: Context, form: str, query: Query, field: str, *groups: str
) -> list[tuple[tuple[str, ...], Decimal]]:
    if not ctx.can(form, "read"):
        return []
    rows = await ctx.records.totals(form, query, [Aggregate("amount", "sum", field)], by=groups)
    owned = [(tuple(row[group] for group in groups), row["amount"]) for row in rows]
    return [(owner, Decimal(amount)) for owner, amount in owned if all(owner) and amount is not None]


async def account_names(ctx: Context) -> dict[str, str]:
    """Code and name of every account that may be seen, by id."""
    return {one.id: f"{one.data.get('code', '')} {one.data.get('name', '')}" async for one in every(ctx, ACCOUNT)}


async def every(ctx: Context, form: str, query: Query = EVERYTHING) -> AsyncIterator[Record]:
    """Every record the query finds, as far as it may be seen."""
    if not ctx.can(form, "read"):
        return
    query = replace(query, limit=200)
    while True:
        page = await ctx.records.list(form, query)
        for record in page.records:
            yield record
        if page.next is None:
            return
        query = replace(query, after=page.next)
