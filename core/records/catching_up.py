"""The job that works out what was marked: values of one form whose sources moved, or whose formulas are new."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from core.jobs import JobKind
from core.records import recomputing
from core.store import drafts as counted
from core.store import overdue
from core.store import records as stored

if TYPE_CHECKING:
    from core.context import Context
    from core.forms.model import Form
    from core.jobs import Job
    from core.records.records import Records

CHUNK = 200  # records in one transaction: others wait that long for one of them
COUNTED = 1_000_000


async def catch_up(ctx: Context, job: Job) -> Mapping[str, Any]:
    """Work out every mark of the form, the oldest first; by the calendar of all forms: a job may be lost.

    What is marked meanwhile is done too. It may be begun again at any point: what was worked out comes out the same.
    """
    names = [job.args["form"]] if "form" in job.args else await overdue.forms(ctx.db, ctx.tenant.id)
    done = 0
    for name in names:
        form = ctx.forms.find(name)
        if form is not None:  # else its module is off: the marks stay until it is back
            done = await _form(ctx, job, form, done)
    return {"records": done}


async def _form(ctx: Context, job: Job, form: Form, done: int) -> int:
    while True:
        marks = await overdue.of_form(ctx.db, ctx.tenant.id, form.name)
        if not marks:
            return done
        total = done + sum([await _size(ctx.records, form, mark) for mark in marks])
        for mark in marks:
            async for number in _worked_out(ctx.records, form, mark):
                done += number
                await job.progress(done, max(total, done))
            await overdue.clear(ctx.db, ctx.tenant.id, mark)


async def _size(records: Records, form: Form, mark: Mapping[str, Any]) -> int:
    if mark["scope"] != "all":
        return 1
    return await counted.count_records(records.db, records.tenant, form.name, bound=COUNTED)


async def _worked_out(records: Records, form: Form, mark: Mapping[str, Any]) -> AsyncIterator[int]:
    """How many records each transaction did."""
    fields = recomputing.marked_fields(form, mark)
    async for ids in _pages(records, form, mark):
        async with records.db.write():
            done, _rows = await recomputing.work_out(records, form, dict.fromkeys(ids, fields), wait=True)
            moves = [move for move in done.values() if move is not None]
            if moves:
                await recomputing.follow(records, form, moves)
        yield len(ids)


async def _pages(records: Records, form: Form, mark: Mapping[str, Any]) -> AsyncIterator[list[str]]:
    """The ids that a mark speaks of, some at a time."""
    db, tenant, scope, target = records.db, records.tenant, mark["scope"], mark["target"]
    if scope == "record":
        yield [target]
        return
    by, last = scope.removeprefix("by:"), ""
    while True:
        if scope == "all":
            rows = await stored.after(db, tenant, form.name, id=last, limit=CHUNK)
            page, ids = [row["id"] for row in rows], [row["id"] for row in rows if row["deleted_at"] is None]
        else:
            slot = form.slot_of(by) if by in form.fields else None
            page = ids = await stored.referring_after(
                db, tenant, form.name, name=by, slot=slot, target=target, id=last, limit=CHUNK
            )
        if ids:
            yield ids
        if len(page) < CHUNK:
            return
        last = page[-1]


CATCH_UP = JobKind(name="core.formulas", title="重新计算", run=catch_up, system=True, schedule="FREQ=DAILY;BYHOUR=3")
