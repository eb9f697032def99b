"""Plan files from the browser: a small one is brought in at once, a large one by a job whose progress is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from litestar import Request
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response

from core import (
    Condition,
    Context,
    Forbidden,
    Invalid,
    Job,
    JobKind,
    NotFound,
    Query,
    _,
    get,
    hookimpl,
    page,
    post,
    redirect,
)
from plugins.progress import transfer
from plugins.progress.interchange import MOST_BYTES, PlanFile
from plugins.progress.plans import PLAN, TASK

JOB = "progress.bring"
LARGE = 300  # activities; a file with more is brought in by a job


@hookimpl
def register_jobs() -> Sequence[JobKind]:
    return [JobKind(name=JOB, title="导入计划", run=_run, attempts=3)]


@get("/progress/import", permission="records")
async def bring_page(ctx: Context, request: Request) -> Response:
    return _bring_page(ctx, {})


def _bring_page(ctx: Context, values: Mapping[str, Any], *, error: str = "") -> Response:
    _may_bring(ctx)
    return page(ctx, "progress/import.html", {"values": values, "error": error}, status=422 if error else 200)


def _may_bring(ctx: Context) -> None:
    if not ctx.can(PLAN, "create") or not ctx.can(TASK, "create"):
        raise Forbidden(_("您没有权限导入计划，请联系本单位的系统管理员。"))


@post("/progress/import", permission="records", body_limit=MOST_BYTES + 64 * 1024)
async def bring(ctx: Context, request: Request) -> Response:
    """A file becomes a plan, whole or not at all; what was not understood is said."""
    _may_bring(ctx)
    posted = await request.form()
    upload, code = posted.get("file"), str(posted.get("code", "")).strip()[:40]
    values = {"code": code, "name": str(posted.get("name", "")).strip()[:120]}
    if not isinstance(upload, UploadFile) or not upload.filename:
        return _bring_page(ctx, values, error=_("请选择要导入的文件。"))
    if not code:
        return _bring_page(ctx, values, error=_("请填写计划编号。"))
    try:
        content = await upload.read()
        plan = await asyncio.to_thread(transfer.parse, content, upload.filename)
        if len(plan.tasks) > LARGE:
            return await _enqueued(ctx, upload.filename, content, values)
        id = await transfer.bring(ctx, plan, **values)
    except Invalid as wrong:
        return _bring_page(ctx, values, error=_shown(wrong))
    finally:
        await upload.close()
    return _brought(ctx, id, told=transfer.notices(plan.notices), plan=plan)


def _shown(wrong: Invalid) -> str:
    return "；".join(dict.fromkeys(problem.message for problem in wrong.problems)) or wrong.message


def _brought(ctx: Context, id: str, *, told: Sequence[str], plan: PlanFile) -> Response:
    if not told:
        return redirect(f"/progress/{id}")
    data = {"id": id, "told": told, "tasks": len(plan.tasks), "links": len(plan.links)}
    return page(ctx, "progress/imported.html", data)


async def _enqueued(ctx: Context, name: str, content: bytes, values: Mapping[str, str]) -> Response:
    async def whole() -> AsyncIterator[bytes]:
        yield content

    file = await ctx.files.put(name, whole(), limit=MOST_BYTES)
    job = await ctx.jobs.enqueue(JOB, {"file": file, "file_name": name, **values})
    return redirect(f"/progress/import/{job}")


async def _run(ctx: Context, job: Job) -> dict[str, Any]:
    """All in one transaction, so that an attempt that was cut short left nothing."""
    code = job.args["code"]
    if job.attempt > 1 and (id := await _by_code(ctx, code)):
        return {"plan": id, "told": []}  # the attempt before had done it, and died before it could say so
    plan = await asyncio.to_thread(transfer.parse, await ctx.files.read(job.args["file"]), job.args["file_name"])
    await job.progress(0, len(plan.tasks) + len({link.after for link in plan.links}))
    try:
        id = await transfer.bring(ctx, plan, code=code, name=job.args["name"], told=job.progress)
    except Invalid as wrong:
        raise Invalid(wrong.problems, _shown(wrong)) from None
    if ctx.member.id:
        words = {"name": plan.name or code}
        await ctx.notices.send([ctx.member.id], "import", "计划“{name}”已导入", url=f"/progress/{id}", words=words)
    told = transfer.notices(plan.notices)
    return {"plan": id, "told": told, "tasks": len(plan.tasks), "links": len(plan.links)}


async def _by_code(ctx: Context, code: str) -> str | None:
    found = (await ctx.records.list(PLAN, Query(where=(Condition("code", "eq", code),), limit=1))).records
    return found[0].id if found else None


@get("/progress/import/{job:str}", permission="records")
async def bringing(ctx: Context, request: Request, job: FromPath[str]) -> Response:
    """How far a large file is; to htmx, which asks every second until it is in, that alone."""
    one = await ctx.jobs.get(job)
    if one.kind != JOB:
        raise NotFound(_("没有这个任务。"))
    if one.state == "done":
        if not one.result["told"]:
            return redirect(f"/progress/{one.result['plan']}")
        return page(ctx, "progress/imported.html", {"id": one.result["plan"], **one.result}, block="step")
    return page(ctx, "progress/bringing.html", {"job": one}, block="step")


routes = [bring_page, bring, bringing]
