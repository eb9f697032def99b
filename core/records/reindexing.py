"""Rebuilding what is derived from the data of a form's records: slots, key and full text; the data is never touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core import exact
from core.records import drafts
from core.store import UniqueViolation
from core.store import records as stored
from core.store import search as stored_search
from core.store.schema import SLOTS

if TYPE_CHECKING:
    from core.forms.model import Form
    from core.store import Database

CHUNK = 500


async def reindex(
    db: Database, tenant: int, form: Form, *, after: str = "", limit: int = CHUNK
) -> tuple[str | None, int]:
    """Rebuild up to `limit` records with an id greater than `after`, the bin included.

    Answers (the last id done, or None when there are no more; how many were done), so that it can go on where
    it stopped. Writers of these records wait meanwhile. A key that is taken stays empty; slots that the form does
    not use are emptied.
    """
    async with db.write():
        rows = await stored.after(db, tenant, form.name, id=after, limit=limit, lock=True)
        datas = [exact.loads(row["data"]) for row in rows]
        fresh = [
            {**row, **drafts.derived(form, data, slots=SLOTS)} for row, data in zip(rows, datas, strict=True)
        ]
        await stored.set_columns(db, tenant, fresh, columns=SLOTS)
        for old, new in zip(rows, fresh, strict=True):
            if old["key"] != new["key"]:
                await _set_key(db, tenant, new)
        texts = [(row["id"], drafts.grams_of(form, data)) for row, data in zip(rows, datas, strict=True)]
        await stored_search.put(db, tenant, form.name, rows=texts)
    return (rows[-1]["id"] if len(rows) == limit else None), len(rows)


async def _set_key(db: Database, tenant: int, row: Mapping[str, Any]) -> None:
    try:
        async with db.savepoint():
            await stored.set_columns(db, tenant, [row], columns=("key",))
    except UniqueViolation:
        await stored.set_columns(db, tenant, [{**row, "key": None}], columns=("key",))


async def reindex_all(db: Database, tenant: int, form: Form) -> int:
    """Rebuild every record of the form; how many there were."""
    after: str | None = ""
    number = 0
    while after is not None:
        after, done = await reindex(db, tenant, form, after=after)
        number += done
    return number
