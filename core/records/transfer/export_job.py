"""A long list written to a file by a job, so that nobody waits for an answer that takes minutes; who asked is told."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core import exact
from core.jobs import JobKind
from core.records.params import parse_query
from core.records.transfer.exporting import Kind, export, export_columns

if TYPE_CHECKING:
    from core.context import Context
    from core.jobs import Job, JobState

EXPORT = "core.export"
LONG = 5_000  # records; a list of more is written by a job
LIMIT = 1024 * 1024 * 1024  # bytes
COUNTED = 1_000_000
DONE = "“{form}”的导出已完成"
Asked = Sequence[tuple[str, str]]  # the list's question, as its address has it


async def start_export(ctx: Context, form: str, asked: Asked, *, kind: Kind, names: Sequence[str]) -> str:
    """The id of the job that writes the list, one for who asks twice; Invalid or Forbidden for what cannot be."""
    found = ctx.forms.get(form)
    export_columns(ctx, found, names)
    parse_query(found, asked, me=ctx.member.id)
    args = {"form": form, "asked": [list(pair) for pair in asked], "kind": kind, "columns": list(names)}
    asked_for = hashlib.sha256(exact.dumps(args).encode()).hexdigest()[:32]
    return await ctx.jobs.enqueue(EXPORT, args, key=f"{form}/{ctx.member.id}/{asked_for}")


def exports(job: JobState, form: str) -> bool:
    """Whether the job writes a list of this form."""
    return job.kind == EXPORT and (job.key or "").startswith(f"{form}/")


async def _run(ctx: Context, job: Job) -> dict[str, Any]:
    """An attempt that was cut short left nothing: the file is there when it is whole."""
    form, kind = ctx.forms.get(job.args["form"]), job.args["kind"]
    query = parse_query(form, [(name, value) for name, value in job.args["asked"]], me=ctx.member.id)
    total = await ctx.records.count(form.name, query, bound=COUNTED, action="export")
    await job.progress(0, total.number)
    pieces = await export(ctx, form.name, query, kind=kind, names=job.args["columns"], told=job.progress)
    file = await ctx.files.put(f"{form.title}.{kind}", pieces, limit=LIMIT)
    if ctx.member.id:
        words, place = {"form": form.title}, f"/forms/{form.name}/export/{job.id}"
        await ctx.notices.send([ctx.member.id], "import", DONE, url=place, words=words)
    return {"file": file, "rows": job.done}


EXPORT_JOB = JobKind(name=EXPORT, title="导出大表", run=_run, attempts=3, seconds=4 * 3600)
