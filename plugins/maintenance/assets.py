"""Pages about assets: the ledger, sheets of QR labels, and the page that a label opens, where faults are reported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import segno
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response
from markupsafe import Markup

from core import (
    Aggregate,
    Condition,
    Context,
    Forbidden,
    Form,
    Invalid,
    Panel,
    Query,
    Record,
    _,
    for_forms,
    get,
    hookimpl,
    page,
    post,
    redirect,
)
from plugins.maintenance import kpis, service
from plugins.maintenance.names import ASSET, FINISHED, OPEN, ORDER, PROJECT, REPORT, SCHEME, WARRANTY, every

A_SHEET, MOST_LABELS, MOST_ASSETS = 24, 240, 500
PHOTOS, PHOTO_BYTES = 3, 8 * 1024 * 1024
YEAR = Decimal("365.25")


def address(ctx: Context, request: Request, asset: str) -> str:
    """What the label of an asset says: where its page is."""
    site = ctx.installation.public_url or str(request.base_url).rstrip("/")
    return f"{site}/maintenance/a/{asset}"


def drawn(text: str) -> Markup:
    """A QR code as part of a page; of a scratched label a quarter may be gone."""
    code = segno.make_qr(text, error="q")
    return Markup(code.svg_inline(scale=1, border=2, omitsize=True, svgclass="qr", lineclass=None))


@hookimpl
@for_forms(ASSET, PROJECT)
async def record_panels(ctx: Context, form: Form, record: Record) -> Sequence[Panel] | None:
    if form.name == PROJECT:
        return await _project_panel(ctx, record)
    try:
        data = {"asset": record, **await _worth(ctx, record)}
    except Invalid:  # something that is counted is hidden from him
        return None
    return [Panel(_("二维码与费用"), "maintenance/asset_panel.html", data)]


async def _project_panel(ctx: Context, record: Record) -> Sequence[Panel] | None:
    if not ctx.can(ASSET, "read") or not ctx.can(ORDER, "read"):
        return None
    of = Condition("project", "eq", record.id)
    schemes = [one async for one in every(ctx, SCHEME, of)]
    data = {
        "project": record, "schemes": schemes, "assets": await ctx.records.count(ASSET, Query(where=(of,))),
        "open": await ctx.records.count(ORDER, Query(where=(of, Condition("status", "in", OPEN)))),
    }  # fmt: skip
    return [Panel(_("后期运维"), "maintenance/project_panel.html", data)]


async def _worth(ctx: Context, asset: Record) -> dict[str, Any]:
    """What an asset is still worth, and what it has cost by years since it was taken into service."""
    data, today = asset.data, service.present().date()
    cost, life, since = data.get("cost"), data.get("design_life"), data.get("installed")
    where = (Condition("asset", "eq", asset.id), Condition("status", "in", FINISHED))
    wanted = [Aggregate("cost", "sum", "cost")]
    rows = await ctx.records.totals(ORDER, Query(where=where), wanted, by=("finished_at:month",))
    begun = date.fromisoformat(since).year if since else today.year
    yearly = [Decimal(cost or 0)] + [Decimal(0)] * max(today.year - begun, 0)
    for row in rows:
        place = int((row["finished_at:month"] or f"{today:%Y-%m}")[:4]) - begun
        if 0 <= place < len(yearly):
            yearly[place] += Decimal(row["cost"] or 0)
    rate = Decimal(ctx.settings("maintenance")["discount"] or 0)
    return {
        "value": book_value(data, today),
        "life_cycle": kpis.life_cycle_cost(yearly, rate),
        "rate": rate,
        "life": life,
    }


def book_value(data: Any, today: date) -> Decimal | None:
    if data.get("cost") is None or not data.get("design_life") or not data.get("installed"):
        return None
    years = Decimal((today - date.fromisoformat(data["installed"])).days) / YEAR
    return kpis.book_value(Decimal(data["cost"]), data["design_life"], years)


def _chosen(ctx: Context, request: Request) -> tuple[Query, dict[str, str]]:
    """The assets asked for by the address: ids, class, project."""
    asked = {name: request.query_params.get(name, "") for name in ("ids", "class", "project")}
    where = [Condition("status", "ne", "scrapped")]
    where += [Condition("_id", "in", tuple(asked["ids"].split(",")[:MOST_LABELS]))] if asked["ids"] else []
    classes = {choice.value for choice in ctx.forms.get(ASSET).fields["class"].choices}
    where += [Condition("class", "eq", asked["class"])] if asked["class"] in classes else []
    where += [Condition("project", "eq", asked["project"])] if asked["project"] else []
    return Query(where=tuple(where), sort=(("code", False),)), asked


async def _choices(ctx: Context, asked: dict[str, str]) -> dict[str, Any]:
    named = "cost_center" in ctx.enabled and ctx.can(PROJECT, "read")
    return {
        "classes": ctx.forms.get(ASSET).fields["class"].choices, "asked": asked,
        "projects": [one async for one in every(ctx, PROJECT)] if named else [],
    }  # fmt: skip


def _admit(ctx: Context) -> None:
    if not ctx.can(ASSET, "read"):
        raise Forbidden(_("您没有权限查看设施，请联系本单位的系统管理员。"))


@get("/maintenance/labels", permission="records")
async def labels(ctx: Context, request: Request) -> Response:
    """A4 sheets of labels, three by eight, for the assets asked for."""
    _admit(ctx)
    query, asked = _chosen(ctx, request)
    found = []
    async for asset in every(ctx, ASSET, query=query):
        found.append((asset, drawn(address(ctx, request, asset.id))))
        if len(found) == MOST_LABELS:
            break
    sheets = [found[start : start + A_SHEET] for start in range(0, len(found), A_SHEET)]
    count = await ctx.records.count(ASSET, query)
    data = {"sheets": sheets, "count": count, "shown": len(found), **await _choices(ctx, asked)}
    return page(ctx, "maintenance/labels.html", data)


@get("/maintenance/ledger", permission="records")
async def ledger(ctx: Context, request: Request) -> Response:
    """All assets with their worth, cost, open orders and warranty, for paper too."""
    _admit(ctx)
    query, asked = _chosen(ctx, request)
    found = []
    async for asset in every(ctx, ASSET, query=query):
        found.append(asset)
        if len(found) == MOST_ASSETS:
            break
    count = [Aggregate("n", "count")]
    open_ = Query(where=(Condition("status", "in", OPEN), Condition("asset", "filled")))
    rows = await ctx.records.totals(ORDER, open_, count, by=("asset",)) if ctx.can(ORDER, "read") else []
    until = Query(where=(Condition("asset", "filled"), Condition("until", "filled")))
    last = [Aggregate("until", "max", "until")]
    ends = await ctx.records.totals(WARRANTY, until, last, by=("asset",)) if ctx.can(WARRANTY, "read") else []
    today = service.present().date()
    data = {
        "lines": [(one, book_value(one.data, today)) for one in found], "today": today.isoformat(),
        "open": {row["asset"]: row["n"] for row in rows}, "until": {row["asset"]: row["until"] for row in ends},
        "count": await ctx.records.count(ASSET, query), **await _choices(ctx, asked),
    }  # fmt: skip
    return page(ctx, "maintenance/ledger.html", data)


@get("/maintenance/a/{asset:str}", permission="records")
async def asset_page(ctx: Context, request: Request, asset: FromPath[str]) -> Response:
    """What a label opens: the asset at a glance, and a form to say what is wrong with it."""
    return await _asset_page(ctx, request, asset, {})


async def _asset_page(
    ctx: Context, request: Request, id: str, typed: dict[str, str], *, wrong: dict[str, str] | None = None
) -> Response:
    asset = await ctx.records.get(ASSET, id)
    of = Condition("asset", "eq", asset.id)
    open_ = [one async for one in every(ctx, ORDER, of, Condition("status", "in", OPEN))]
    today = service.present().date().isoformat()
    data = {
        "asset": asset, "labels": await ctx.records.labels(ASSET, [asset]), "open": open_, "typed": typed,
        "warranties": [one async for one in every(ctx, WARRANTY, of, Condition("until", "ge", today))],
        "may_report": ctx.can(REPORT, "create"), "wrong": wrong or {}, "done": request.query_params.get("done", ""),
        "code": drawn(address(ctx, request, asset.id)), "urgencies": ctx.forms.get(REPORT).fields["urgency"].choices,
        "fields": ctx.forms.get(ASSET).fields, "photos": PHOTOS,
    }  # fmt: skip
    return page(ctx, "maintenance/asset.html", data, status=422 if wrong else 200)


@post("/maintenance/a/{asset:str}/report", permission="records", body_limit=PHOTOS * PHOTO_BYTES + 64 * 1024)
async def report(ctx: Context, request: Request, asset: FromPath[str]) -> Response:
    """A fault reported where it stands; the order is made by the job that every report causes."""
    held = await ctx.records.get(ASSET, asset)
    posted = await request.form()
    typed = {name: str(posted.get(name, "")).strip() for name in ("title", "content", "urgency", "phone")}
    uploads = [one for one in posted.getall("photos", []) if isinstance(one, UploadFile) and one.filename]
    data: dict[str, Any] = {name: value for name, value in typed.items() if value}
    data |= {"asset": held.id, "channel": "qr", "kind": "fault", "reporter": ctx.member.name}
    data |= {name: held.data[name] for name in ("project", "position") if held.data.get(name)}
    if not typed["urgency"]:
        data["urgency"] = "ordinary"
    try:
        if uploads:
            data["photos"] = [await ctx.files.put(one.filename, _pieces(one)) for one in uploads[:PHOTOS]]
        made = await ctx.records.create(REPORT, data)
    except Invalid as refused:
        wrong = {problem.field.partition(".")[0]: problem.message for problem in refused.problems}
        return await _asset_page(ctx, request, asset, typed, wrong=wrong)
    finally:
        for one in uploads:
            await one.close()
    return redirect(f"/maintenance/a/{asset}?done={made.data.get('code', '')}")


async def _pieces(upload: UploadFile) -> AsyncIterator[bytes]:
    while piece := await upload.read(64 * 1024):
        yield piece


ROUTES = (labels, ledger, asset_page, report)
