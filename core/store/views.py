"""Rows of saved views; what a view is and who may see it is in core.records.views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.store.records import places

if TYPE_CHECKING:
    from core.store.engine import Database

COLUMNS = ("id", "form", "name", "member", "query", "position", "created_at")
_NAMES = ", ".join(COLUMNS)


async def of_form(db: Database, tenant: int, form: str, *, member: str) -> list[Mapping[str, Any]]:
    """The shared views of a form and those of `member`, in their order."""
    sql = f"""SELECT {_NAMES} FROM saved_view WHERE tenant = $1 AND form = $2
              AND (member IS NULL OR member = $3) ORDER BY position, id"""
    return await db.fetch(sql, tenant, form, member)


async def fetch(db: Database, tenant: int, id: str) -> Mapping[str, Any] | None:
    return await db.fetch_one(f"SELECT {_NAMES} FROM saved_view WHERE tenant = $1 AND id = $2", tenant, id)


async def insert(db: Database, tenant: int, row: Mapping[str, Any]) -> None:
    sql = f"INSERT INTO saved_view (tenant, {_NAMES}) VALUES ({places(1, len(COLUMNS) + 1)})"
    await db.execute(sql, tenant, *(row[column] for column in COLUMNS))


async def update(db: Database, tenant: int, row: Mapping[str, Any]) -> None:
    sql = "UPDATE saved_view SET name = $3, member = $4, query = $5, position = $6 WHERE tenant = $1 AND id = $2"
    await db.execute(sql, tenant, row["id"], row["name"], row["member"], row["query"], row["position"])


async def delete(db: Database, tenant: int, id: str) -> None:
    await db.execute("DELETE FROM saved_view WHERE tenant = $1 AND id = $2", tenant, id)
