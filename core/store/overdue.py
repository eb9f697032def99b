"""Marks of records whose computed values wait to be worked out again; who sets and clears them is in core.records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.store.engine import Database

_COLUMNS = "form, scope, target, fields, stamp, at"


async def mark(
    db: Database, tenant: int, form: str, *, marks: Iterable[tuple[str, str]], fields: str, stamp: str, at: str
) -> None:
    """Mark what each (scope, target) says; a mark that is there is renewed."""
    sql = f"""INSERT INTO overdue (tenant, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)
              ON CONFLICT (tenant, form, scope, target) DO UPDATE
              SET fields = excluded.fields, stamp = excluded.stamp, at = excluded.at"""
    for scope, target in sorted(set(marks)):  # in one order: two who mark alike must not wait for each other
        await db.execute(sql, tenant, form, scope, target, fields, stamp, at)


async def of_form(db: Database, tenant: int, form: str, *, limit: int = 1000) -> Sequence[Mapping[str, Any]]:
    """The oldest marks of a form."""
    sql = f"""SELECT {_COLUMNS} FROM overdue WHERE tenant = $1 AND form = $2
              ORDER BY at, scope, target LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, form)


async def forms(db: Database, tenant: int) -> list[str]:
    """The forms that have marks."""
    rows = await db.fetch("SELECT DISTINCT form FROM overdue WHERE tenant = $1 ORDER BY form", tenant)
    return [row["form"] for row in rows]


async def clear(db: Database, tenant: int, mark: Mapping[str, Any]) -> None:
    """Take the mark away, unless it was renewed meanwhile."""
    sql = """DELETE FROM overdue WHERE tenant = $1 AND form = $2 AND scope = $3 AND target = $4 AND stamp = $5"""
    await db.execute(sql, tenant, mark["form"], mark["scope"], mark["target"], mark["stamp"])
