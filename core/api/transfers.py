"""Handlers for files: uploads and downloads, import runs, exports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from litestar import Response
from litestar.datastructures import UploadFile
from litestar.response import Stream

from core import exact
from core.api.answers import answer, file_answer
from core.api.records import BASE, FILTERS, query_of
from core.api.requests import Malformed, WrongType, choice, flag, media_type, names_in, only, parameters
from core.api.shapes import run_shape
from core.context import Context
from core.errors import Invalid, Problem
from core.i18n import _
from core.people import must_write
from core.records.transfer import (
    LIMITS,
    MIME,
    Options,
    check_run,
    export,
    get_run,
    import_at_once,
    importing,
    open_run,
)
from core.web import FromPath, Request, get, post

PIECE = 64 * 1024
FRAME = 64 * 1024  # what a multipart body holds beside the file


async def pieces_of(upload: UploadFile) -> AsyncIterator[bytes]:
    """The bytes of an upload; its temporary file is closed behind them."""
    try:
        while piece := await upload.read(PIECE):
            yield piece
    finally:
        await upload.close()


async def _form(request: Request[Any, Any, Any], known: tuple[str, ...]) -> Mapping[str, Any]:
    """A multipart form with exactly one file named `file`, and nothing unknown."""
    if media_type(request) != "multipart/form-data":
        raise WrongType(_("请求的内容类型应为 multipart/form-data。"))
    form = await request.form()
    only(form.keys(), (*known, "file", "_csrf"), what=_("请求"))
    if not isinstance(form.get("file"), UploadFile):
        raise Invalid([Problem("file", "required", _("请附上文件，名为 file。"))])
    return form


@post("/api/v1/files", permission="api", status_code=201, body_limit=LIMITS.size + FRAME)
async def upload_file(ctx: Context, request: Request[Any, Any, Any]) -> Response[bytes]:
    parameters(request, ())
    must_write(ctx.tenant)
    upload: UploadFile = (await _form(request, ()))["file"]
    found = await ctx.files.get(await ctx.files.put(upload.filename, pieces_of(upload)))
    shape = {"id": found.id, "name": found.name, "size": found.size, "mime": found.mime}
    return answer(shape, status=201)


@get("/api/v1/files/{id:str}", permission="api")
async def download_file(ctx: Context, request: Request[Any, Any, Any], id: FromPath[str]) -> Stream:
    parameters(request, ())
    found, pieces = await ctx.files.open(id)
    return file_answer(pieces, name=found.name, mime=found.mime)


@post(f"{BASE}/imports", permission="api", status_code=202, body_limit=LIMITS.size + FRAME)
async def start_import(ctx: Context, request: Request[Any, Any, Any], form: FromPath[str]) -> Response[bytes]:
    """Begin an import; `dry_run` only checks. The answer names the run, whose state is asked for."""
    parameters(request, ())
    target = importing(ctx, form)
    given = await _form(request, ("mode", "dry_run", "all_or_nothing", "blank", "columns"))
    options = Options(
        mode=choice(
            given.get("mode"), "mode", allowed=("upsert", "create"), default="upsert" if target.key else "create"
        ),  # type: ignore[arg-type]
        whole=flag(given.get("all_or_nothing"), "all_or_nothing"),
        blank=choice(given.get("blank"), "blank", allowed=("keep", "clear"), default="keep"),  # type: ignore[arg-type]
    )
    dry, columns = flag(given.get("dry_run"), "dry_run"), _columns(given.get("columns"))
    upload: UploadFile = given["file"]
    file = await ctx.files.put(upload.filename, pieces_of(upload))
    run = await open_run(ctx, form, file=file, name=upload.filename)
    guesses = {column.header: "" for column in run.columns if not column.sure}  # a program is not asked to look
    begin = check_run if dry else import_at_once
    run = await begin(ctx, run, fields={**guesses, **columns}, options=options)
    location = f"/api/v1/forms/{form}/imports/{run.id}"
    return answer(run_shape(run), status=202, headers={"Location": location})


def _columns(text: Any) -> dict[str, str]:
    if text is None or text == "":
        return {}
    try:
        columns = exact.loads(text) if isinstance(text, str) else None
    except ValueError:
        columns = None
    if not isinstance(columns, dict) or not all(isinstance(field, str) for field in columns.values()):
        raise Malformed(_("columns 应是一个 JSON 对象：列标题和字段名。"))
    return columns


@get(f"{BASE}/imports/{{id:str}}", permission="api")
async def get_import(
    ctx: Context, request: Request[Any, Any, Any], form: FromPath[str], id: FromPath[str]
) -> Response[bytes]:
    parameters(request, ())
    return answer(run_shape(await get_run(ctx, id, form=form)))


@get(f"{BASE}/export", permission="api")
async def export_records(ctx: Context, request: Request[Any, Any, Any], form: FromPath[str]) -> Stream:
    given = parameters(request, (*FILTERS, "kind", "columns"))
    kind = choice(given.get("kind"), "kind", allowed=("csv", "xlsx"), default="csv")
    names = names_in(given["columns"]) if "columns" in given else None
    target = ctx.forms.get(form)
    only(names or (), target.fields.keys(), what=f"“{target.title}”")
    query = query_of(ctx, request, target)
    pieces = await export(ctx, form, query, kind=kind, names=names)  # type: ignore[arg-type]
    return file_answer(pieces, name=f"{target.title}.{kind}", mime=MIME[kind])


routes = [upload_file, download_file, start_import, get_import, export_records]
