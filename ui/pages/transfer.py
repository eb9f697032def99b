"""Import in four steps: choose a file, match its columns, see what would happen, let it run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from litestar import Response
from litestar.datastructures import UploadFile

from core.context import Context
from core.errors import Invalid, Problem, TooLarge
from core.forms import Form
from core.i18n import _
from core.records.transfer import (
    LIMITS,
    MIME,
    Column,
    Options,
    Run,
    cancel_run,
    check_run,
    commit_run,
    get_run,
    importable,
    importing,
    open_run,
    recent_runs,
    resume_run,
    template,
    undo_run,
)
from core.web import FromPath, Request, get, page, post, redirect, restored
from ui.pages.files import attachment, pieces_of

PAGE = "transfer/import.html"
FRAME = 64 * 1024  # what a multipart body holds beside the file
STEPS = {
    "uploaded": "match", "checking": "progress", "checked": "preview", "running": "progress", "done": "result",
    "failed": "result", "interrupted": "result", "undoing": "progress", "undone": "result",
}  # fmt: skip


@get("/forms/{form:str}/import", permission="records")
async def choose(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    return await _choose(ctx, form)


async def _choose(ctx: Context, form: str, *, error: str = "") -> Response[Any]:
    found = importing(ctx, form)
    values = {
        "form": found, "step": "choose", "error": error, "recent": await recent_runs(ctx, form),
        "most_rows": LIMITS.rows, "most_megabytes": LIMITS.size // 1024 // 1024,
    }  # fmt: skip
    return page(ctx, PAGE, values, status=422 if error else 200)


@post("/forms/{form:str}/import", permission="records", body_limit=LIMITS.size + FRAME)
async def bring(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """Keep the file and read its columns; what is wrong with it is said beside the field."""
    importing(ctx, form)
    posted = await request.form()
    upload = posted.get("file")
    if restored(request) or not isinstance(upload, UploadFile) or not upload.filename:
        return await _choose(ctx, form, error=_("请选择要导入的文件。"))
    try:
        file = await ctx.files.put(upload.filename, pieces_of(upload), limit=LIMITS.size)
        run = await open_run(ctx, form, file=file, name=upload.filename)
    except (Invalid, TooLarge) as refusal:
        return await _choose(ctx, form, error=refusal.message)
    finally:
        await upload.close()
    return redirect(_place(run))


def _place(run: Run) -> str:
    return f"/forms/{run.form}/import/{run.id}"


@get("/forms/{form:str}/import/{run:str}", permission="records")
async def show(ctx: Context, request: Request, form: FromPath[str], run: FromPath[str]) -> Response[Any]:
    """The run in its present step; to htmx, which asks every second while it works, the step alone."""
    found = await get_run(ctx, run, form=form)
    again = request.query_params.get("step") == "match" and found.checkable
    return _step(ctx, found, "match" if again else STEPS[found.state])


def _step(ctx: Context, run: Run, step: str, *, problems: tuple[Problem, ...] = ()) -> Response[Any]:
    form = ctx.forms.get(run.form)
    values: dict[str, Any] = {"form": form, "run": run, "step": step, "problems": problems, "place": _place(run)}
    if step == "match":
        values["fields"] = list(importable(form).values())
    return page(ctx, PAGE, values, block="step", status=422 if problems else 200)


@post("/forms/{form:str}/import/{run:str}/check", permission="records")
async def check(ctx: Context, request: Request, form: FromPath[str], run: FromPath[str]) -> Response[Any]:
    found = await get_run(ctx, run, form=form)
    posted = await request.form()
    fields = _fields(found, posted)
    options = _options(ctx.forms.get(form), posted)
    shown = replace(found, options=options, columns=tuple(_with(column, fields) for column in found.columns))
    if restored(request):
        return _step(ctx, shown, "match")
    try:
        await check_run(ctx, found, fields=fields, options=options)
    except Invalid as refusal:
        return _step(ctx, shown, "match", problems=refusal.problems)
    return redirect(_place(found))


def _fields(run: Run, posted: Mapping[str, Any]) -> dict[str, str]:
    names = {column.header: posted.get(f"field-{index}") for index, column in enumerate(run.columns)}
    return {header: name for header, name in names.items() if isinstance(name, str)}


def _with(column: Column, fields: Mapping[str, str]) -> Column:
    return replace(column, field=fields.get(column.header, column.field), sure=True)


def _options(form: Form, posted: Mapping[str, Any]) -> Options:
    return Options(
        mode="upsert" if form.key and posted.get("mode") != "create" else "create",
        whole=posted.get("whole") == "1",
        blank="clear" if posted.get("blank") == "clear" else "keep",
    )


@post("/forms/{form:str}/import/{run:str}/commit", permission="records")
async def commit(ctx: Context, request: Request, form: FromPath[str], run: FromPath[str]) -> Response[Any]:
    found = await get_run(ctx, run, form=form)
    if not restored(request):
        await commit_run(ctx, found)
    return redirect(_place(found))


@post("/forms/{form:str}/import/{run:str}/resume", permission="records")
async def resume(ctx: Context, request: Request, form: FromPath[str], run: FromPath[str]) -> Response[Any]:
    found = await get_run(ctx, run, form=form)
    if not restored(request):
        await resume_run(ctx, found)
    return redirect(_place(found))


@post("/forms/{form:str}/import/{run:str}/cancel", permission="records")
async def cancel(ctx: Context, request: Request, form: FromPath[str], run: FromPath[str]) -> Response[Any]:
    found = await get_run(ctx, run, form=form)
    if not restored(request) and found.unfinished:
        await cancel_run(ctx, found)
    return redirect(_place(found))


@post("/forms/{form:str}/import/{run:str}/undo", permission="records")
async def undo(ctx: Context, request: Request, form: FromPath[str], run: FromPath[str]) -> Response[Any]:
    """Take the whole import back."""
    found = await get_run(ctx, run, form=form)
    if not restored(request):
        await undo_run(ctx, found)
    return redirect(_place(found))


@get("/forms/{form:str}/import/template", permission="records")
async def empty_file(ctx: Context, request: Request, form: FromPath[str]) -> Response[bytes]:
    """The empty file to fill in."""
    kind = "csv" if request.query_params.get("kind") == "csv" else "xlsx"
    data = await template(ctx, form, kind=kind)  # type: ignore[arg-type]
    name = _("{title}-导入模板", title=ctx.forms.get(form).title)
    return Response(data, media_type=MIME[kind], headers={"Content-Disposition": attachment(f"{name}.{kind}")})


routes = [choose, bring, show, check, commit, resume, cancel, undo, empty_file]
