"""All rows of a database as of one instant, read while others write; and such rows put into an empty database."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.store import row_security
from core.store.engine_postgres import PostgresDriver
from core.store.engine_postgres import connect as connect_postgres
from core.store.engine_sqlite import SQLiteDriver
from core.store.engine_sqlite import connect as connect_sqlite
from core.store.errors import StoreError
from core.store.migrations import MIGRATIONS, migrate

if TYPE_CHECKING:
    import asyncpg

    from core.store.engine import Database

ROWS = 1_000  # read and written at a time
DERIVED = ("record_text",)  # in each engine's own form: another engine makes it anew from the records
_OURS = ("migration", "sqlite_", "record_search")  # beginnings of names that are no table of rows
_TABLES = """SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns,
      array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) AS types,
      (SELECT array_agg(k.attname::text ORDER BY k.attnum) FROM pg_index i
       JOIN pg_attribute k ON k.attrelid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisprimary) AS key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    GROUP BY c.oid, c.relname ORDER BY c.relname"""

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the database has it; `key` orders its rows, the same way on both engines."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    types: tuple[str, ...] = ()

    def names(self, columns: Sequence[str]) -> str:
        return ", ".join(f'"{column}"' for column in columns)


class SQLiteSnapshot:
    """A copy of the file, made by SQLite while others write."""

    kind = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.migrations = sorted(number for (number,) in connection.execute("SELECT number FROM migration"))
        self.tables = _sqlite_tables(connection)

    async def rows(self, table: Table) -> AsyncIterator[Rows]:
        sql = f"SELECT {table.names(table.columns)} FROM {table.name} ORDER BY {table.names(table.key)}"
        cursor = self._connection.execute(sql)
        while some := cursor.fetchmany(ROWS):
            yield some


class PostgresSnapshot:
    """One transaction that sees the database as it was when it began."""

    kind = "postgres"

    def __init__(self, connection: asyncpg.Connection, tables: list[Table], migrations: list[int]) -> None:
        self._connection = connection
        self.tables, self.migrations = tables, migrations

    async def rows(self, table: Table) -> AsyncIterator[Rows]:
        """Tenant by tenant where rows belong to one: row-level security shows no more at a time."""
        sql = f"SELECT {table.names(table.columns)} FROM {table.name}"
        order = f" ORDER BY {table.names(table.key)}"
        wheres = [""]
        if "tenant" in table.columns and table.name not in row_security.GLOBAL_TABLES:
            tenants = await self._connection.fetch("SELECT id FROM tenant ORDER BY id")
            wheres = [str(int(row["id"])) for row in tenants]
        for tenant in wheres:
            if tenant:
                await self._connection.execute(f"SET LOCAL app.tenant = '{tenant}'")
            where = f" WHERE tenant = {tenant}" if tenant else ""
            some: Rows = []
            async for row in self._connection.cursor(sql + where + order, prefetch=ROWS):
                some.append(tuple(row))
                if len(some) == ROWS:
                    yield some
                    some = []
            if some:
                yield some


@asynccontextmanager
async def snapshot(db: Database) -> AsyncIterator[SQLiteSnapshot | PostgresSnapshot]:
    """The database as it is now; whoever writes meanwhile is neither stopped nor seen."""
    driver = db._driver
    if isinstance(driver, SQLiteDriver):
        with (
            tempfile.TemporaryDirectory(prefix="dougong-", dir=driver.path.parent) as folder,
            closing(sqlite3.connect(driver.path)) as live,
            closing(sqlite3.connect(Path(folder) / "db")) as copy,
        ):
            live.backup(copy)
            yield SQLiteSnapshot(copy)
        return
    connection = await connect_postgres(driver.url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            migrations = [row["number"] for row in await connection.fetch("SELECT number FROM migration ORDER BY 1")]
            yield PostgresSnapshot(connection, await _postgres_tables(connection), migrations)
    finally:
        await connection.close()


class SQLiteLoader:
    """Rows going into an empty SQLite database, in one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.tables = {table.name: table for table in _sqlite_tables(connection)}

    async def put(self, name: str, columns: Sequence[str], rows: Rows) -> None:
        table = _checked(self.tables, name, columns)
        places = ", ".join("?" for _ in columns)
        self._connection.executemany(f"INSERT INTO {name} ({table.names(columns)}) VALUES ({places})", rows)


class PostgresLoader:
    """Rows going into an empty PostgreSQL database, in one transaction of the tables' owner."""

    def __init__(self, connection: asyncpg.Connection, tables: list[Table]) -> None:
        self._connection = connection
        self.tables = {table.name: table for table in tables}

    async def put(self, name: str, columns: Sequence[str], rows: Rows) -> None:
        table = _checked(self.tables, name, columns)
        types = dict(zip(table.columns, table.types, strict=True))
        sent = ["text" if types[column] == "tsvector" else types[column] for column in columns]
        arrays = ", ".join(f"${n}::{type}[]" for n, type in enumerate(sent, 1))
        taken = ", ".join(f'CAST("{column}" AS {types[column]})' for column in columns)
        names = table.names(columns)
        sql = f"INSERT INTO {name} ({names}) SELECT {taken} FROM unnest({arrays}) AS given ({names})"
        await self._connection.execute(sql, *zip(*rows, strict=True))


@asynccontextmanager
async def loading(db: Database, migrations: Sequence[int]) -> AsyncIterator[SQLiteLoader | PostgresLoader]:
    """Bring an empty database to these migrations, let rows be put into it, and to today's; all rows or none."""
    driver = db._driver
    unknown = set(migrations) - {migration.number for migration in MIGRATIONS}
    if unknown:
        raise StoreError(f"migration {max(unknown)} is of a newer version of the program: use that one")
    if await _has_rows(db):
        raise StoreError("this database has tenants or accounts already: rows are only put into an empty one")
    await migrate(driver, tuple(migration for migration in MIGRATIONS if migration.number in migrations))
    if isinstance(driver, SQLiteDriver):
        with _loading_sqlite(driver) as loader:
            yield loader
    else:
        async with _loading_postgres(driver) as loader:
            yield loader
    await migrate(driver)


@contextmanager
def _loading_sqlite(driver: SQLiteDriver) -> Iterator[SQLiteLoader]:
    with closing(connect_sqlite(driver.path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield SQLiteLoader(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        connection.execute("ANALYZE")


@asynccontextmanager
async def _loading_postgres(driver: PostgresDriver) -> AsyncIterator[PostgresLoader]:
    connection = await connect_postgres(driver.url)
    try:
        async with connection.transaction():
            await row_security.unlock(connection)
            yield PostgresLoader(connection, await _postgres_tables(connection))
            await row_security.lock(connection)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def _has_rows(db: Database) -> bool:
    if db.kind == "sqlite":
        sql = "SELECT COUNT(*) AS number FROM sqlite_schema WHERE type = 'table' AND name = 'account'"
    else:
        sql = "SELECT COUNT(*) AS number FROM pg_class WHERE relname = 'account' AND relkind = 'r'"
    made = await db.fetch_one(sql)
    if not made or not made["number"]:
        return False
    row = await db.fetch_one("SELECT (SELECT COUNT(*) FROM tenant) + (SELECT COUNT(*) FROM account) AS number")
    return bool(row and row["number"])


def _checked(tables: dict[str, Table], name: str, columns: Sequence[str]) -> Table:
    """Names become part of statements: only those that the database has."""
    table = tables.get(name)
    if table is None or set(columns) - set(table.columns):
        raise StoreError(f"this database has no table {name!r} with the columns {', '.join(columns)}")
    return table


def _sqlite_tables(connection: sqlite3.Connection) -> list[Table]:
    sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    names = [name for (name,) in connection.execute(sql).fetchall()]
    found = []
    for name in names:
        if not name.startswith(_OURS):
            columns = connection.execute("SELECT name, pk FROM pragma_table_info(?)", (name,)).fetchall()
            key = sorted((place, column) for column, place in columns if place)
            found.append(Table(name, tuple(column for column, _ in columns), tuple(column for _, column in key)))
    return found


async def _postgres_tables(connection: asyncpg.Connection) -> list[Table]:
    return [
        Table(row["name"], tuple(row["columns"]), tuple(row["key"]), tuple(row["types"]))
        for row in await connection.fetch(_TABLES)
        if not row["name"].startswith(_OURS)
    ]
