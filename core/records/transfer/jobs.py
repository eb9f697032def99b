"""The job that works on an import run, whatever is to be done with it: check, write, take back; and its end."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.clock import now, stamp
from core.errors import DougongError, NotFound
from core.i18n import _
from core.jobs import JobCancelled, JobKind, JobLost
from core.records.transfer.answers import answer_file
from core.records.transfer.matching import check_columns
from core.records.transfer.reading import read_table
from core.records.transfer.run import UNFINISHED
from core.records.transfer.runs import IMPORT, counts_text, importing, run_of
from core.records.transfer.undoing import take_back
from core.records.transfer.work import Pass
from core.store import imports as stored

if TYPE_CHECKING:
    from core.context import Context
    from core.jobs import Job
    from core.records.transfer.run import Run, State

TOLD = {"done": "“{form}”的导入已完成", "undone": "“{form}”的导入已撤销", "failed": "“{form}”的导入没有完成"}
UNDOABLE_DAYS = 90  # the rows of older imports are dropped
_log = logging.getLogger("dougong.imports")


async def _work(ctx: Context, job: Job) -> None:
    row = await stored.fetch(ctx.db, ctx.tenant.id, job.args["run"])
    run = run_of(row) if row else None
    if run is None or run.state not in UNFINISHED:
        return  # an earlier attempt has ended it
    try:
        importing(ctx, run.form)
        await {"checking": _check, "running": _write, "undoing": _undo}[run.state](ctx, run, job)
    except JobLost:
        raise
    except JobCancelled as cancelled:
        await _end(ctx, run, "interrupted", error=cancelled.message)
        raise
    except DougongError as error:
        await _end(ctx, run, "failed", error=error.message)
    except Exception:
        if job.attempt >= WORK.attempts:
            await _end(ctx, run, "failed", error=_("系统出了错，没有做完。请稍后再试，或联系管理员。"))
        raise


async def _passing(ctx: Context, run: Run, job: Job, *, writing: bool) -> Pass:
    form = ctx.forms.get(run.form)
    check_columns(run.columns, form, mode=run.options.mode)
    table = await read_table(await ctx.files.read(run.file))
    return Pass(ctx, run, job, form=form, table=table, writing=writing)


async def _check(ctx: Context, run: Run, job: Job) -> None:
    looked = await _passing(ctx, run, job, writing=False)
    await looked.through()
    file = await answer_file(ctx, run, looked.table, looked.problems) if looked.wrong else None
    await _end(ctx, looked.run, "checked", file=file)


async def _write(ctx: Context, run: Run, job: Job) -> None:
    written = await _passing(ctx, run, job, writing=True)
    begun = await written.recall()
    if run.options.whole:
        await _write_whole(ctx, run, job, written, begun=begun)
        return
    await written.through()
    only = frozenset(written.problems) if run.options.mode == "create" else None
    file = await answer_file(ctx, run, written.table, written.problems, only=only) if written.wrong else None
    await _end(ctx, written.run, "done", file=file)


async def _write_whole(ctx: Context, run: Run, job: Job, written: Pass, *, begun: bool) -> None:
    """All or nothing, without one long transaction that everybody else would wait for: every row is checked, then
    they are written, and should one have become wrong in between, what was written is taken back."""
    if not begun:
        looked = Pass(ctx, run, job, form=written.form, table=written.table, writing=False)
        await looked.through(whole=False, divisor=2)
        if looked.wrong:
            await _refuse_whole(ctx, run, looked)
            return
    half = len(written.table.rows) // 2
    try:
        await written.through(whole=True, offset=half, divisor=2)
        refused = written.wrong > 0
    except JobCancelled:
        await _take_all_back(ctx, run, job)
        await _end(ctx, replace(run, written=None), "interrupted", error=_("已取消，什么都没有写入。"))
        raise
    if refused:
        await _take_all_back(ctx, run, job)
        await _refuse_whole(ctx, run, written)
        return
    await _end(ctx, written.run, "done")


async def _take_all_back(ctx: Context, run: Run, job: Job) -> None:
    undone = await take_back(ctx, run)
    if not undone.kept:
        await stored.drop_rows(ctx.db, ctx.tenant.id, run.id)


async def _refuse_whole(ctx: Context, run: Run, looked: Pass) -> None:
    error = _("有 {number} 行有错，按“全部正确才导入”的选择，什么都没有写入。", number=looked.wrong)
    file = await answer_file(ctx, run, looked.table, looked.problems)
    counts = looked.run.written or looked.run.checked
    await _end(ctx, replace(run, checked=counts, written=None), "failed", error=error, file=file)


async def _undo(ctx: Context, run: Run, job: Job) -> None:
    undone = await take_back(ctx, run, job=job)
    file = run.result_file
    if undone.kept:
        file = await _kept_file(ctx, run)
    await _end(ctx, replace(run, undone=undone), "undone", file=file)


async def _kept_file(ctx: Context, run: Run) -> str | None:
    """The rows that were not taken back and why, as long as the file that was brought is there."""
    try:
        table = await read_table(await ctx.files.read(run.file))
    except NotFound:
        return None
    rows = await stored.rows(ctx.db, ctx.tenant.id, run.id)
    words = {row["number"]: row["undo"] for row in rows if row["undo"]}
    return await answer_file(ctx, run, table, words, only=words.keys())


async def _end(
    ctx: Context, run: Run, state: State, *, error: str | None = None, file: str | None = None
) -> None:
    """The run's last words for now; nothing where it was given up meanwhile."""
    changes = {"state": state, "error": error, "result_file": file, "updated_at": now()}
    if state in ("checked", "done", "undone") or run.written is None:
        changes["counts"] = counts_text(run)
    async with ctx.db.write():
        moved = await stored.move(ctx.db, ctx.tenant.id, run.id, since=UNFINISHED, changes=changes)
        if moved and run.state != "checking" and state in TOLD and run.created_by:
            words = {"form": ctx.forms.get(run.form).title} if run.form in ctx.forms else {"form": run.form}
            place = f"/forms/{run.form}/import/{run.id}"
            await ctx.notices.send([run.created_by], "import", TOLD[state], text=error or "", url=place, words=words)


async def _forget(ctx: Context, job: Job) -> None:
    before = stamp(datetime.now(UTC) - timedelta(days=UNDOABLE_DAYS))
    await stored.forget_rows(ctx.db, ctx.tenant.id, before=before)


WORK = JobKind(name=IMPORT, title="导入文件", run=_work, attempts=4, backoff=5, seconds=4 * 3600)
FORGET_ROWS = JobKind(
    name="core.old_imports", title="清理过期的导入明细", run=_forget, schedule="FREQ=DAILY;BYHOUR=3;BYMINUTE=30"
)
