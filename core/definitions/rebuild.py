"""Making lists fast again after a publish: slots are rebuilt in chunks, in the background, also after a restart."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from core import exact
from core.forms import Catalogue, Form, compile_form
from core.records import reindex
from core.store import definitions as stored
from core.store import drafts as counted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.platform import Platform
    from core.store import Database

_log = logging.getLogger("dougong.definitions")
CHUNK = 500
COUNTED = 2_000_000  # beyond, progress is shown as of this many
_progress: dict[tuple[int, int, str], int] = {}  # (database, tenant, form) -> per cent, of this process's rebuilds
_running: dict[tuple[int, int, str], asyncio.Task[None]] = {}


def progress(db: Database, tenant: int, form: str) -> int | None:
    """Per cent done of a rebuild that runs in this process."""
    return _progress.get((id(db), tenant, form))


def start_rebuild(db: Database, tenant: int, form: Form) -> None:
    """Begin, or begin anew with a newer version of the form; returns at once."""
    place = (id(db), tenant, form.name)
    before = _running.get(place)
    task = asyncio.create_task(_run(db, tenant, form, before), name=f"rebuild {form.name}")
    _running[place] = task
    _progress[place] = 0
    task.add_done_callback(lambda done: _forget(place, done))


def _forget(place: tuple[int, int, str], done: asyncio.Task[None]) -> None:
    if _running.get(place) is done:
        del _running[place]
        _progress.pop(place, None)


async def _run(db: Database, tenant: int, form: Form, before: asyncio.Task[None] | None) -> None:
    if before is not None:
        await asyncio.wait([before])
    try:
        await rebuild(db, tenant, form)
    except Exception:
        _log.exception("rebuilding %s of tenant %s stopped; it goes on at the next start", form.name, tenant)


async def rebuild(db: Database, tenant: int, form: Form) -> bool:
    """Rebuild all that is derived from the records of `form`; False where a newer version came meanwhile."""
    place = (id(db), tenant, form.name)
    total = await counted.count_records(db, tenant, form.name, bound=COUNTED) or 1
    last: str | None = ""
    done = 0
    while last is not None:
        if not await _newest(db, tenant, form):
            return False
        last, number = await reindex(db, tenant, form, after=last, limit=CHUNK)
        done += number
        if place in _progress:
            _progress[place] = min(99, done * 100 // total)
        await asyncio.sleep(0)
    async with db.write():
        if not await _newest(db, tenant, form):
            return False
        await stored.set_pending(db, tenant, form.name, int(form.version), ())
        await stored.bump(db, tenant)
    return True


async def _newest(db: Database, tenant: int, form: Form) -> bool:
    rows = await stored.versions(db, tenant, form.name)
    return bool(rows) and str(rows[0]["version"]) == form.version


async def wait_for_rebuilds(db: Database) -> None:
    """Until nothing is being rebuilt in this process: for tests and for commands that end."""
    while tasks := [task for place, task in _running.items() if place[0] == id(db)]:
        await asyncio.wait(tasks)
        await asyncio.sleep(0)


async def stop_rebuilds(db: Database) -> None:
    """End them before the database closes; they go on at the next start."""
    for place, task in list(_running.items()):
        if place[0] == id(db):
            task.cancel()
            await asyncio.wait([task])


async def resume_rebuilds(db: Database, catalogue: Catalogue) -> None:
    """Go on with what an earlier process left half done. A form whose module is missing waits for it."""
    for row in await stored.pending_anywhere(db):
        found = await stored.fetch(db, row["tenant"], row["form"], version=row["version"])
        form = stored_form(catalogue, found) if found else None
        if form is not None:
            start_rebuild(db, row["tenant"], form)


async def rebuild_all(platform: Platform, tenant: int) -> AsyncIterator[tuple[str, int]]:
    """Rebuild whatever the tenant has stored, form by form: (form, records done) after each chunk.

    Records of a module whose folder is gone are left as they are.
    """
    db, published = platform.db, {row["form"]: row for row in await stored.latest(platform.db, tenant)}
    for name in await counted.forms_with_records(db, tenant):
        row, base = published.get(name), platform.catalogue.forms.get(name)
        form = stored_form(platform.catalogue, row) if row else compile_form(name, base, version="0") if base else None
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
