"""The pages of funding: what is wrong, what comes next, indicators, cash flow, where the money went; by contract."""

from __future__ import annotations

import calendar
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from litestar import Request
from litestar.response import Response

from core import Context, Forbidden, Form, Invalid, MenuItem, Panel, Record, _, for_forms, get, hookimpl, page
from plugins.funding import figures, flow
from plugins.funding.loading import (
    ALLOCATION,
    APPLICATION,
    MODULE,
    PAYMENT,
    PLAN,
    RECEIPT,
    SOURCE,
    TERM,
    number,
    today,
)

Result = TypeVar("Result")
COUNTED = (SOURCE, RECEIPT, PLAN, APPLICATION, PAYMENT, ALLOCATION)
SOON, LATER = 30, 90  # days ahead that the page looks


@hookimpl
def register_routes() -> Sequence[Any]:
    return [overview, contracts]


@hookimpl
async def menu_items(ctx: Context) -> Sequence[MenuItem] | None:
    if not ctx.can(SOURCE, "read"):
        return None
    return [
        MenuItem(_("资金总览"), "/funding", "chart-bar"),
        MenuItem(_("合同支付情况"), "/funding/contracts", "table"),
    ]


@hookimpl
async def home_panels(ctx: Context) -> Sequence[Panel] | None:
    if not ctx.can(SOURCE, "read"):
        return None
    try:
        data = {"total": figures.total(await figures.sources(ctx)), "waiting": await figures.payable(ctx)}
    except Invalid:  # something that is counted is hidden from him: half a sum would be a lie
        return None
    return [Panel(_("资金"), "funding/home.html", data, order=25)]


@hookimpl
@for_forms(SOURCE, PAYMENT)
async def record_panels(ctx: Context, form: Form, record: Record) -> Sequence[Panel] | None:
    """The money followed: from a source to whom it went, from a payment to where it came from."""
    field, other, far = ("source", "term", TERM) if form.name == SOURCE else ("payment", "source", SOURCE)
    try:
        sums = {
            key: amount
            for key, amount in (await figures.sums(ctx, ALLOCATION, field, other)).items()
            if key[0] == record.id
        }
    except Invalid:
        return None
    names = await ctx.records.names(far, [key[1] for key in sums])
    lines = [
        (names.get(to, ""), amount, _rows(f"{field}:eq:{record.id}", f"{other}:eq:{to}"))
        for (_own, to), amount in sums.items()
    ]
    title = _("付给了谁") if form.name == SOURCE else _("钱从哪里来")
    return [Panel(title, "funding/flow_panel.html", {"lines": lines})] if lines else None


@get("/funding", permission="records")
async def overview(ctx: Context, request: Request) -> Response:
    return page(ctx, "funding/overview.html", await _counted(_overview(ctx)))


@get("/funding/contracts", permission="records")
async def contracts(ctx: Context, request: Request) -> Response:
    """Payables by age; by contract what is certified and paid, the advance, the retention."""
    waiting = await _counted(figures.payable(ctx))
    data = {
        "partial": _partial(ctx, TERM, APPLICATION),
        "lines": await _counted(figures.standings(ctx)),
        "bands": figures.aged(waiting, today()),
        "waiting": waiting,
    }
    return page(ctx, "funding/contracts.html", data)


async def _overview(ctx: Context) -> dict[str, Any]:
    now = today()
    sources = await figures.sources(ctx)
    months = await figures.cash_flow(ctx, now)
    waiting = await figures.payable(ctx)
    guarantees, ending = await figures.expiring(ctx, now + timedelta(days=LATER))
    idle = await figures.idle(ctx, now)
    sums = figures.total(sources)
    left = sum(one.data.get("balance") or 0 for one in sources if one.id in idle)
    weighed = sum((one.data.get("balance") or 0) * idle[one.id] for one in sources if one.id in idle)
    soon = (now + timedelta(days=SOON)).isoformat()
    return {
        "partial": _partial(ctx, *COUNTED),
        "sources": sources,
        "total": sums,
        "today": now.isoformat(),
        "alerts": await ctx.alerts.open(MODULE),
        "waiting": [one for one in waiting if one[0].data.get("due", "") <= soon],
        "overdue": sum(1 for one, _rest in waiting if one.data.get("due", "9999") < now.isoformat()),
        "guarantees": guarantees,
        "ending": ending,
        "gaps": [one for one in months if one.closing < 0],
        "rates": _rates(sums),
        "idle": weighed / left if left else None,
        "cycle": await figures.cycle(ctx),
        "picture": (picture := await _picture(ctx, sources)),
        "flows": flow.rows(picture),
        "cash": _cash_chart(months),
        "months": months,
        "off": "cost_center" not in ctx.enabled,
    }


def _rates(sums: dict[str, Any]) -> list[tuple[str, Any, str, str]]:
    """(name, per cent, how it is reckoned, the rows behind)."""
    share = figures.share
    return [
        (_("到位率"), share(sums["received"], sums["planned"]), _("到账 ÷ 计划"), f"/forms/{RECEIPT}?totals=1"),
        (
            _("拨付率"),
            share(sums["appropriated"], sums["approved"]),
            _("已拨款 ÷ 批准"),
            "/forms/funding.appropriation?totals=1",
        ),
        (_("支付率"), share(sums["paid"], sums["received"]), _("支付 ÷ 到账"), f"/forms/{ALLOCATION}?totals=1"),
    ]


async def _picture(ctx: Context, sources: Sequence[Record]) -> flow.Picture:
    """From source to contract to payee, and what of each source is left."""
    first = await figures.sums(ctx, ALLOCATION, "source", "term")
    second = await figures.sums(ctx, ALLOCATION, "term", "payee")
    names = {f"s{one.id}": (one.data.get("name", ""), 0) for one in sources}
    titles = await ctx.records.names(TERM, {term for _source, term in first})
    names |= {f"t{term}": (title, 1) for term, title in titles.items()}
    names |= {f"p{payee}": (payee, 2) for _term, payee in second} | {"left": (_("结余"), 1)}
    links = [
        flow.Link(f"s{source}", f"t{term}", amount, _rows(f"source:eq:{source}", f"term:eq:{term}"))
        for (source, term), amount in first.items()
        if amount > 0
    ]
    links += [
        flow.Link(f"t{term}", f"p{payee}", amount, _rows(f"term:eq:{term}", f"payee:eq:{quote(payee)}"))
        for (term, payee), amount in second.items()
        if amount > 0
    ]
    links += [
        flow.Link(f"s{one.id}", "left", balance, f"/forms/{SOURCE}/{one.id}")
        for one in sources
        if (balance := number(one.data, "balance")) > 0
    ]
    return flow.draw(names, [one for one in links if one.source in names and one.target in names])


def _cash_chart(months: Sequence[figures.Month]) -> dict[str, Any]:
    return {
        "kind": "bar",
        "categories": [one.name for one in months],
        "series": [
            {
                "name": _("收入"),
                "values": [one.income for one in months],
                "urls": [_month(one, RECEIPT) for one in months],
            },
            {
                "name": _("支出"),
                "values": [one.outgo for one in months],
                "urls": [_month(one, ALLOCATION) for one in months],
            },
            {"name": _("月末结余"), "values": [one.closing for one in months], "line": True},
        ],
    }


def _month(month: figures.Month, form: str) -> str:
    if not month.actual:
        return f"/forms/{PLAN}?where=month:eq:{month.name}&totals=1"
    year, place = map(int, month.name.split("-"))
    last = calendar.monthrange(year, place)[1]
    return f"/forms/{form}?where=date:ge:{month.name}-01&where=date:le:{month.name}-{last:02}&totals=1"


def _rows(*where: str) -> str:
    return f"/forms/{ALLOCATION}?" + "&".join(f"where={one}" for one in where) + "&totals=1"


def _partial(ctx: Context, *forms: str) -> list[str]:
    """Titles of the forms of which the member reads a part only, to be said beside the sums."""
    return [ctx.forms.get(form).title for form in forms if not ctx.sees_whole(form)]


async def _counted(sums: Awaitable[Result]) -> Result:
    try:
        return await sums
    except Invalid as hidden:
        raise Forbidden(_("合计里有您无权查看的内容，不能显示。需要时请联系本单位的系统管理员。")) from hidden
