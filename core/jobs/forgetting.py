"""Dropping jobs that ended long ago, so that the queue stays small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.clock import stamp
from core.jobs.model import JobKind
from core.store import jobs as stored

if TYPE_CHECKING:
    from core.context import Context
    from core.jobs.model import Job

KEPT = ((("done", "cancelled"), timedelta(days=30)), (("dead",), timedelta(days=180)))


async def _forget(ctx: Context, job: Job) -> None:
    for states, kept in KEPT:
        await stored.forget(ctx.db, ctx.tenant.id, states=states, before=stamp(datetime.now(UTC) - kept))


FORGET = JobKind(name="core.old_jobs", title="清理早已结束的任务", run=_forget, schedule="FREQ=DAILY;BYHOUR=4")
