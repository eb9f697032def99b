"""Jobs for administrators: what runs, waits and failed, live; cancelling and retrying."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.response import Stream

from core import people
from core.context import Context
from core.web import FromPath, Request, event_stream, get, page, post, redirect
from core.web.rendering import render

HOME = "/admin/jobs"
PAGE = "jobs/list.html"
ENDED = 20  # shown of what has ended well


async def _values(ctx: Context, names: dict[str, str]) -> dict[str, Any]:
    jobs = ctx.jobs
    values = {
        "counts": await jobs.counts(),
        "running": await jobs.list("running"),
        "waiting": await jobs.list("waiting"),
        "dead": await jobs.list("dead"),
        "ended": await jobs.list("done", "cancelled", limit=ENDED),
    }
    unknown = {job.member for name in ("running", "waiting", "dead", "ended") for job in values[name] if job.member}
    if unknown - names.keys():
        names.update({person.id: person.name for person in await people.people(ctx.db, ctx.tenant.id)})
    return {**values, "names": names}


@get(HOME, permission="admin:modules")
async def jobs_page(ctx: Context) -> Response[Any]:
    return page(ctx, PAGE, await _values(ctx, {}))


@get(f"{HOME}/stream", permission="admin:modules")
async def jobs_stream(ctx: Context, request: Request) -> Response[Any] | Stream:
    """The list as it changes, to who can read events; to others as it is now."""
    names: dict[str, str] = {}

    async def look() -> str:
        return render([PAGE], await _values(ctx, names), ctx=ctx, block="jobs")

    if "text/event-stream" in request.headers.get("Accept", ""):
        return event_stream(ctx, look)
    return Response(await look(), media_type="text/html")


@post(f"{HOME}/{{job:str}}/cancel", permission="admin:modules")
async def cancel_job(ctx: Context, job: FromPath[str]) -> Response[Any]:
    await ctx.jobs.cancel(job)
    return redirect(HOME)


@post(f"{HOME}/{{job:str}}/retry", permission="admin:modules")
async def retry_job(ctx: Context, job: FromPath[str]) -> Response[Any]:
    await ctx.jobs.retry(job)
    return redirect(HOME)


routes = [jobs_page, jobs_stream, cancel_job, retry_job]
