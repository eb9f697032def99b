"""The pages of progress control: all plans, one plan as a Gantt chart, its report, files in and out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from litestar import Request
from litestar.params import FromPath
from litestar.response import Response

from core import (
    Context,
    Forbidden,
    Form,
    Invalid,
    MenuItem,
    Panel,
    Problem,
    Record,
    _,
    for_forms,
    get,
    hookimpl,
    page,
    post,
    redirect,
)
from plugins.progress import baselines, bringing, figures, gantt, health, site_pages, transfer
from plugins.progress.plans import BASELINE, PLAN, TASK, Unschedulable, every, load
from plugins.progress.worktime import moment

SHOWN = 20  # late activities on a page


@hookimpl
def register_routes() -> Sequence[Any]:
    return [overview, *bringing.routes, plan_page, chart, move, link, take_baseline, report, export, *site_pages.routes]


@hookimpl
async def menu_items(ctx: Context) -> Sequence[MenuItem] | None:
    return [MenuItem(_("进度总览"), "/progress", "chart-line")] if ctx.can(PLAN, "read") else None


@hookimpl
async def home_panels(ctx: Context) -> Sequence[Panel] | None:
    """Where running plans stand; what is wrong with them stands above, with everybody's alerts."""
    if not ctx.can(PLAN, "read") or not ctx.can(TASK, "read"):
        return None
    data = {"lines": (await _lines(ctx, running=True))[:SHOWN], "at": at}
    return [Panel(_("进度"), "progress/home.html", data, order=30)]


@hookimpl
@for_forms(PLAN)
async def record_panels(ctx: Context, form: Form, record: Record) -> Sequence[Panel] | None:
    return [Panel(_("网络计划"), "progress/plan_panel.html", {"plan": record})]


@get("/progress", permission="records")
async def overview(ctx: Context, request: Request) -> Response:
    """All plans: how far, how late, and what is behind."""
    _admit(ctx)
    lines = await _lines(ctx)
    lates = [(line["plan"], late) for line in lines if line["figures"] for late in line["figures"].late]
    lates.sort(key=lambda pair: (not pair[1].critical, -pair[1].days))
    levels = {one.record: one.severity for one in await ctx.alerts.open("progress") if one.rule == "progress.finish"}
    data = {"lines": lines, "lates": lates[:SHOWN], "late_count": len(lates), "at": at, "levels": levels}
    return page(ctx, "progress/overview.html", data)


def _admit(ctx: Context) -> None:
    if not ctx.can(PLAN, "read") or not ctx.can(TASK, "read"):
        raise Forbidden(_("您没有权限查看进度计划，请联系本单位的系统管理员。"))


async def _lines(ctx: Context, *, running: bool = False) -> list[dict[str, Any]]:
    found = []
    async for plan in every(ctx, PLAN):
        if running and plan.data.get("status") != "running":
            continue
        try:
            line = {"plan": plan, "figures": figures.figures(await load(ctx, plan.id)), "wrong": ""}
        except Unschedulable as wrong:
            line = {"plan": plan, "figures": None, "wrong": wrong.message}
        found.append(line)
    return found


def at(instant: int) -> str:
    """A day of the plan, as shown."""
    return moment(instant).date().isoformat()


@get("/progress/{plan:str}", permission="records")
async def plan_page(ctx: Context, request: Request, plan: FromPath[str]) -> Response:
    loaded = await load(ctx, plan)
    data: dict[str, Any] = {"plan": loaded.plan, "at": at, "may": _may(ctx), "count": len(loaded.tasks)}
    try:
        data |= {"figures": figures.figures(loaded), "baseline": loaded.baseline_name, "wrong": ""}
    except Unschedulable as wrong:
        broken = [task for task in loaded.tasks if task.id in wrong.activities]
        data |= {"figures": None, "wrong": wrong.message, "broken": broken}
    return page(ctx, "progress/plan.html", data)


def _may(ctx: Context) -> dict[str, bool]:
    return {"change": ctx.can(TASK, "update"), "add": ctx.can(TASK, "create"), "freeze": ctx.can(BASELINE, "create")}


@get("/progress/{plan:str}/chart", permission="records")
async def chart(ctx: Context, request: Request, plan: FromPath[str]) -> Response[dict[str, Any]]:
    """What the Gantt chart draws."""
    return Response(gantt.drawing(await load(ctx, plan)))


@post("/progress/{plan:str}/move", permission="records")
async def move(ctx: Context, request: Request, plan: FromPath[str]) -> Response[dict[str, Any]]:
    """A bar was dragged: the activity changed, and the plan computed anew."""
    return Response(gantt.drawing(await gantt.move(ctx, plan, await request.form())), status_code=200)


@post("/progress/{plan:str}/link", permission="records")
async def link(ctx: Context, request: Request, plan: FromPath[str]) -> Response[dict[str, Any]]:
    """A link was drawn or taken away."""
    return Response(gantt.drawing(await gantt.link(ctx, plan, await request.form())), status_code=200)


@post("/progress/{plan:str}/baseline", permission="records")
async def take_baseline(ctx: Context, request: Request, plan: FromPath[str]) -> Response:
    posted = await request.form()
    await baselines.take(ctx, await load(ctx, plan), name=str(posted.get("name", "")).strip()[:80])
    return redirect(f"/progress/{plan}")


@get("/progress/{plan:str}/report", permission="records")
async def report(ctx: Context, request: Request, plan: FromPath[str]) -> Response:
    """For the meeting and for paper: S-curve, what is late and why, what comes next, health of the plan."""
    loaded = await load(ctx, plan)
    known = figures.figures(loaded)
    weeks = int(ctx.settings("progress")["look_ahead"] or 2)
    now = figures.now_of(loaded)
    soon = now + int(timedelta(weeks=weeks).total_seconds() // 60)
    names, planned, done = figures.curve(loaded)
    coming = [
        (task, loaded.schedule.dates[task.id])
        for task in loaded.tasks
        if task.id in loaded.network.place and "actual_finish" not in task.data
        and now <= loaded.schedule.dates[task.id].finish and loaded.schedule.dates[task.id].start <= soon
    ]  # fmt: skip
    data = {
        "plan": loaded.plan, "figures": known, "at": at, "weeks": weeks, "coming": coming[:200],
        "flaws": gantt.flaws(loaded), "tasks": loaded.by_id,
        "checks": health.check(loaded.network, loaded.schedule, loaded.baseline),
        "curve": _curve(names, planned, done), "labels": loaded.labels, "baseline": loaded.baseline_name,
    }  # fmt: skip
    return page(ctx, "progress/report.html", data)


def _curve(names: list[str], planned: list[Decimal], done: list[Decimal | None]) -> dict[str, Any]:
    return {
        "kind": "line",
        "categories": names,
        "series": [
            {"name": _("计划累计"), "values": [round(value, 1) for value in planned], "line": True},
            {"name": _("实际累计"), "values": [None if v is None else round(v, 1) for v in done], "line": True},
        ],
    }


@get("/progress/{plan:str}/export", permission="records")
async def export(ctx: Context, request: Request, plan: FromPath[str]) -> Response[bytes]:
    kind = request.query_params.get("kind", "mspdi")
    if kind not in transfer.SUFFIX:
        raise Invalid([Problem("kind", "unknown", _("没有这种文件：{kind}", kind=kind))])
    if not ctx.can(TASK, "export"):
        raise Forbidden(_("您没有权限导出，请联系本单位的系统管理员。"))
    loaded = await load(ctx, plan)
    name = quote(f"{loaded.plan.data.get('name', 'plan')}.{transfer.SUFFIX[kind]}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(transfer.write(loaded, kind), media_type=transfer.MIME[kind], headers=headers)  # type: ignore[arg-type]
