"""A list as a file: at once, or written by a job whose progress its page shows, where the list is long."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.response import Stream

from core.context import Context
from core.errors import NotFound
from core.i18n import _
from core.records import parse_query
from core.records.transfer import LONG, MIME, export, export_columns, exports, start_export
from core.web import FromPath, Request, get, page, post, redirect, restored
from ui.pages.files import attachment

COUNTED = 100_000
ASKED = ("where", "filter", "sort", "q")  # what of a list's address says which records it shows


@get("/forms/{form:str}/export", permission="records")
async def export_list(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any] | Stream:
    """The list of the address: first its columns and kind to choose from; with `kind`, the file."""
    found = ctx.forms.get(form)
    query = parse_query(found, request.query_params, me=ctx.member.id)
    kind = request.query_params.get("kind")
    if kind in MIME:
        names = request.query_params.getall("column", [])
        pieces = await export(ctx, form, query, kind=kind, names=names)  # type: ignore[arg-type]
        headers = {"Content-Disposition": attachment(f"{found.title}.{kind}")}
        return Stream(pieces, media_type=MIME[kind], headers=headers)
    columns = [column for column in export_columns(ctx, found) if not column.by_key]
    listed = request.query_params.get("columns", "").split(",")
    chosen = [column.name for column in columns if column.name in listed] or [column.name for column in columns]
    kept = _asked(request.query_params)
    number = await ctx.records.count(form, query, bound=COUNTED, action="export")
    values = {
        "form": found, "columns": columns, "chosen": chosen, "kept": kept, "back": _list(form, kept),
        "number": number, "long": number.number > LONG,
    }  # fmt: skip
    return page(ctx, "transfer/export.html", values)


def _asked(params: Any) -> list[tuple[str, str]]:
    return [(name, value) for name in ASKED for value in params.getall(name, []) if value]


def _list(form: str, asked: list[tuple[str, str]]) -> str:
    return f"/forms/{form}?{urlencode(asked)}"


@post("/forms/{form:str}/export", permission="records")
async def begin(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """Have a job write the list, and go to where its progress is shown."""
    posted = await request.form()
    kind = posted.get("kind")
    if restored(request) or kind not in MIME:
        return redirect(f"/forms/{form}/export")
    job = await start_export(ctx, form, _asked(posted), kind=kind, names=posted.getall("column", []))  # type: ignore[arg-type]
    return redirect(f"/forms/{form}/export/{job}")


@get("/forms/{form:str}/export/{job:str}", permission="records")
async def show(ctx: Context, form: FromPath[str], job: FromPath[str]) -> Response[Any]:
    """How far the file is; to htmx, which asks every second until it is there, that alone."""
    found = ctx.forms.get(form)
    one = await ctx.jobs.get(job)
    if not exports(one, form):
        raise NotFound(_("没有这个任务。"))
    file = None
    if one.state == "done":
        try:
            file = await ctx.files.get(one.result["file"])
        except NotFound:
            file = None  # kept two days; or somebody else's
    values = {"form": found, "job": one, "file": file, "place": f"/forms/{form}/export"}
    return page(ctx, "transfer/exporting.html", values, block="step")


@post("/forms/{form:str}/export/{job:str}/cancel", permission="records")
async def cancel(ctx: Context, request: Request, form: FromPath[str], job: FromPath[str]) -> Response[Any]:
    place = f"/forms/{form}/export/{job}"
    one = await ctx.jobs.get(job)
    if not restored(request) and exports(one, form) and one.open:
        await ctx.jobs.cancel(job)
    return redirect(place)


routes = [export_list, begin, show, cancel]
