"""Pages of maintenance for its manager: what is wrong, what comes next, the trend; the calendar; the indicators."""

from __future__ import annotations

import calendar as months_of
from collections.abc import Awaitable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from litestar import Request
from litestar.response import Response

from core import Condition, Context, Forbidden, Invalid, MenuItem, Panel, Query, _, get, hookimpl, page
from plugins.maintenance import assets, figures, kpis, service
from plugins.maintenance.figures import BROKEN, Month, Period, listed, within
from plugins.maintenance.names import ASSET, FEE, FINISHED, OPEN, ORDER, PLAN, PLANNED, PROJECT, REPORT, every

Result = TypeVar("Result")
AHEAD, SHOWN = 14, 8  # days of what comes next; lines of what is wrong


@hookimpl
def register_routes() -> Sequence[Any]:
    return [overview, month_page, indicators_page, *assets.ROUTES]


@hookimpl
async def menu_items(ctx: Context) -> Sequence[MenuItem] | None:
    if not _may(ctx):
        return None
    return [
        MenuItem(_("运维总览"), "/maintenance", "tools"), MenuItem(_("养护日历"), "/maintenance/calendar", "calendar"),
        MenuItem(_("运维指标"), "/maintenance/indicators", "chart-line"),
        MenuItem(_("设施台账"), "/maintenance/ledger", "list-details"),
    ]  # fmt: skip


@hookimpl
async def home_panels(ctx: Context) -> Sequence[Panel] | None:
    """What is late and what comes this week; the rest stands above, with everybody's alerts."""
    if not _may(ctx):
        return None
    try:
        today = service.present().date()
        found = await figures.coming(ctx, today, today + timedelta(days=6))
        data = {"wrong": await figures.wrong(ctx), "coming": _to_do(found)[:SHOWN], "today": today}
    except Invalid:  # something that is counted is hidden from him: half a sum would be a lie
        return None
    return [Panel(_("后期运维"), "maintenance/home.html", data, order=40)]


def _may(ctx: Context) -> bool:
    return ctx.can(ORDER, "read") and ctx.can(ASSET, "read")


def _admit(ctx: Context) -> None:
    if not _may(ctx):
        raise Forbidden(_("您没有权限查看运维情况，请联系本单位的系统管理员。"))


async def counted(sums: Awaitable[Result]) -> Result:
    """The sums, or a refusal where a field they need is hidden: half a sum would be a lie."""
    try:
        return await sums
    except Invalid as hidden:
        raise Forbidden(_("统计里有您无权查看的内容，不能显示。需要时请联系本单位的系统管理员。")) from hidden


def missing(ctx: Context) -> list[str]:
    """What a neighbour that is off, or a right that is narrow, takes from the page."""
    found = []
    if "cost_center" not in ctx.enabled:
        found.append(_("“项目成本中心”没有打开，这里不能按项目分开看。"))
    partial = [ctx.forms.get(form).title for form in (ASSET, ORDER) if not ctx.sees_whole(form)]
    if partial:
        found.append(_("只统计您有权查看的部分：{forms}。", forms="、".join(partial)))
    return found


def _to_do(found: list[figures.Coming]) -> list[figures.Coming]:
    return [one for one in found if one.order is None or one.order.data["status"] in OPEN]


@get("/maintenance", permission="records")
async def overview(ctx: Context, request: Request) -> Response:
    """The page for the wall."""
    _admit(ctx)
    today = service.present().date()
    period = figures.last_year(today)
    late = (Condition("status", "in", OPEN), Condition("due", "lt", service.stored(service.present())))
    late_orders = await ctx.records.list(ORDER, Query(where=late, sort=(("due", False),), limit=SHOWN))
    by_month = await counted(figures.months(ctx, period))
    data = {
        "missing": missing(ctx), "wrong": await counted(figures.wrong(ctx)),
        "alerts": await ctx.alerts.open("maintenance"),
        "late": late_orders.records, "labels": late_orders.labels, "now": service.present(), "local": service.local,
        "coming": _to_do(await figures.coming(ctx, today, today + timedelta(days=AHEAD - 1))), "today": today,
        "known": kpis.indicators(await counted(figures.sums(ctx, period))), "links": links(period, None),
        "repair_chart": repair_chart(by_month, None), "time_chart": time_chart(by_month, None),
        "cost_chart": cost_chart(by_month, None), "shown": SHOWN, "assets": await ctx.records.count(ASSET),
    }  # fmt: skip
    return page(ctx, "maintenance/overview.html", data)


def _month(key: str) -> Period:
    year, month = map(int, key.split("-"))
    return Period(date(year, month, 1), date(year, month, months_of.monthrange(year, month)[1]))


def _finished_in(period: Period, project: str | None, *more: Condition) -> str:
    of = (Condition("project", "eq", project),) if project else ()
    return listed(ORDER, (Condition("status", "in", FINISHED), *within("finished_at", period), *more, *of), totals=True)


def repair_chart(found: dict[str, Month], project: str | None) -> dict[str, Any]:
    broken = Condition("kind", "in", BROKEN)
    return {
        "kind": "line", "categories": [*found],
        "series": [{
            "name": _("平均修复时间（小时）"), "values": [_rounded(one.mttr) for one in found.values()],
            "urls": [_finished_in(_month(key), project, broken) for key in found],
        }],
    }  # fmt: skip


def time_chart(found: dict[str, Month], project: str | None) -> dict[str, Any]:
    judged = Condition("on_time", "filled")
    return {
        "kind": "line", "categories": [*found],
        "series": [{
            "name": _("按时完成率（%）"), "values": [_rounded(one.on_time) for one in found.values()],
            "urls": [_finished_in(_month(key), project, judged) for key in found],
        }],
    }  # fmt: skip


def cost_chart(found: dict[str, Month], project: str | None) -> dict[str, Any]:
    return {
        "kind": "bar", "categories": [*found],
        "series": [{
            "name": _("维护费（元）"), "values": [one.cost for one in found.values()],
            "urls": [_finished_in(_month(key), project) for key in found],
        }],
    }  # fmt: skip


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, 1)


def links(period: Period, project: str | None) -> dict[str, str]:
    """The rows behind each indicator."""
    of = (Condition("project", "eq", project),) if project else ()
    begin, end = period.bounds
    broken, planned = Condition("kind", "in", BROKEN), Condition("kind", "in", PLANNED)
    due = (Condition("due", "ge", begin), Condition("due", "lt", end), Condition("kind", "in", PLANNED[:2]))
    asked = (*within("reported_at", period), broken, Condition("status", "ne", "cancelled"), *of)
    days = (Condition("due", "ge", period.since.isoformat()), Condition("due", "le", period.until.isoformat()))
    return {
        "compliance": listed(ORDER, (*due, Condition("status", "ne", "cancelled"), *of)),
        "mtbf": listed(ORDER, asked, totals=True),
        "mttr": _finished_in(period, project, broken),
        "availability": listed(ORDER, (*asked, Condition("down_hours", "filled")), totals=True),
        "planned": _finished_in(period, project, planned),
        "backlog_weeks": listed(ORDER, (Condition("status", "in", OPEN), *of), totals=True),
        "cost_per_asset": _finished_in(period, project),
        "cost_share": _finished_in(period, project),
        "first_time": _finished_in(period, project, broken, Condition("reopenings", "filled")),
        "on_time": _finished_in(period, project, broken, Condition("on_time", "filled")),
        "response": _finished_in(period, project, broken, Condition("responded", "filled")),
        "collected": listed(FEE, (*days, *of), totals=True),
        "answered": listed(REPORT, (*within("received_at", period), *of)),
        "resolution": listed(REPORT, (*within("received_at", period), Condition("visited", "eq", "true"), *of)),
        "satisfaction": listed(REPORT, (*within("received_at", period), Condition("satisfaction", "filled"), *of)),
    }


@get("/maintenance/indicators", permission="records")
async def indicators_page(ctx: Context, request: Request) -> Response:
    """The indicators of the last twelve months or of a year, of all projects or of one: the yearly report."""
    _admit(ctx)
    today = service.present().date()
    year, project = request.query_params.get("year", ""), request.query_params.get("project", "")
    named = ctx.forms.get(PROJECT) if "cost_center" in ctx.enabled and ctx.can(PROJECT, "read") else None
    record = await ctx.records.get(PROJECT, project) if project and named else None
    period = figures.last_year(today)
    if year.isascii() and year.isdigit() and 2000 <= int(year) <= today.year:
        period = Period(date(int(year), 1, 1), min(date(int(year), 12, 31), today))
    chosen = record.id if record else None
    sums = await counted(figures.sums(ctx, period, chosen))
    by_month = await counted(figures.months(ctx, period, chosen))
    data = {
        "missing": missing(ctx), "sums": sums, "known": kpis.indicators(sums), "links": links(period, chosen),
        "period": period, "year": year, "years": range(today.year, today.year - 5, -1), "project": record,
        "projects": [one async for one in every(ctx, PROJECT)] if named else [],
        "repair_chart": repair_chart(by_month, chosen), "time_chart": time_chart(by_month, chosen),
        "cost_chart": cost_chart(by_month, chosen),
    }  # fmt: skip
    return page(ctx, "maintenance/indicators.html", data)


@get("/maintenance/calendar", permission="records")
async def month_page(ctx: Context, request: Request) -> Response:
    """A month of orders and of what plans will call for."""
    _admit(ctx)
    today = service.present().date()
    first = _first_of(request.query_params.get("month", ""), today)
    weeks = months_of.Calendar().monthdatescalendar(first.year, first.month)
    found = await counted(figures.coming(ctx, weeks[0][0], weeks[-1][-1]))
    by_day: dict[date, list[figures.Coming]] = {}
    for one in found:
        by_day.setdefault(one.day, []).append(one)
    data = {
        "weeks": weeks, "by_day": by_day, "first": first, "today": today, "missing": missing(ctx),
        "before": f"{first - timedelta(days=1):%Y-%m}", "after": f"{first + timedelta(days=32):%Y-%m}",
        "plans": ctx.can(PLAN, "create"), "now": service.stored(service.present()),
    }  # fmt: skip
    return page(ctx, "maintenance/calendar.html", data)


def _first_of(text: str, today: date) -> date:
    try:
        wanted = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return wanted if 2000 <= wanted.year <= 2100 else today.replace(day=1)
