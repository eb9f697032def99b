"""Making lists fast again after a publish: slots are rebuilt in chunks, by a job behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import exact
from core.errors import NotFound
from core.forms import Catalogue, Form, compile_form
from core.i18n import _
from core.jobs import JobKind
from core.records import reindex
from core.store import definitions as stored
from core.store import drafts as counted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from core.context import Context
    from core.jobs import Job
    from core.platform import Platform
    from core.store import Database

CHUNK = 500
COUNTED = 2_000_000  # beyond, progress is shown as of this many


async def enqueue_rebuild(ctx: Context, form: str) -> None:
    """Have the newest version of the form rebuilt once the transaction that publishes it is committed."""
    await ctx.jobs.enqueue(REBUILD.name, {"form": form}, key=form)


async def progress(ctx: Context, form: str) -> int | None:
    """Per cent done of a rebuild that waits or runs, wherever."""
    found = await ctx.jobs.newest(REBUILD.name, form)
    return (found.percent or 0) if found is not None and found.open else None


async def _run(ctx: Context, job: Job) -> None:
    name = job.args["form"]
    versions = await stored.versions(ctx.db, ctx.tenant.id, name)
    form = stored_form(ctx.catalogue, versions[0]) if versions else None
    if versions and form is None:
        raise NotFound(_("表单 {form} 所属的模块不在，装回后请重试。", form=name))
    if form is not None:
        await rebuild(ctx.db, ctx.tenant.id, form, told=job.progress)


async def rebuild(
    db: Database, tenant: int, form: Form, *, told: Callable[[int, int], Awaitable[None]] | None = None
) -> bool:
    """Rebuild all that is derived from the records of `form`; False where a newer version came meanwhile."""
    total = await counted.count_records(db, tenant, form.name, bound=COUNTED) or 1
    last: str | None = ""
    done = 0
    while last is not None:
        if not await _newest(db, tenant, form):
            return False
        last, number = await reindex(db, tenant, form, after=last, limit=CHUNK)
        done += number
        if told is not None:
            await told(done, total)
    async with db.write():
        if not await _newest(db, tenant, form):
            return False
        await stored.set_pending(db, tenant, form.name, int(form.version), ())
        await stored.bump(db, tenant)
    return True


async def _newest(db: Database, tenant: int, form: Form) -> bool:
    rows = await stored.versions(db, tenant, form.name)
    return bool(rows) and str(rows[0]["version"]) == form.version


async def rebuild_all(platform: Platform, tenant: int) -> AsyncIterator[tuple[str, int]]:
    """Rebuild whatever the tenant has stored, form by form: (form, records done) after each chunk.

    Records of a module whose folder is gone are left as they are.
    """
    async for form, done in rebuild_stored(platform.db, platform.catalogue, tenant):
        yield form, done


async def rebuild_stored(db: Database, catalogue: Catalogue, tenant: int) -> AsyncIterator[tuple[str, int]]:
    """The same where there is no platform yet, or none is needed."""
    published = {row["form"]: row for row in await stored.latest(db, tenant)}
    for name in await counted.forms_with_records(db, tenant):
        row, base = published.get(name), catalogue.forms.get(name)
        form = stored_form(catalogue, row) if row else compile_form(name, base, version="0") if base else None
        last: str | None = "" if form else None
        done = 0
        while form is not None and last is not None:
            last, number = await reindex(db, tenant, form, after=last, limit=CHUNK)
            done += number
            yield name, done


def stored_form(catalogue: Catalogue, row: object, *, lang: str = "zh") -> Form | None:
    """The compiled form of one published version; None for an overlay whose module is missing."""
    name, version, body = row["form"], str(row["version"]), exact.loads(row["body"])  # type: ignore[index]
    pending = exact.loads(row["pending"] or "[]")  # type: ignore[index]
    if row["kind"] == "form":  # type: ignore[index]
        return compile_form(name, body, version=version, lang=lang, pending=pending)
    base = catalogue.forms.get(name)
    return compile_form(name, base, body, version=version, lang=lang, pending=pending) if base is not None else None


REBUILD = JobKind(name="core.rebuild", title="整理已有数据", run=_run, system=True)
