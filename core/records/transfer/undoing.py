"""Taking a whole import back: what it made goes into the bin, what it changed gets its values of before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.clock import now
from core.errors import DougongError, NotFound, Problem
from core.i18n import _
from core.jobs import JobLost
from core.records.model import Outdated
from core.records.transfer.run import SHOWN, Undone, WrongRow
from core.records.transfer.runs import counts_text
from core.store import imports as stored

if TYPE_CHECKING:
    from core.context import Context
    from core.jobs import Job
    from core.records.transfer.run import Run

CHUNK = 50  # rows in one transaction: each is a write of its own, with its rights, checks and history


async def take_back(ctx: Context, run: Run, *, job: Job | None = None) -> Undone:
    """Every row not yet taken back, what was made last first, so that nothing still refers to what goes.

    A record that somebody changed since the import is left as it is, and its row says so.
    """
    undone = run.undone or Undone()
    total = run.written.new + run.written.changed if run.written else 0
    while rows := await stored.rows_to_undo(ctx.db, ctx.tenant.id, run.id, limit=CHUNK):
        async with ctx.db.write():
            answers = [(row["number"], await _take_back(ctx, run, row)) for row in rows]
            await stored.undone_rows(ctx.db, ctx.tenant.id, run.id, answers)
            undone = _counted(undone, answers)
            if job is not None:
                changes = {
                    "counts": counts_text(replace(run, undone=undone)),
                    "done": undone.done + undone.kept,
                    "updated_at": now(),
                }
                if not await stored.move(ctx.db, ctx.tenant.id, run.id, since=("undoing",), changes=changes):
                    raise JobLost
        if job is not None:
            await job.progress(undone.done + undone.kept, total)
    return undone


def _counted(undone: Undone, answers: list[tuple[int, str]]) -> Undone:
    kept = [
        WrongRow(number=number, problems=(Problem("", "kept", why),)) for number, why in answers if why
    ]
    return Undone(
        done=undone.done + len(answers) - len(kept),
        kept=undone.kept + len(kept),
        rows=tuple(sorted((*undone.rows, *kept), key=lambda row: row.number))[:SHOWN],
    )


async def _take_back(ctx: Context, run: Run, row: Mapping[str, Any]) -> str:
    """ "" when the row is taken back, else why not."""
    records, id, revision = ctx.records, row["record"], row["revision"]
    try:
        async with ctx.db.savepoint():
            if row["status"] == "new":
                await records.delete(run.form, id, revision=revision, source="import")
            else:
                await records.revert(
                    run.form, id, to_revision=revision - 1, revision=revision, source="import"
                )
    except Outdated:
        return _("导入之后又被修改，保持现状")
    except NotFound:
        return _("导入之后已被删除，或您已无权处理")
    except DougongError as error:
        return error.message
    return ""
