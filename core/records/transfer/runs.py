"""Import runs of a member: bring a file, match its columns, check, import, see how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import new_id, now
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.i18n import _
from core.people import must_write
from core.records.transfer.lookups import key_titles
from core.records.transfer.matching import Column, check_columns, match_columns
from core.records.transfer.reading import read_table
from core.records.transfer.run import (
    CHECKABLE,
    STOPPED,
    UNDOABLE,
    Options,
    Run,
    Source,
    State,
    Undone,
    columns_json,
    columns_of,
    counts_json,
    counts_of,
    undone_json,
    undone_of,
)
from core.records.transfer.table import cell_text
from core.store import imports as stored

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Form
    from core.records.transfer.table import Table

SAMPLES = 3
IMPORT = "core.import"  # the kind of job that works on a run; its handler is in work.py


async def open_run(ctx: Context, form_name: str, *, file: str, name: str) -> Run:
    """A run for the uploaded `file`: read once for its columns, which are matched as far as they are known."""
    form = importing(ctx, form_name)
    table = await read_table(await ctx.files.read(file))
    columns = tuple(
        replace(column, samples=_samples(table, index))
        for index, column in enumerate(_matched(ctx, form, table.header))
    )
    at = now()
    run = Run(
        id=new_id(),
        form=form.name,
        file=file,
        state="uploaded",
        source=Source(name=name, kind=table.kind, sheet=table.sheet, sheets=table.sheets, encoding=table.encoding),
        columns=columns,
        options=Options(mode="upsert" if form.key else "create"),
        total=len(table.rows),
        created_at=at,
        created_by=ctx.member.id,
        updated_at=at,
    )
    await stored.insert(ctx.db, ctx.tenant.id, _row(run))
    return run


def importing(ctx: Context, form_name: str) -> Form:
    """The form, if the member may import into it."""
    form = ctx.forms.get(form_name)
    must_write(ctx.tenant)
    if not ctx.can(form_name, "read"):
        raise NotFound(_("没有这个表单，或您无权查看。"))
    if not ctx.can(form_name, "import") or not (ctx.can(form_name, "create") or ctx.can(form_name, "update")):
        raise Forbidden(_("您没有向“{title}”导入的权限。", title=form.title))
    return form


def _matched(ctx: Context, form: Form, header: Sequence[str]) -> list[Column]:
    english = ctx.forms.in_language("en").get(form.name)
    return match_columns(header, form, english=english, key_titles=key_titles(ctx, form))


def _samples(table: Table, index: int) -> tuple[str, ...]:
    """The first values of a column, so that one sees what it holds."""
    found: list[str] = []
    for row in table.rows:
        text = cell_text(row.cells[index]).strip()[:60]
        if text and text not in found:
            found.append(text)
        if len(found) == SAMPLES:
            break
    return tuple(found)


async def get_run(ctx: Context, id: str, *, form: str) -> Run:
    """The member's own run; somebody else's is not there."""
    row = await stored.fetch(ctx.db, ctx.tenant.id, id)
    if row is None or row["created_by"] != ctx.member.id or row["form"] != form:
        raise NotFound(_("没有这次导入。"))
    importing(ctx, form)
    return await _present(ctx, run_of(row))


async def recent_runs(ctx: Context, form: str, *, limit: int = 5) -> list[Run]:
    rows = await stored.of_form(ctx.db, ctx.tenant.id, form, member=ctx.member.id, limit=limit)
    return [await _present(ctx, run_of(row)) for row in rows]


async def _present(ctx: Context, run: Run) -> Run:
    """The run as it is now: nearer than its row while a job works on it, stopped if none does."""
    if not run.unfinished:
        return run
    job = await ctx.jobs.newest(IMPORT, run.id)
    if job is not None and job.open:
        return replace(run, done=max(run.done, job.done))
    changes = {"state": "interrupted", "error": job.error if job else None, "updated_at": now()}
    await stored.move(ctx.db, ctx.tenant.id, run.id, since=(run.state,), changes=changes)
    row = await stored.fetch(ctx.db, ctx.tenant.id, run.id)  # it may have ended between the two looks
    return run_of(row) if row else run


async def cancel_run(ctx: Context, run: Run) -> None:
    """Have the work on a run stop. What an import has written stays, unless it was to be all or nothing."""
    found = await ctx.jobs.newest(IMPORT, run.id)
    if found is None or not found.open:
        raise Conflict(_("这次导入没有在进行。"))
    await ctx.jobs.cancel(found.id)


async def check_run(ctx: Context, run: Run, *, fields: Mapping[str, str], options: Options) -> Run:
    """Match columns (header -> field, "" leaves out) and begin to check every row; nothing is written."""
    columns = _chosen(run, fields)
    check_columns(columns, importing(ctx, run.form), mode=options.mode)
    if run.written is not None:
        raise Conflict(_("这个文件已有内容写入：请继续导入，或先整批撤销。"))
    return await _begin(ctx, replace(run, columns=columns, options=options, checked=None), "checking", CHECKABLE)


async def commit_run(ctx: Context, run: Run) -> Run:
    """Begin to write what was checked."""
    importing(ctx, run.form)
    return await _begin(ctx, run, "running", ("checked",))


async def resume_run(ctx: Context, run: Run) -> Run:
    """Go on where an import stopped: rows that were written are not written again."""
    importing(ctx, run.form)
    if not run.resumable:
        raise Conflict(_("这次导入没有可以继续的部分。"))
    return await _begin(ctx, run, "running", STOPPED)


async def undo_run(ctx: Context, run: Run) -> Run:
    """Begin to take back what the import wrote: new records into the bin, changed ones to their values before."""
    importing(ctx, run.form)
    if not run.undoable:
        raise Conflict(_("这次导入没有可以撤销的内容。"))
    return await _begin(ctx, run, "undoing", UNDOABLE)


async def import_at_once(ctx: Context, run: Run, *, fields: Mapping[str, str], options: Options) -> Run:
    """Write without a check before: for programs, which read the answer row by row."""
    columns = _chosen(run, fields)
    check_columns(columns, importing(ctx, run.form), mode=options.mode)
    return await _begin(ctx, replace(run, columns=columns, options=options), "running", ("uploaded",))


def _chosen(run: Run, fields: Mapping[str, str]) -> tuple[Column, ...]:
    strange = fields.keys() - {column.header for column in run.columns}
    if strange:
        words = _("文件里没有“{title}”列。", title="、".join(sorted(strange)))
        raise Invalid([Problem("columns", "unknown_column", words)])
    return tuple(
        column
        if fields.get(column.header, column.field) == column.field
        else replace(column, field=fields[column.header], by_key=False, sure=True)
        for column in run.columns
    )


async def _begin(ctx: Context, run: Run, state: State, since: Sequence[State]) -> Run:
    """Move the run on and enqueue the work, both or neither."""
    done = run.written.total if run.written is not None and state == "running" else 0
    undone = run.undone or Undone() if state == "undoing" else None
    run = replace(run, state=state, done=done, undone=undone, error=None, updated_at=now())
    changes = {name: value for name, value in _row(run).items() if name not in _FIXED}
    async with ctx.db.write():
        if not await stored.move(ctx.db, ctx.tenant.id, run.id, since=since, changes=changes):
            raise Conflict(_("这次导入已经在进行，请刷新看进度。"))
        await ctx.jobs.enqueue(IMPORT, {"form": run.form, "run": run.id}, key=run.id)
    return run


_FIXED = ("id", "form", "file", "created_at", "created_by")


def _row(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "form": run.form,
        "file": run.file,
        "state": run.state,
        "mapping": exact.dumps({"source": asdict(run.source), "columns": columns_json(run.columns)}),
        "options": exact.dumps(asdict(run.options)),
        "counts": counts_text(run),
        "done": run.done,
        "total": run.total,
        "error": run.error,
        "result_file": run.result_file,
        "created_at": run.created_at,
        "created_by": run.created_by,
        "updated_at": run.updated_at,
    }


def counts_text(run: Run) -> str:
    counts = {"checked": run.checked, "written": run.written}
    return exact.dumps(
        {name: counts_json(some) for name, some in counts.items()} | {"undone": undone_json(run.undone)}
    )


def run_of(row: Mapping[str, Any]) -> Run:
    mapping, counts = exact.loads(row["mapping"]), exact.loads(row["counts"])
    plain = ("id", "form", "file", "state", "done", "total", "error", "result_file")
    times = ("created_at", "created_by", "updated_at")
    return Run(
        **{name: row[name] for name in (*plain, *times)},
        source=Source(**mapping["source"]),
        columns=columns_of(mapping["columns"]),
        options=Options(**exact.loads(row["options"])),
        checked=counts_of(counts["checked"]),
        written=counts_of(counts["written"]),
        undone=undone_of(counts.get("undone")),
    )
