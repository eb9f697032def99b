"""What the cost center counts: budget, committed, incurred, by project, account and month; no pages.

Terms (domain C4): committed is the sum of signed contracts; incurred is accrual, the sum of cost entries;
remaining = budget - incurred; uncommitted = budget - committed. Every figure is a sum of rows the member may read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from core import Aggregate, Condition, Context, Query, Record, _
from plugins.cost_center.rules import ACCOUNT, BUDGET, CONTRACT, ENTRY, PROJECT

SIGNED = ("effective", "executing", "completed", "settled")
Level = Literal["yellow", "orange", "red"]
ZERO = Decimal(0)


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
class Warning:
    level: Level
    subject: str  # id of the project or account
    name: str
    part: Literal["committed", "incurred"]
    share: Decimal | None  # per cent; None: spent without any budget
    threshold: Decimal | None


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account of the tree with the sum of itself and all below it."""

    id: str
    code: str
    name: str
    depth: int
    leaves: tuple[str, ...]  # ids of the accounts whose rows make up the figures
    figures: Figures


async def by(ctx: Context, group: Literal["project", "account"], *, project: str | None = None) -> dict[str, Figures]:
    """Figures by project or by (leaf) account, of one project or of all."""
    basis = ctx.settings("cost_center")["basis"]
    found: dict[str, Figures] = {}
    signed = Query(where=(Condition("status", "in", SIGNED), *_of(project)))
    for owner, amount in await _sums(ctx, CONTRACT, signed, f"amount_{basis}", group):
        found[owner] = found.get(owner, Figures()) + Figures(committed=amount)
    for owner, amount in await _sums(ctx, ENTRY, Query(where=_of(project)), f"amount_{basis}", group):
        found[owner] = found.get(owner, Figures()) + Figures(incurred=amount)
    # asked for by what is read below, so that rights hide budgets here as they hide rows from sums
    frozen = (Condition("status", "eq", "frozen"), Condition("project", "filled"), Condition("lines", "filled"))
    async for budget in _all(ctx, BUDGET, Query(where=(*frozen, *_of(project)))):
        for owner, amount in _budgeted(budget, group):
            found[owner] = found.get(owner, Figures()) + Figures(budget=amount)
    return found


async def by_month(ctx: Context, *, project: str | None = None) -> list[tuple[str, Decimal]]:
    """[(YYYY-MM, incurred in it)], in order of time; months without entries are left out."""
    basis = ctx.settings("cost_center")["basis"]
    return sorted(await _sums(ctx, ENTRY, Query(where=_of(project)), f"amount_{basis}", "date:month"))


async def projects(ctx: Context) -> list[Record]:
    return [record async for record in _all(ctx, PROJECT, Query(sort=(("code", False),)))]


async def tree(ctx: Context, leaf_figures: Mapping[str, Figures]) -> list[AccountLine]:
    """The accounts in tree order, each with what it and its descendants sum to; empty branches left out."""
    accounts = [record async for record in _all(ctx, ACCOUNT, Query(sort=(("code", False),)))]
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


def warnings(named: Iterable[tuple[str, str, Figures]], thresholds: Mapping[str, Any]) -> list[Warning]:
    """The worst level reached by each (id, name, figures), red first, then by share."""
    found = []
    for subject, name, figures in named:
        for part in ("incurred", "committed"):
            warning = _warning(subject, name, figures, part, thresholds)
            if warning:
                found.append(warning)
    severity = {"red": 0, "orange": 1, "yellow": 2}
    return sorted(found, key=lambda w: (severity[w.level], w.share is not None, -(w.share or ZERO), w.name))


def _warning(
    subject: str, name: str, figures: Figures, part: Literal["committed", "incurred"], thresholds: Mapping[str, Any]
) -> Warning | None:
    share = figures.share(part)
    if share is None:
        unplanned = getattr(figures, part) > 0
        return Warning("red", subject, name, part, None, None) if unplanned and part == "incurred" else None
    for level in ("red", "orange", "yellow"):
        threshold = thresholds.get(f"{part}_{level}")
        # the limit itself still fits the budget; the levels below warn as soon as they are reached
        if threshold is not None and (share > threshold if level == "red" else share >= threshold):
            return Warning(level, subject, name, part, share, Decimal(threshold))
    return None


def _of(project: str | None) -> tuple[Condition, ...]:
    return (Condition("project", "eq", project),) if project else ()


def _budgeted(budget: Record, group: str) -> list[tuple[str, Decimal]]:
    lines = budget.data.get("lines", [])
    if group == "project":
        return [(budget.data["project"], sum((Decimal(line["amount"]) for line in lines), ZERO))]
    return [(line["account"], Decimal(line["amount"])) for line in lines]


async def _sums(ctx: Context, form: str, query: Query, field: str, group: str) -> list[tuple[str, Decimal]]:
    if not ctx.can(form, "read"):
        return []
    rows = await ctx.records.totals(form, query, [Aggregate("amount", "sum", field)], by=(group,))
    return [(row[group], Decimal(row["amount"])) for row in rows if row[group] and row["amount"] is not None]


async def _all(ctx: Context, form: str, query: Query):
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
