"""SQL behind the platform's back, as somebody with the database's own password would do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from core.store import Database


async def behind(db: Database, sql: str, *args: Any) -> list[dict[str, Any]]:
    """Run `sql` on the rows of all tenants; on PostgreSQL as its superuser, whom row-level security does not hold."""
    if db.kind == "sqlite":
        return [dict(row) for row in await db.fetch(sql, *args)]
    connection = await asyncpg.connect(db._driver.url.replace("//dougong:", "//postgres:", 1))
    try:
        return [dict(row) for row in await connection.fetch(sql, *args)]
    finally:
        await connection.close()
