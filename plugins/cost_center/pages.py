"""The cost center's overview of all projects, its panels, its place in the menu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request
from litestar.response import Response

from core import Context, Form, Invalid, MenuItem, Panel, Record, _, for_forms, get, hookimpl, page
from plugins.cost_center import charts, figures
from plugins.cost_center.bills import bring, bring_page
from plugins.cost_center.links import links
from plugins.cost_center.project_pages import MODULE, counted, earned_page, partial, project_page, reverse
from plugins.cost_center.rules import ENTRY, PROJECT


@hookimpl
def register_routes() -> Sequence[Any]:
    return [overview, bring_page, bring, project_page, earned_page, reverse]


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
@for_forms(PROJECT, ENTRY)
async def record_panels(ctx: Context, form: Form, record: Record) -> Sequence[Panel] | None:
    if form.name == ENTRY:
        may = ctx.can(ENTRY, "create") and record.data.get("project") and not record.data.get("reverses")
        return [Panel(_("冲销"), "cost_center/reverse.html", {"entry": record})] if may else None
    try:
        found = await figures.by(ctx, "project", project=record.id)
    except Invalid:  # as on the home page
        return None
    sums = found.get(record.id, figures.Figures())
    return [Panel(_("成本"), "cost_center/project_panel.html", {"project": record, "figures": sums})]


@get("/cost_center", permission="records")
async def overview(ctx: Context, request: Request) -> Response:
    """All projects: what is wrong, the four figures, by project and by month."""
    lines = await counted(_project_lines(ctx))
    months = await counted(figures.by_month(ctx))
    data = {
        "partial": partial(ctx),
        "lines": [(record, sums, links(ctx, record.id)) for record, sums in lines],
        "total": figures.total(sums for _record, sums in lines),
        "links": links(ctx, None),
        "alerts": await ctx.alerts.open(MODULE),
        "project_chart": charts.of_projects(ctx, lines),
        "month_chart": charts.of_months(ctx, months, None),
        "months": months,
        "basis": ctx.settings(MODULE)["basis"],
    }
    return page(ctx, "cost_center/overview.html", data)


async def _project_lines(ctx: Context) -> list[tuple[Record, figures.Figures]]:
    sums = await figures.by(ctx, "project")
    return [(record, sums.get(record.id, figures.Figures())) for record in await figures.projects(ctx)]
