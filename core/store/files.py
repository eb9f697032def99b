"""Rows about uploaded files; their bytes lie in the folder that core.records.files keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from core.store.records import batches, places

if TYPE_CHECKING:
    from core.store.engine import Database

COLUMNS = ("id", "name", "size", "mime", "sha256", "record", "form", "field", "created_at", "created_by")
_NAMES = ", ".join(COLUMNS)
_INSERT = f"INSERT INTO file (tenant, {_NAMES}) VALUES ({places(1, len(COLUMNS) + 1)})"


async def insert(db: Database, tenant: int, row: Mapping[str, Any]) -> None:
    await db.execute(_INSERT, tenant, *(row[column] for column in COLUMNS))


async def fetch_many(db: Database, tenant: int, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Files by id; ids that are not there are left out."""
    found = {}
    for some in batches(ids):
        sql = f"SELECT {_NAMES} FROM file WHERE tenant = $1 AND id IN ({places(2, len(some))})"
        found.update({row["id"]: row for row in await db.fetch(sql, tenant, *some)})
    return found


async def attach(db: Database, tenant: int, ids: Iterable[str], *, record: str, form: str, field: str) -> int:
    """Give unattached files to a record's field; returns how many were still free."""
    number = 0
    for some in batches(ids):
        sql = f"""UPDATE file SET record = $2, form = $3, field = $4 WHERE tenant = $1 AND record IS NULL
                  AND id IN ({places(5, len(some))})"""
        number += await db.execute(sql, tenant, record, form, field, *some)
    return number


async def forgotten(db: Database, tenant: int, *, before: str, limit: int) -> list[Mapping[str, Any]]:
    """Files that no record took, uploaded before the instant `before`."""
    sql = f"""SELECT {_NAMES} FROM file WHERE tenant = $1 AND record IS NULL AND created_at < $2
              ORDER BY id LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, before)


async def delete(db: Database, tenant: int, id: str) -> None:
    """Forget a file that no record holds."""
    await db.execute("DELETE FROM file WHERE tenant = $1 AND id = $2 AND record IS NULL", tenant, id)


async def holders(db: Database, tenant: int, sha256: str) -> int:
    """How many files of the tenant have these bytes."""
    sql = "SELECT COUNT(*) AS number FROM file WHERE tenant = $1 AND sha256 = $2"
    row = await db.fetch_one(sql, tenant, sha256)
    return row["number"] if row else 0
