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


async def forget_rows(db: Database, tenant: int, *, before: str) -> int:
    """Drop the rows of runs that were made before this instant; the runs themselves stay."""
    sql = """DELETE FROM import_row WHERE tenant = $1 AND run IN (
               SELECT id FROM import_run WHERE tenant = $1 AND created_at < $2)"""
    return await db.execute(sql, tenant, before)


# What became of each row of the file

ROW_COLUMNS = ("number", "status", "record", "revision", "problems")
_ROW_NAMES = ", ".join(ROW_COLUMNS)


async def add_rows(db: Database, tenant: int, run: str, rows: Sequence[Sequence[Any]]) -> None:
    """Keep rows (in the order of ROW_COLUMNS); UniqueViolation where another worker has kept one of them."""
    await db.insert_many("import_row", ("tenant", "run", *ROW_COLUMNS), [(tenant, run, *row) for row in rows])


async def rows(db: Database, tenant: int, run: str) -> list[Mapping[str, Any]]:
    sql = f"SELECT {_ROW_NAMES}, undo FROM import_row WHERE tenant = $1 AND run = $2 ORDER BY number"
    return await db.fetch(sql, tenant, run)


async def rows_to_undo(db: Database, tenant: int, run: str, *, limit: int) -> list[Mapping[str, Any]]:
    """Rows that made or changed a record and were not yet taken back, what was made last first."""
    sql = f"""SELECT {_ROW_NAMES} FROM import_row WHERE tenant = $1 AND run = $2 AND record IS NOT NULL
                AND undo IS NULL AND status IN ('new', 'changed') ORDER BY record DESC LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, run)


async def undone_rows(db: Database, tenant: int, run: str, undone: Sequence[tuple[int, str]]) -> None:
    """(number, "" or why it was not taken back)"""
    sql = "UPDATE import_row SET undo = $4 WHERE tenant = $1 AND run = $2 AND number = $3"
    await db.execute_many(sql, [(tenant, run, number, why) for number, why in undone])


async def drop_rows(db: Database, tenant: int, run: str) -> None:
    await db.execute("DELETE FROM import_row WHERE tenant = $1 AND run = $2", tenant, run)
