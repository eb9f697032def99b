"""The cost center's alert rules: budget used, committed, cost without budget, contracts overrun."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from core import Aggregate, AlertRule, Context, Measure, Query, _, hookimpl
from plugins.cost_center import figures
from plugins.cost_center.links import links
from plugins.cost_center.outlook import outlook
from plugins.cost_center.rules import ACCOUNT, ADJUSTMENT, BUDGET, CHANGE, CONTRACT, ENTRY, PROJECT

NO_BUDGET = figures.Figures()
SUMMED = (PROJECT, ACCOUNT, BUDGET, ADJUSTMENT, CONTRACT, CHANGE, ENTRY)


@hookimpl
async def alerts(ctx: Context) -> Sequence[AlertRule]:
    """Thresholds a tenant starts with are those of common practice: 80, 90, 100 per cent of the budget."""
    used = {"yellow": Decimal(80), "orange": Decimal(90), "red": Decimal(100)}
    summed = {"watches": (PROJECT, BUDGET, ADJUSTMENT, CONTRACT, CHANGE, ENTRY), "reads": SUMMED}
    return [
        AlertRule(
            code="cost_center.incurred", title=_("项目成本接近或超出预算"), metric=_("已发生占预算"), unit="%",
            levels=used, strict=frozenset({"red"}), measure=_incurred, **summed,
        ),
        AlertRule(
            code="cost_center.incurred_account", title=_("科目成本接近或超出预算"), metric=_("已发生占预算"), unit="%",
            levels=used, strict=frozenset({"red"}), measure=_incurred_by_account, **summed,
        ),
        AlertRule(
            code="cost_center.committed", title=_("签约额接近或超出预算"), metric=_("已签约占预算"), unit="%",
            levels={"orange": Decimal(95), "red": Decimal(100)}, strict=frozenset({"red"}), measure=_committed,
            **summed,
        ),
        AlertRule(
            code="cost_center.unbudgeted", title=_("没有预算却已发生成本"), metric=_("已发生"), unit=_("元"),
            levels={"red": Decimal(0)}, strict=frozenset({"red"}), measure=_unbudgeted, **summed,
        ),
        AlertRule(
            code="cost_center.contract", title=_("合同项下的成本超出合同额"), metric=_("已发生占合同额"), unit="%",
            levels={"orange": Decimal(100), "red": Decimal(110)}, strict=frozenset({"orange", "red"}),
            measure=_contracts, watches=(CONTRACT, ENTRY), reads=(CONTRACT, ENTRY),
        ),
        *outlook(),
    ]  # fmt: skip


async def _incurred(ctx: Context) -> Iterable[Measure]:
    return await _of_projects(ctx, "incurred")


async def _committed(ctx: Context) -> Iterable[Measure]:
    return await _of_projects(ctx, "committed")


async def _of_projects(ctx: Context, part: Literal["incurred", "committed"]) -> list[Measure]:
    sums = await figures.by(ctx, "project")
    return [
        Measure(
            form=PROJECT, record=project.id, value=share, project=project.id, url=f"/cost_center/{project.id}",
            owner=project.data.get("manager"),
        )
        for project in await figures.projects(ctx)
        if (share := sums.get(project.id, NO_BUDGET).share(part)) is not None
    ]  # fmt: skip


async def _incurred_by_account(ctx: Context) -> Iterable[Measure]:
    return [
        _account(ctx, project, account, label, share)
        for project, account, label, sums in await _accounts(ctx)
        if (share := sums.share("incurred")) is not None
    ]


async def _unbudgeted(ctx: Context) -> Iterable[Measure]:
    """By account where the project has a budget that leaves the account out; else the whole project."""
    projects = await figures.by(ctx, "project")
    found = [
        Measure(form=PROJECT, record=id, value=sums.incurred, project=id, url=links(ctx, id)["incurred"])
        for id, sums in projects.items()
        if not sums.budget and sums.incurred > 0
    ]
    for project, account, label, sums in await _accounts(ctx):
        if not sums.budget and sums.incurred > 0 and projects.get(project, NO_BUDGET).budget:
            found.append(_account(ctx, project, account, label, sums.incurred))
    return found


def _account(ctx: Context, project: str, account: str, label: str, value: Decimal) -> Measure:
    url = links(ctx, project, (account,))["incurred"]
    return Measure(form=PROJECT, record=project, part=account, label=label, value=value, project=project, url=url)


async def _accounts(ctx: Context) -> list[tuple[str, str, str, figures.Figures]]:
    """(project, account, its name, figures) of every account that a project has budgeted or used."""
    names = await figures.account_names(ctx)
    sums = await figures.by_account(ctx)
    return [(project, account, names.get(account, ""), one) for (project, account), one in sums.items()]


async def _contracts(ctx: Context) -> Iterable[Measure]:
    """What was booked under a contract, against the contract, on the tenant's basis."""
    amount = f"amount_{ctx.settings('cost_center')['basis']}"
    rows = await ctx.records.totals(ENTRY, Query(), [Aggregate("spent", "sum", amount)], by=("contract",))
    spent = {row["contract"]: Decimal(row["spent"]) for row in rows if row["contract"] and row["spent"] is not None}
    found = []
    async for contract in figures.every(ctx, CONTRACT):
        worth = contract.data.get(amount)
        if contract.id in spent and worth:
            found.append(Measure(
                form=CONTRACT, record=contract.id, value=spent[contract.id] * 100 / Decimal(worth),
                project=contract.data.get("project"), url=f"/forms/{ENTRY}?where=contract:eq:{contract.id}&totals=1",
            ))  # fmt: skip
    return found
