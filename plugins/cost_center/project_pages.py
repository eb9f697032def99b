"""The pages of one project: its cost on the wall, its earned value sheet at any instant, a cost reversed."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import date, datetime
from typing import Any, TypeVar

from litestar import Request
from litestar.params import FromPath
from litestar.response import Response

from core import Condition, Context, Forbidden, Invalid, Problem, Query, Record, _, get, page, post, redirect
from plugins.cost_center import charts, dynamic, figures, sheets, status
from plugins.cost_center.links import links
from plugins.cost_center.rules import (
    ADJUSTMENT,
    BUDGET,
    CHANGE,
    CONTRACT,
    ENTRY,
    PERFORMANCE,
    PROJECT,
    SNAPSHOT,
)

Result = TypeVar("Result")
MODULE = "cost_center"
COUNTED = (BUDGET, ADJUSTMENT, CONTRACT, CHANGE, ENTRY, PERFORMANCE)


async def counted(sums: Awaitable[Result]) -> Result:
    """The sums, or a refusal where a field they need is hidden: half a sum would be a lie."""
    try:
        return await sums
    except Invalid as hidden:
        raise Forbidden(_("合计里有您无权查看的内容，不能显示。需要时请联系本单位的系统管理员。")) from hidden


def partial(ctx: Context) -> list[str]:
    """Titles of the forms of which the member reads a part only, to be said beside the sums."""
    return [ctx.forms.get(form).title for form in COUNTED if not ctx.sees_whole(form)]


def missing(found: status.Found) -> list[str]:
    """What the sheet cannot say and what to do, in words."""
    words = {
        "budget": _("没有冻结的预算，算不出计划值和挣值。"),
        "dates": _("预算明细和项目都没有起止日期，算不出计划值。"),
        "progress": _("还没有填报形象进度，算不出挣值；请填写“形象进度”。"),
        "schedule": _("“综合进度管控”没有启用；启用后挣值也可以取自进度计划。"),
    }
    return [words[code] for code in found.missing]


@get("/cost_center/{project:str}", permission="records")
async def project_page(ctx: Context, request: Request, project: FromPath[str]) -> Response:
    """One project: what is wrong, dynamic cost against target, S-curve, three-way comparison, by account and month."""
    record = await ctx.records.get(PROJECT, project)
    sums = await counted(figures.by(ctx, "account", project=project))
    accounts = await figures.tree(ctx, sums)
    months = await counted(figures.by_month(ctx, project=project))
    top = [line for line in accounts if line.depth == 0]
    view = request.query_params.get("view", "")
    data = {
        "project": record,
        "partial": partial(ctx),
        "lines": [(line, links(ctx, project, line.leaves)) for line in accounts],
        "total": figures.total(line.figures for line in top),
        "links": links(ctx, project),
        "alerts": await ctx.alerts.open(MODULE, project=project),
        "account_chart": charts.of_accounts(ctx, project, top),
        "month_chart": charts.of_months(ctx, months, project),
        "months": months,
        "view": view if view in sheets.VIEWS else "",
        **(await _deep(ctx, record, sums, view) if accounts else {}),
    }
    return page(ctx, "cost_center/project.html", data)


async def _deep(ctx: Context, project: Record, sums: dict[str, figures.Figures], view: str) -> dict[str, Any]:
    """Where it stands and what it is heading for."""
    known = await sheets.accounts(ctx)
    basis = await counted(status.basis(ctx, project))
    found = await counted(status.found(ctx, project, basis, status.present()))
    heading = await counted(dynamic.dynamic(ctx, project.id))
    three = await counted(dynamic.three_way(ctx, project.id, sums))
    factor = ctx.settings(MODULE)["eac_factor"]
    fields = ctx.forms.get("cost_center.account").fields
    return {
        "found": found,
        "missing": missing(found),
        "figures": {one.title: one for one in sheets.measures(found.status, factor)},
        "curve": sheets.curve(ctx, project.id, basis, found),
        "dynamic": sheets.dynamic_lines(ctx, project.id, heading, known),
        "dynamic_total": sheets.dynamic_total(heading),
        "three": sheets.three_lines(ctx, project.id, three, known),
        "three_total": sum(three.values(), dynamic.Three()),
        "quantities": sheets.quantity_lines(
            ctx, project.id, await counted(dynamic.quantities(ctx, project.id)), known
        ),
        "profit": sheets.profit(project, found.status, factor),
        "views": [(name, fields[name].title) for name in sheets.VIEWS if name in fields],
        "classified": [
            (head, one, links(ctx, project.id, ids)) for head, one, ids in sheets.classified(ctx, view, sums, known)
        ]
        if view in sheets.VIEWS and view in fields
        else [],
    }


@get("/cost_center/{project:str}/evm", permission="records")
async def earned_page(ctx: Context, request: Request, project: FromPath[str]) -> Response:
    """The earned value sheet at the instant that is asked for; now, if none is."""
    record = await ctx.records.get(PROJECT, project)
    asked, wrong = request.query_params.get("at", ""), ""
    at = status.present()
    try:
        at = datetime.fromisoformat(asked).replace(tzinfo=None) if asked else at
    except ValueError:
        wrong = _("看不懂这个时刻：{text}", text=asked[:40])
    basis = await counted(status.basis(ctx, record))
    found = await counted(status.found(ctx, record, basis, at))
    factor, known = ctx.settings(MODULE)["eac_factor"], await sheets.accounts(ctx)
    of = Query(where=(Condition("project", "eq", project),), sort=(("at", True),), limit=12)
    kept = (await ctx.records.list(SNAPSHOT, of)).records if ctx.can(SNAPSHOT, "read") else ()
    data = {
        "project": record,
        "partial": partial(ctx),
        "at": at.isoformat(timespec="minutes"),
        "wrong": wrong,
        "found": found,
        "missing": missing(found),
        "measures": sheets.measures(found.status, factor),
        "estimates": sheets.estimates(found.status),
        "lines": sheets.status_lines(ctx, project, found, known),
        "curve": sheets.curve(ctx, project, basis, found),
        "profit": sheets.profit(record, found.status, factor),
        "snapshots": kept,
        "local": status.local,
    }
    return page(ctx, "cost_center/evm.html", data)


@post("/cost_center/{project:str}/reverse", permission="records")
async def reverse(ctx: Context, request: Request, project: FromPath[str]) -> Response:
    """The opposite of a cost, dated today: what was posted stays, its effect is gone."""
    posted = await request.form()
    record = await ctx.records.get(ENTRY, str(posted.get("entry", "")))
    if record.data.get("project") != project:
        raise Invalid([Problem("entry", "other_project", _("这笔成本属于另一个项目。"))])
    kept = ("project", "account", "contract", "source", "source_ref", "supplier", "unit", "wbs")
    opposite = {name: -record.data[name] for name in ("amount_net", "tax", "quantity") if record.data.get(name)}
    made = await ctx.records.create(ENTRY, {
        **{name: record.data[name] for name in kept if name in record.data}, **opposite,
        "code": f"{record.data['code']}-R"[:60], "date": max(record.data["date"], date.today().isoformat()),
        "summary": _("冲销：{text}", text=record.data.get("summary", ""))[:200], "reverses": record.id,
    })  # fmt: skip
    return redirect(f"/forms/{ENTRY}/{made.id}")
