"""The second lock on PostgreSQL: row-level security on every table of tenants, put there by the migrations' runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.store.schema import ACROSS, GLOBAL_TABLES, UNLOCKED_READS
from core.store.scopes import ACROSS as ANY_TENANT

if TYPE_CHECKING:
    import asyncpg

# Written like this the planner ties it to the statement's own `tenant = $1` and asks once per statement, not per row.
MINE = "tenant = NULLIF(current_setting('app.tenant', true), '')::bigint"
_ANYBODYS = f"current_setting('app.tenant', true) = '{ANY_TENANT}'"
_TABLES = """SELECT c.relname AS name, c.relforcerowsecurity AS forced FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND a.attname = 'tenant' AND NOT a.attisdropped
    ORDER BY c.relname"""
_POWER = "SELECT rolsuper OR rolbypassrls AS above FROM pg_roles WHERE rolname = current_user"


async def tables(connection: asyncpg.Connection) -> dict[str, bool]:
    """Every table with a tenant in its rows, and whether it is locked."""
    return {row["name"]: row["forced"] for row in await connection.fetch(_TABLES) if row["name"] not in GLOBAL_TABLES}


async def unlock(connection: asyncpg.Connection) -> None:
    """For the rest of this transaction its owner sees all rows: a migration or a restore, nothing else."""
    for table, forced in (await tables(connection)).items():
        if forced:
            await connection.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")


async def lock(connection: asyncpg.Connection) -> None:
    """Put the policies, as this version has them, and the lock on every table."""
    old = "SELECT tablename, policyname FROM pg_policies WHERE schemaname = current_schema()"
    for row in await connection.fetch(old):
        await connection.execute(f"DROP POLICY {row['policyname']} ON {row['tablename']}")
    for table in await tables(connection):
        for statement in _policies(table):
            await connection.execute(statement)
        await connection.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        await connection.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _policies(table: str) -> list[str]:
    if table in UNLOCKED_READS:
        return [
            f"CREATE POLICY anybody_reads ON {table} FOR SELECT USING (true)",
            f"CREATE POLICY own_inserts ON {table} FOR INSERT WITH CHECK ({MINE})",
            f"CREATE POLICY own_updates ON {table} FOR UPDATE USING ({MINE}) WITH CHECK ({MINE})",
            f"CREATE POLICY own_deletes ON {table} FOR DELETE USING ({MINE})",
        ]
    own = [f"CREATE POLICY own ON {table} USING ({MINE}) WITH CHECK ({MINE})"]
    if table in ACROSS:
        own.append(f"CREATE POLICY across ON {table} FOR SELECT USING ({_ANYBODYS})")
    return own


async def above_the_lock(connection: asyncpg.Connection) -> bool:
    """Whether this role ignores row-level security, as a superuser does."""
    return bool(await connection.fetchval(_POWER))
