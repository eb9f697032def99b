"""What the whole installation remembers, by name: values of no tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.store.engine import Database


async def recall(db: Database, name: str) -> str | None:
    row = await db.fetch_one("SELECT value FROM installation WHERE name = $1", name)
    return str(row["value"]) if row else None


async def remember(db: Database, name: str, value: str) -> None:
    sql = """INSERT INTO installation (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
    await db.execute(sql, name, value)
