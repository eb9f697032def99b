"""The alert rules of funding: gaps, late and idle money, payment ahead of work, what expires, wages that are late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from core import AlertRule, Context, Measure, _, hookimpl
from plugins.funding import figures
from plugins.funding.loading import (
    ALLOCATION,
    APPLICATION,
    GUARANTEE,
    MODULE,
    PAYROLL,
    PLAN,
    RECEIPT,
    SOURCE,
    TERM,
    WAGE_ACCOUNT,
    WAGE_DEPOSIT,
    ZERO,
    every,
    number,
    today,
)

FLOW = (SOURCE, RECEIPT, ALLOCATION)
D = Decimal


@hookimpl
async def alerts(ctx: Context) -> Sequence[AlertRule]:
    """Thresholds a tenant starts with."""
    return [*_of_money(), *_of_contracts(), *_of_wages()]


def _of_money() -> list[AlertRule]:
    days, soon = _("天"), {"yellow": D(90), "orange": D(30), "red": D(0)}
    late = {"yellow": D(7), "orange": D(15), "red": D(30)}
    planned = SOURCE, PLAN
    return [
        _rule("gap", _("资金来源在今后三个月有缺口"), _("缺口"), _("元"), {"red": D(0)}, _gaps, planned),
        _rule("late", _("资金没有按计划到账"), _("晚到"), days, late, _late, planned),
        _rule("idle", _("资金沉淀"), _("闲置"), days, {"yellow": D(90), "red": D(180)}, _idle, FLOW),
        _rule("expiring", _("资金快到使用截止日"), _("剩余"), days, soon, _expiring, (SOURCE,), below=True),
    ]


def _of_contracts() -> list[AlertRule]:
    days, late = _("天"), {"yellow": D(0), "orange": D(30), "red": D(60)}
    ends = {"yellow": D(30), "red": D(0)}
    return [
        _rule("ahead", _("付款超过已完成"), _("超前"), "%", {"red": D(0)}, _ahead, (TERM, APPLICATION)),
        _rule("overdue", _("应付账款逾期"), _("逾期"), days, late, _overdue, (APPLICATION,)),
        _rule("guarantee", _("保函或保证金快到期"), _("剩余"), days, ends, _guarantees, (GUARANTEE,), below=True),
    ]


def _of_wages() -> list[AlertRule]:
    days, late = _("天"), {"yellow": D(0), "red": D(30)}
    opened = {"orange": D(0)}
    return [
        _rule("wage_account", _("工资专户没有按期开立"), _("晚"), days, opened, _wage_accounts, (WAGE_ACCOUNT,)),
        _rule("wage_deposit", _("人工费没有按期拨到工资专户"), _("晚"), days, late, _deposits, (WAGE_DEPOSIT,)),
        _rule("wages", _("工人工资没有按月发放"), _("拖欠"), days, late, _payrolls, (PAYROLL,)),
    ]


def _rule(code, title, metric, unit, levels, measure, reads, *, below=False) -> AlertRule:
    strict = frozenset(level for level, value in levels.items() if value == 0 and not below)
    return AlertRule(
        code=f"{MODULE}.{code}",
        title=title,
        metric=metric,
        unit=unit,
        levels=levels,
        measure=measure,
        watches=reads,
        reads=reads,
        strict=strict,
        direction="below" if below else "above",
    )


async def _gaps(ctx: Context) -> Iterable[Measure]:
    """The deepest shortage of a source in the next three months: what is there plus what is planned."""
    now = today().isoformat()[:7]
    last = figures.month_after(now, 3)
    planned = [one for one in await figures.plans(ctx) if now < one.data["month"] <= last]
    found = []
    for source in await figures.sources(ctx):
        balance = lowest = number(source.data, "balance")
        for one in sorted((one for one in planned if one.data["source"] == source.id), key=_month):
            balance += number(one.data, "plan_in") - number(one.data, "plan_out")
            lowest = min(lowest, balance)
        if lowest < 0:
            url = f"/forms/{PLAN}?where=source:eq:{source.id}&totals=1"
            found.append(_of(source, -lowest, url=url))
    return found


def _month(plan) -> str:
    return plan.data["month"]


async def _late(ctx: Context) -> Iterable[Measure]:
    """Days since the end of the first month whose planned money has not come in."""
    now, found = today(), []
    planned = sorted(await figures.plans(ctx), key=_month)
    for source in await figures.sources(ctx):
        sum_, received = ZERO, number(source.data, "received")
        for one in planned:
            if one.data["source"] != source.id or one.data["month"] >= now.isoformat()[:7]:
                continue
            sum_ += number(one.data, "plan_in")
            if sum_ > received:
                due = date.fromisoformat(figures.month_after(one.data["month"], 1) + "-01") - timedelta(days=1)
                found.append(_of(source, D((now - due).days)))
                break
    return found


async def _idle(ctx: Context) -> Iterable[Measure]:
    days = await figures.idle(ctx, today())
    return [_of(one, days[one.id].quantize(D(1))) for one in await figures.sources(ctx) if one.id in days]


async def _expiring(ctx: Context) -> Iterable[Measure]:
    _guaranteed, ending = await figures.expiring(ctx, today() + timedelta(days=366))
    return [_of(one, _until(one.data["expiry"])) for one in ending]


async def _ahead(ctx: Context) -> Iterable[Measure]:
    found = await figures.standings(ctx)
    return [_of(one.term, one.ahead) for one in found if one.paid and one.ahead is not None]


async def _overdue(ctx: Context) -> Iterable[Measure]:
    return [_of(one, -_until(one.data["due"])) for one, _rest in await figures.payable(ctx) if one.data.get("due")]


async def _guarantees(ctx: Context) -> Iterable[Measure]:
    held, _ending = await figures.expiring(ctx, today() + timedelta(days=366))
    return [_of(one, _until(one.data["expiry"])) for one in held]


async def _wage_accounts(ctx: Context) -> Iterable[Measure]:
    allowed = int(D(ctx.settings(MODULE)["wage_days"]))
    found = []
    async for one in every(ctx, WAGE_ACCOUNT):
        due = date.fromisoformat(one.data["signed"]) + timedelta(days=allowed)
        if not one.data.get("opened"):
            found.append(_of(one, D((today() - due).days)))
    return found


async def _deposits(ctx: Context) -> Iterable[Measure]:
    return [
        _of(one, -_until(one.data["due"]))
        async for one in every(ctx, WAGE_DEPOSIT)
        if number(one.data, "paid") < number(one.data, "amount")
    ]


async def _payrolls(ctx: Context) -> Iterable[Measure]:
    """Days since the end of the month after the one that was worked."""
    found = []
    async for one in every(ctx, PAYROLL):
        if one.data["status"] not in ("paid", "void"):
            due = date.fromisoformat(figures.month_after(one.data["month"], 2) + "-01") - timedelta(days=1)
            found.append(_of(one, D((today() - due).days)))
    return found


def _until(day: str) -> Decimal:
    return D((date.fromisoformat(day) - today()).days)


def _of(record, value: Decimal, *, url: str = "") -> Measure:
    return Measure(form=record.form, record=record.id, value=value, project=record.data.get("project"), url=url)
