"""Import runs of a member: bring a file, match its columns, check, import, see how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import new_id, now, stamp
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.i18n import _
from core.people import tenants
from core.records.transfer.lookups import key_titles
from core.records.transfer.matching import Column, check_columns, match_columns
from core.records.transfer.reading import read_table
from core.records.transfer.run import (
    CHECKABLE,
    UNFINISHED,
    Options,
    Run,
    Source,
    State,
    columns_json,
    columns_of,
    counts_json,
    counts_of,
)
from core.records.transfer.table import cell_text
from core.records.transfer.work import Work
from core.store import imports as stored

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Form
    from core.records.transfer.table import Table
    from core.store import Database

SAMPLES = 3
SILENT = timedelta(seconds=60)  # a run of another process that says nothing for so long is over


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
    return await _present(ctx, _run(row))


async def recent_runs(ctx: Context, form: str, *, limit: int = 5) -> list[Run]:
    rows = await stored.of_form(ctx.db, ctx.tenant.id, form, member=ctx.member.id, limit=limit)
    return [await _present(ctx, _run(row)) for row in rows]


async def _present(ctx: Context, run: Run) -> Run:
    """The run as it is now: nearer than its row while it works here, given up if nobody works on it."""
    if not run.unfinished:
        return run
    key = ("import", run.id)
    if ctx.tasks.runs(key):
        return replace(run, done=ctx.tasks.told(key) or run.done)
    silent = stamp(datetime.now(UTC) - SILENT)
    if run.updated_at < silent and await _give_up(ctx.db, ctx.tenant.id, silent_since=silent):
        return replace(run, state="interrupted")
    return run


async def check_run(ctx: Context, run: Run, *, fields: Mapping[str, str], options: Options) -> Run:
    """Match columns (header -> field, "" leaves out) and begin to check every row; nothing is written."""
    columns = _chosen(run, fields)
    check_columns(columns, importing(ctx, run.form), mode=options.mode)
    if options.mode == "create" and run.written is not None and run.written.new:
        # Without a key nobody can tell the rows that are in already.
        words = _("这个文件已有 {number} 行写入。请从文件里删去已导入的行，再重新上传。", number=run.written.new)
        raise Conflict(words)
    return await _begin(ctx, replace(run, columns=columns, options=options, checked=None), "checking", CHECKABLE)


async def commit_run(ctx: Context, run: Run) -> Run:
    """Begin to write what was checked."""
    importing(ctx, run.form)
    return await _begin(ctx, run, "running", ("checked",))


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
    run = replace(run, state=state, done=0, error=None, result_file=None, written=None, updated_at=now())
    changes = _row(run)
    moved = await stored.move(
        ctx.db,
        ctx.tenant.id,
        run.id,
        since=since,
        changes={key: changes[key] for key in changes if key not in ("id", "form", "file", "created_at", "created_by")},
    )
    if not moved:
        raise Conflict(_("这次导入已经在进行，请刷新看进度。"))
    ctx.tasks.start(("import", run.id), Work(ctx, run, writing=state == "running"), db=ctx.db)
    return run


async def interrupt_runs(db: Database) -> int:
    """At start: give up what the last life of the server left unfinished.

    SQLite is served by one process, so nothing can be alive. On PostgreSQL another process may work on a
    run: only those that have been silent for long are over.
    """
    silent = now() if db.kind == "sqlite" else stamp(datetime.now(UTC) - SILENT)
    return sum([await _give_up(db, tenant.id, silent_since=silent) for tenant in await tenants(db)])


async def _give_up(db: Database, tenant: int, *, silent_since: str) -> int:
    return await stored.interrupt(db, tenant, since=UNFINISHED, to="interrupted", silent_since=silent_since, at=now())


def _row(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "form": run.form,
        "file": run.file,
        "state": run.state,
        "mapping": exact.dumps({"source": asdict(run.source), "columns": columns_json(run.columns)}),
        "options": exact.dumps(asdict(run.options)),
        "counts": exact.dumps({"checked": counts_json(run.checked), "written": counts_json(run.written)}),
        "done": run.done,
        "total": run.total,
        "error": run.error,
        "result_file": run.result_file,
        "created_at": run.created_at,
        "created_by": run.created_by,
        "updated_at": run.updated_at,
    }


def _run(row: Mapping[str, Any]) -> Run:
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
    )
