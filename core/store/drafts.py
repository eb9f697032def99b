"""Rows of drafts, and what a designer counts before publishing: records of a form, views of a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.clock import now
from core.store.records import places

if TYPE_CHECKING:
    from core.store.engine import Database

COLUMNS = ("form", "kind", "body", "base_version", "updated_at", "updated_by")
_NAMES = ", ".join(COLUMNS)


async def fetch(db: Database, tenant: int, form: str, *, lock: bool = False) -> Mapping[str, Any] | None:
    """One draft. `lock` lets edits of several people follow one another; SQLite has one writer anyway."""
    tail = " FOR UPDATE" if lock and db.kind == "postgres" else ""
    return await db.fetch_one(
        f"SELECT {_NAMES} FROM draft WHERE tenant = $1 AND form = $2{tail}", tenant, form
    )


async def every(db: Database, tenant: int) -> list[Mapping[str, Any]]:
    return await db.fetch(f"SELECT {_NAMES} FROM draft WHERE tenant = $1 ORDER BY form", tenant)


async def save(
    db: Database, tenant: int, form: str, *, kind: str, body: str, base_version: int, by: str | None
) -> None:
    """Keep the draft of a form, new or changed."""
    sql = f"""INSERT INTO draft (tenant, {_NAMES}) VALUES ({places(1, len(COLUMNS) + 1)})
              ON CONFLICT (tenant, form) DO UPDATE SET kind = excluded.kind, body = excluded.body,
              base_version = excluded.base_version, updated_at = excluded.updated_at,
              updated_by = excluded.updated_by"""
    await db.execute(sql, tenant, form, kind, body, base_version, now(), by)


async def drop(db: Database, tenant: int, form: str) -> None:
    await db.execute("DELETE FROM draft WHERE tenant = $1 AND form = $2", tenant, form)


async def drop_definitions(db: Database, tenant: int, form: str) -> None:
    """Every published version of a form: only for a form without a record."""
    await db.execute("DELETE FROM definition WHERE tenant = $1 AND form = $2", tenant, form)


async def count_records(db: Database, tenant: int, form: str, *, bound: int) -> int:
    """Live records of a form, `bound` at most."""
    sql = f"""SELECT COUNT(*) AS number FROM (SELECT 1 AS one FROM record
              WHERE tenant = $1 AND form = $2 AND deleted_at IS NULL LIMIT {int(bound)}) bounded"""
    row = await db.fetch_one(sql, tenant, form)
    return row["number"] if row else 0


async def has_records(db: Database, tenant: int, form: str) -> bool:
    """Whether anything of a form is stored, in the bin or not."""
    sql = "SELECT 1 AS one FROM record WHERE tenant = $1 AND form = $2 LIMIT 1"
    return await db.fetch_one(sql, tenant, form) is not None


async def forms_with_records(db: Database, tenant: int) -> list[str]:
    """The names of all forms the tenant has live records of: one step in an index for each, whatever their number."""
    found: list[str] = []
    sql = "SELECT MIN(form) AS form FROM record WHERE tenant = $1 AND form > $2 AND deleted_at IS NULL"
    while True:
        row = await db.fetch_one(sql, tenant, found[-1] if found else "")
        if row is None or row["form"] is None:
            return found
        found.append(row["form"])


async def views_of(db: Database, tenant: int, form: str) -> list[Mapping[str, Any]]:
    """All saved views of a form, whoever they belong to: a removed field concerns them all."""
    sql = (
        "SELECT id, name, member, query FROM saved_view WHERE tenant = $1 AND form = $2 ORDER BY position, id"
    )
    return await db.fetch(sql, tenant, form)
