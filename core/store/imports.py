"""Rows of import runs and their states; what a run does is in core.records.transfer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.store.records import places

if TYPE_CHECKING:
    from core.store.engine import Database

COLUMNS = (
    "id", "form", "file", "state", "mapping", "options", "counts", "done", "total", "error", "result_file",
    "created_at", "created_by", "updated_at",
)  # fmt: skip
_NAMES = ", ".join(COLUMNS)


async def insert(db: Database, tenant: int, row: Mapping[str, Any]) -> None:
    sql = f"INSERT INTO import_run (tenant, {_NAMES}) VALUES ({places(1, len(COLUMNS) + 1)})"
    await db.execute(sql, tenant, *(row[column] for column in COLUMNS))


async def fetch(db: Database, tenant: int, id: str) -> Mapping[str, Any] | None:
    return await db.fetch_one(f"SELECT {_NAMES} FROM import_run WHERE tenant = $1 AND id = $2", tenant, id)


async def of_form(
    db: Database, tenant: int, form: str, *, member: str, limit: int
) -> list[Mapping[str, Any]]:
    """The newest runs of one member for one form."""
    sql = f"""SELECT {_NAMES} FROM import_run WHERE tenant = $1 AND form = $2 AND created_by = $3
              ORDER BY id DESC LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, form, member)


async def move(
    db: Database, tenant: int, id: str, *, since: Sequence[str], changes: Mapping[str, Any]
) -> bool:
    """Write `changes` (columns of the run) if it still is in one of the states `since`; whether it was."""
    columns = [column for column in COLUMNS if column in changes]
    sets = ", ".join(f"{column} = ${n}" for n, column in enumerate(columns, 3))
    states = places(3 + len(columns), len(since))
    sql = f"UPDATE import_run SET {sets} WHERE tenant = $1 AND id = $2 AND state IN ({states})"
    return bool(await db.execute(sql, tenant, id, *(changes[column] for column in columns), *since))


async def interrupt(
    db: Database, tenant: int, *, since: Sequence[str], to: str, silent_since: str, at: str
) -> int:
    """Give up the runs in `since` that were last heard of before `silent_since`; how many there were."""
    sql = f"""UPDATE import_run SET state = $2, updated_at = $3
              WHERE tenant = $1 AND updated_at < $4 AND state IN ({places(5, len(since))})"""
    return await db.execute(sql, tenant, to, at, silent_since, *since)
