"""The cost center's pages and panels: overview of all projects, one project, what is wrong on the home page."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from litestar import Request
from litestar.params import FromPath
from litestar.response import Response

from core import Context, Forbidden, Form, Invalid, MenuItem, Panel, Record, _, for_forms, get, hookimpl, page
from plugins.cost_center import figures
from plugins.cost_center.links import links, month_link
from plugins.cost_center.rules import BUDGET, CONTRACT, ENTRY, PROJECT

Result = TypeVar("Result")
MODULE = "cost_center"


@hookimpl
def register_routes() -> Sequence[Any]:
    return [overview, project_page]


@hookimpl
async def menu_items(ctx: Context) -> Sequence[MenuItem] | None:
    if not ctx.can(PROJECT, "read"):
        return None
    return [MenuItem(_("成本总览"), "/cost_center", "chart-bar")]


@hookimpl
async def home_panels(ctx: Context) -> Sequence[Panel] | None:
    """Where the projects stand; what is wrong with them stands above, with everybody's alerts."""
    if not ctx.can(PROJECT, "read"):
        return None
    try:
        lines = await _project_lines(ctx)
    except Invalid:  # something that is counted is hidden from him: half a sum would be a lie
        return None
    data = {"total": figures.total(sums for _record, sums in lines), "count": len(lines)}
    return [Panel(_("项目成本"), "cost_center/home.html", data, order=20)]


@hookimpl
@for_forms(PROJECT)
async def record_panels(ctx: Context, form: Form, record: Record) -> Sequence[Panel] | None:
    try:
        found = await figures.by(ctx, "project", project=record.id)
    except Invalid:  # as on the home page
        return None
    sums = found.get(record.id, figures.Figures())
    return [Panel(_("成本"), "cost_center/project_panel.html", {"project": record, "figures": sums})]


@get("/cost_center", permission="records")
async def overview(ctx: Context, request: Request) -> Response:
    """All projects: what is wrong, the four figures, by project and by month."""
    lines = await _counted(_project_lines(ctx))
    months = await _counted(figures.by_month(ctx))
    data = {
        "partial": _partial(ctx),
        "lines": [(record, sums, links(ctx, record.id)) for record, sums in lines],
        "total": figures.total(sums for _record, sums in lines),
        "links": links(ctx, None),
        "alerts": await ctx.alerts.open(MODULE),
        "project_chart": _project_chart(ctx, lines),
        "month_chart": _month_chart(ctx, months, None),
        "months": months,
        "basis": ctx.settings(MODULE)["basis"],
    }
    return page(ctx, "cost_center/overview.html", data)


@get("/cost_center/{project:str}", permission="records")
async def project_page(ctx: Context, request: Request, project: FromPath[str]) -> Response:
    """One project: figures by account of the tree and by month."""
    record = await ctx.records.get(PROJECT, project)
    accounts = await figures.tree(ctx, await _counted(figures.by(ctx, "account", project=project)))
    months = await _counted(figures.by_month(ctx, project=project))
    top = [line for line in accounts if line.depth == 0]
    data = {
        "project": record,
        "partial": _partial(ctx),
        "lines": [(line, links(ctx, project, line.leaves)) for line in accounts],
        "total": figures.total(line.figures for line in top),
        "links": links(ctx, project),
        "alerts": await ctx.alerts.open(MODULE, project=project),
        "account_chart": _account_chart(ctx, project, top),
        "month_chart": _month_chart(ctx, months, project),
        "months": months,
    }
    return page(ctx, "cost_center/project.html", data)


async def _counted(sums: Awaitable[Result]) -> Result:
    """The sums, or a refusal where a field they need is hidden: half a sum would be a lie."""
    try:
        return await sums
    except Invalid as hidden:
        raise Forbidden(_("合计里有您无权查看的内容，不能显示。需要时请联系本单位的系统管理员。")) from hidden


def _partial(ctx: Context) -> list[str]:
    """Titles of the forms of which the member reads a part only, to be said beside the sums."""
    return [ctx.forms.get(form).title for form in (BUDGET, CONTRACT, ENTRY) if not ctx.sees_whole(form)]


async def _project_lines(ctx: Context) -> list[tuple[Record, figures.Figures]]:
    sums = await figures.by(ctx, "project")
    return [(record, sums.get(record.id, figures.Figures())) for record in await figures.projects(ctx)]


def _bars(names: list[str], sums: list[figures.Figures], urls: list[dict[str, str]]) -> dict[str, Any]:
    parts = (("budget", _("预算")), ("committed", _("已签约")), ("incurred", _("已发生")))
    return {
        "kind": "bar",
        "horizontal": True,
        "categories": names,
        "series": [
            {"name": title, "values": [getattr(f, part) for f in sums], "urls": [u[part] for u in urls]}
            for part, title in parts
        ],
    }


def _project_chart(ctx: Context, lines: list[tuple[Record, figures.Figures]]) -> dict[str, Any]:
    shown = sorted(lines, key=lambda line: -line[1].budget)[:12]
    names = [record.data.get("name", "") for record, _sums in shown]
    return _bars(names, [sums for _record, sums in shown], [links(ctx, record.id) for record, _sums in shown])


def _account_chart(ctx: Context, project: str, top: list[figures.AccountLine]) -> dict[str, Any]:
    return _bars(
        [line.name for line in top], [line.figures for line in top], [links(ctx, project, line.leaves) for line in top]
    )


def _month_chart(ctx: Context, months: list[tuple[str, Decimal]], project: str | None) -> dict[str, Any]:
    running, sums = Decimal(0), []
    for _month, amount in months:
        running += amount
        sums.append(running)
    of_month = [month_link(ctx, month, project) for month, _amount in months]
    until = [month_link(ctx, month, project, since=True) for month, _amount in months]
    return {
        "kind": "bar",
        "categories": [month for month, _amount in months],
        "series": [
            {"name": _("当月发生"), "values": [amount for _month, amount in months], "urls": of_month},
            {"name": _("累计"), "values": sums, "line": True, "urls": until},
        ],
    }
