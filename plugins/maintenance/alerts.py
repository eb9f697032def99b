"""The alert rules of maintenance: schemes and payers, late orders, warranties, stock, worn assets, funds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from core import Aggregate, AlertRule, Condition, Context, Measure, Query, _, hookimpl
from plugins.maintenance import service
from plugins.maintenance.names import (
    ASSET,
    FEE,
    FUND,
    MOVE,
    OPEN,
    ORDER,
    PART,
    PROJECT,
    REPORT,
    SCHEME,
    WARRANTY,
    every,
)
from plugins.maintenance.service import local, stored

REPEATED, SPENDING = 90, 182  # days looked back at: failures of one asset; what funds are spent a month
ANY: frozenset[Any] = frozenset({"yellow", "orange", "red"})
NONE: frozenset[Any] = frozenset()


@hookimpl
async def alerts(ctx: Context) -> Sequence[AlertRule]:
    """Thresholds a tenant starts with."""
    rules = [*_of_work(), *_of_things(), *_of_money()]
    if "cost_center" in ctx.enabled:
        rules.append(_rule(
            "no_scheme", _("有设施却没有获批的运维方案"), _("设施"), _without_scheme, _levels(orange=1),
            forms=(PROJECT, ASSET, SCHEME), unit=_("件"), strict=NONE,
        ))  # fmt: skip
    return rules


def _levels(**levels: int) -> dict[Any, Decimal]:
    return {name: Decimal(number) for name, number in levels.items()}


def _rule(
    code: str, title: str, metric: str, measure: Any, levels: dict[Any, Decimal], *, forms: tuple[str, ...],
    unit: str = "", below: bool = False, strict: frozenset[Any] = ANY,
) -> AlertRule:  # fmt: skip
    return AlertRule(
        code=f"maintenance.{code}", title=title, metric=metric, unit=unit, measure=measure, levels=levels,
        strict=strict, direction="below" if below else "above", watches=forms, reads=forms,
    )  # fmt: skip


def _of_work() -> list[AlertRule]:
    late, waits, answers = _levels(yellow=0, orange=3, red=7), _levels(orange=0, red=24), _levels(orange=0, red=72)
    again = _levels(orange=3, red=5)
    return [
        _rule("overdue", _("工单超期未完成"), _("超期"), _overdue, late, forms=(ORDER,), unit=_("天")),
        _rule("response", _("工单超时未响应"), _("超时"), _unanswered, waits, forms=(ORDER,), unit=_("小时")),
        _rule("report", _("报修投诉超期未答复"), _("超期"), _reports, answers, forms=(REPORT,), unit=_("小时")),
        _rule(
            "repeated", _("同一设施反复故障"), _("90 天内维修"), _repeated, again, forms=(ORDER, ASSET), unit=_("次"),
            strict=NONE,
        ),
    ]  # fmt: skip


def _of_things() -> list[AlertRule]:
    return [
        _rule(
            "warranty", _("质保快到期，到期前要检查一遍"), _("还剩"), _warranties, _levels(yellow=90, orange=30),
            forms=(WARRANTY,), unit=_("天"), below=True, strict=NONE,
        ),
        _rule(
            "condition", _("设施状况差"), _("状况评级"), _worn, _levels(orange=2, red=1), forms=(ASSET,), below=True,
            strict=NONE,
        ),
        _rule(
            "stock", _("备件低于最低库存"), _("占最低库存"), _short, _levels(orange=100, red=0), forms=(PART, MOVE),
            unit="%", below=True, strict=frozenset({"orange"}),
        ),
    ]  # fmt: skip


def _of_money() -> list[AlertRule]:
    return [
        _rule(
            "contract", _("运维合同快到期"), _("还剩"), _contracts, _levels(yellow=90, orange=30, red=0),
            forms=(SCHEME,), unit=_("天"), below=True, strict=frozenset({"red"}),
        ),
        _rule(
            "payer", _("运维方案有出资方没有确认"), _("未确认"), _payers, _levels(yellow=1), forms=(SCHEME,),
            unit=_("方"), strict=NONE,
        ),
        _rule(
            "funds", _("运维资金快用完"), _("还能用"), _funds, _levels(orange=6, red=3), forms=(SCHEME, FUND, FEE),
            unit=_("个月"), below=True, strict=NONE,
        ),
    ]  # fmt: skip


async def _overdue(ctx: Context) -> Iterable[Measure]:
    now, found = service.present(), []
    async for order in every(ctx, ORDER, Condition("status", "in", OPEN), Condition("due", "lt", stored(now))):
        data, due = order.data, local(order.data["due"])
        if data["status"] == "waiting" and data.get("pauses") and local(data["pauses"][-1]["from_at"]) <= due:
            continue  # its clock stands still
        days = Decimal((now - due).total_seconds()) / 86400
        found.append(Measure(
            form=ORDER, record=order.id, value=days, project=data.get("project"), owner=data.get("assignee"),
        ))  # fmt: skip
    return found


async def _unanswered(ctx: Context) -> Iterable[Measure]:
    now, found = service.present(), []
    waiting = Condition("status", "in", ("created", "assigned"))
    async for order in every(ctx, ORDER, waiting, Condition("respond_due", "lt", stored(now))):
        late = Decimal((now - local(order.data["respond_due"])).total_seconds()) / 3600
        found.append(Measure(
            form=ORDER, record=order.id, value=late, project=order.data.get("project"),
            owner=order.data.get("assignee"),
        ))  # fmt: skip
    return found


async def _reports(ctx: Context) -> Iterable[Measure]:
    now, found = service.present(), []
    open_ = Condition("status", "in", ("received", "handling"))
    async for report in every(ctx, REPORT, open_, Condition("due", "lt", stored(now))):
        late = Decimal((now - local(report.data["due"])).total_seconds()) / 3600
        found.append(Measure(form=REPORT, record=report.id, value=late, project=report.data.get("project")))
    return found


async def _warranties(ctx: Context) -> Iterable[Measure]:
    today, found = service.present().date(), []
    async for one in every(ctx, WARRANTY, Condition("until", "ge", today.isoformat())):
        until = date.fromisoformat(one.data["until"])
        checked = one.data.get("inspected")
        if not checked or (until - date.fromisoformat(checked)).days > REPEATED:
            days = Decimal((until - today).days)
            found.append(Measure(form=WARRANTY, record=one.id, value=days, project=one.data.get("project")))
    return found


async def _contracts(ctx: Context) -> Iterable[Measure]:
    today, found = service.present().date(), []
    async for one in every(ctx, SCHEME, Condition("status", "eq", "approved"), Condition("contract_end", "filled")):
        days = (date.fromisoformat(one.data["contract_end"]) - today).days
        found.append(Measure(form=SCHEME, record=one.id, value=Decimal(days), project=one.data.get("project")))
    return found


async def _payers(ctx: Context) -> Iterable[Measure]:
    found = []
    async for one in every(ctx, SCHEME, Condition("status", "in", ("submitted", "approved"))):
        open_ = sum(not row.get("confirmed") for row in one.data.get("funding", ()))
        found.append(Measure(form=SCHEME, record=one.id, value=Decimal(open_), project=one.data.get("project")))
    return found


async def _worn(ctx: Context) -> Iterable[Measure]:
    return [
        Measure(
            form=ASSET, record=one.id, value=Decimal(one.data["condition"]), project=one.data.get("project"),
            owner=one.data.get("keeper"),
        )
        async for one in every(ctx, ASSET, Condition("status", "ne", "scrapped"), Condition("condition", "filled"))
    ]  # fmt: skip


async def _repeated(ctx: Context) -> Iterable[Measure]:
    since = stored(service.present() - timedelta(days=REPEATED))
    where = (
        Condition("reported_at", "ge", since), Condition("kind", "in", ("corrective", "emergency")),
        Condition("status", "ne", "cancelled"), Condition("asset", "filled"),
    )  # fmt: skip
    rows = await ctx.records.totals(ORDER, Query(where=where), [Aggregate("n", "count")], by=("asset",))
    return [
        Measure(form=ASSET, record=row["asset"], value=Decimal(row["n"]),
                url=f"/forms/{ORDER}?where=asset:eq:{row['asset']}")
        for row in rows
    ]  # fmt: skip


async def _short(ctx: Context) -> Iterable[Measure]:
    return [
        Measure(form=PART, record=one.id, value=Decimal(one.data.get("stock", 0)) * 100 / Decimal(one.data["minimum"]))
        async for one in every(ctx, PART, Condition("minimum", "gt", 0))
    ]


async def balances(ctx: Context) -> dict[str, tuple[Decimal, Decimal]]:
    """(what is left, what is spent a month) by scheme: fees collected and other income less what was spent."""
    left: dict[str, Decimal] = {}
    for form, amount in ((FEE, "paid"), (FUND, "signed")):
        for row in await ctx.records.totals(form, Query(), [Aggregate("sum", "sum", amount)], by=("scheme",)):
            left[row["scheme"]] = left.get(row["scheme"], Decimal(0)) + Decimal(row["sum"] or 0)
    since = (service.present().date() - timedelta(days=SPENDING)).isoformat()
    spent_lately = Query(where=(Condition("direction", "eq", "out"), Condition("day", "ge", since)))
    rows = await ctx.records.totals(FUND, spent_lately, [Aggregate("sum", "sum", "amount")], by=("scheme",))
    spent = {row["scheme"]: Decimal(row["sum"] or 0) / 6 for row in rows}
    return {scheme: (amount, spent.get(scheme, Decimal(0))) for scheme, amount in left.items() if scheme}


async def _funds(ctx: Context) -> Iterable[Measure]:
    projects = {one.id: one.data.get("project") async for one in every(ctx, SCHEME)}
    return [
        Measure(form=SCHEME, record=scheme, value=max(left, Decimal(0)) / spent, project=projects[scheme],
                url=f"/forms/{FUND}?where=scheme:eq:{scheme}&totals=1")
        for scheme, (left, spent) in (await balances(ctx)).items()
        if spent > 0 and scheme in projects
    ]  # fmt: skip


async def _without_scheme(ctx: Context) -> Iterable[Measure]:
    """Projects with assets to keep: how many, where no scheme is approved."""
    approved = {one.data.get("project") async for one in every(ctx, SCHEME, Condition("status", "eq", "approved"))}
    rows = await ctx.records.totals(
        ASSET, Query(where=(Condition("project", "filled"),)), [Aggregate("n", "count")], by=("project",)
    )
    return [
        Measure(form=PROJECT, record=row["project"], value=Decimal(row["n"]), project=row["project"],
                url=f"/forms/{ASSET}?where=project:eq:{row['project']}")
        for row in rows
        if row["project"] not in approved
    ]  # fmt: skip
