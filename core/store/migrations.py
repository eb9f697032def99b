"""Bringing a database up to date: the hand-written migrations and their runner; the tables are elsewhere.

A migration and its line in the table `migration` are one transaction, under a lock that all processes share:
several servers may start at once, and one that is killed half-way leaves nothing behind. On PostgreSQL the same
transaction ends by putting row-level security on every tenant's table; what a migration itself does stands outside.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from dataclasses import dataclass

from core.clock import now
from core.store import row_security, schema, schema_alerts, schema_formulas, schema_jobs, schema_licences
from core.store.engine_postgres import PostgresDriver
from core.store.engine_postgres import connect as connect_postgres
from core.store.engine_sqlite import SQLiteDriver
from core.store.engine_sqlite import connect as connect_sqlite
from core.store.errors import StoreError

_log = logging.getLogger("dougong.store")
LOCK_NUMBER = 0xD0060  # the advisory lock of this program on a PostgreSQL server
CODE_POINT_ORDER = ("C", "POSIX", "C.UTF-8", "C.utf8")
_LIST = """CREATE TABLE IF NOT EXISTS migration (number BIGINT NOT NULL, name TEXT NOT NULL, applied_at TEXT NOT NULL,
    PRIMARY KEY (number))"""
_APPLIED = "SELECT number FROM migration"


@dataclass(frozen=True, slots=True)
class Migration:
    """`both` runs first on each engine, then the engine's own statements. Once released it is never edited."""

    number: int
    name: str
    both: tuple[str, ...]
    sqlite: tuple[str, ...] = ()
    postgres: tuple[str, ...] = ()


MIGRATIONS = (
    Migration(
        1,
        "the platform's first tables",
        schema.PEOPLE + schema.FORMS + schema.RECORDS + schema.REST,
        sqlite=schema.SEARCH_SQLITE,
        postgres=schema.SEARCH_POSTGRES,
    ),
    Migration(2, "jobs and their schedules", schema_jobs.JOBS),
    Migration(
        3,
        "alerts, notices and webhooks",
        schema_alerts.ALERTS + schema_alerts.NOTICES + schema_alerts.WEBHOOKS,
    ),
    Migration(4, "licences, the operator's log and usage by day", schema_licences.LICENCES),
    # No statement of its own: the runner locks every table that has a tenant, those of later migrations too.
    Migration(5, "row-level security on PostgreSQL", ()),
    Migration(6, "rows of imports", schema_jobs.IMPORT_ROWS),
    Migration(7, "values that wait to be worked out again", schema_formulas.OVERDUE),
)


async def migrate(driver: SQLiteDriver | PostgresDriver, migrations: tuple[Migration, ...] = MIGRATIONS) -> list[str]:
    """Apply what is missing, in order; the names of what was applied."""
    if isinstance(driver, SQLiteDriver):
        return await asyncio.to_thread(_migrate_sqlite, driver, migrations)
    return await _migrate_postgres(driver, migrations)


def _missing(applied: set[int], migrations: tuple[Migration, ...]) -> list[Migration]:
    unknown = applied - {migration.number for migration in migrations}
    if unknown:
        raise StoreError(
            f"this database was migrated by a newer version of the program (migration {max(unknown)}): "
            "start that version, or restore a backup made before it"
        )
    return [migration for migration in migrations if migration.number not in applied]


def _migrate_sqlite(driver: SQLiteDriver, migrations: tuple[Migration, ...]) -> list[str]:
    connection = connect_sqlite(driver.path)
    connection.execute("PRAGMA busy_timeout = 120000")
    try:
        connection.execute("BEGIN EXCLUSIVE")
        try:
            connection.execute(_LIST)
            missing = _missing({number for (number,) in connection.execute(_APPLIED)}, migrations)
            for migration in missing:
                for statement in migration.both + migration.sqlite:
                    connection.execute(statement)
                connection.execute(
                    "INSERT INTO migration (number, name, applied_at) VALUES (?, ?, ?)",
                    (migration.number, migration.name, now()),
                )
            connection.execute("COMMIT")
        except (sqlite3.Error, StoreError):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return [migration.name for migration in missing]
    finally:
        connection.close()


async def _migrate_postgres(driver: PostgresDriver, migrations: tuple[Migration, ...]) -> list[str]:
    connection = await connect_postgres(driver.url)  # its own: the lock lives and dies with the connection
    try:
        row = await connection.fetchrow(
            """SELECT datcollate, pg_encoding_to_char(encoding) AS encoding FROM pg_database
            WHERE datname = current_database()"""
        )
        if row["datcollate"] not in CODE_POINT_ORDER or row["encoding"] != "UTF8":
            raise StoreError(
                f"this PostgreSQL database sorts by {row['datcollate']} in {row['encoding']}: make it with "
                "CREATE DATABASE name TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
            )
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK_NUMBER)
        async with connection.transaction():
            await connection.execute(_LIST)
            missing = _missing({row["number"] for row in await connection.fetch(_APPLIED)}, migrations)
            if missing:
                await row_security.unlock(connection)
            for migration in missing:
                for statement in migration.both + migration.postgres:
                    await connection.execute(statement)
                await connection.execute(
                    "INSERT INTO migration (number, name, applied_at) VALUES ($1, $2, $3)",
                    migration.number, migration.name, now(),
                )  # fmt: skip
            if missing:
                await row_security.lock(connection)
        if await row_security.above_the_lock(connection):
            _log.warning("the database's role is a superuser or BYPASSRLS: row-level security does not hold it")
        await driver.learn()
        return [migration.name for migration in missing]
    finally:
        await connection.close()
