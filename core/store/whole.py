"""All rows of one tenant, table by table, to be taken out and put in elsewhere; what they mean is not known here."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from core.store.migrations import MIGRATIONS
from core.store.people import Row
from core.store.schema import GLOBAL_TABLES

if TYPE_CHECKING:
    from core.store.engine import Database

STEP = 500
_TABLE = re.compile(r"\s*CREATE TABLE (?:IF NOT EXISTS )?(\w+) \(tenant\b.*PRIMARY KEY \(([^)]+)\)", re.DOTALL)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Tables of tenants that stay behind, each for its reason.
LEFT = {
    "record_text": "search is built anew from the records",
    "api_token": "a token names the tenant it was made for",
    "usage_day": "what the operator of this installation counted",
    "job": "work of this installation's queue",
    "job_schedule": "begins anew from the modules' own rules",
    "webhook": "its receiver knows this installation's signature, and would be called from both",
    "delivery": "goes with the webhooks: nothing is sent a second time",
    "delivery_attempt": "goes with the webhooks",
}


@cache
def carried() -> dict[str, tuple[str, ...]]:
    """Every table whose rows go along, with the columns of its key but the tenant."""
    found = {}
    for migration in MIGRATIONS:
        for statement in migration.both:
            made = _TABLE.match(statement)
            if made and made[1] not in (*LEFT, *GLOBAL_TABLES):
                found[made[1]] = tuple(name for name in re.split(r",\s*", made[2]) if name != "tenant")
    return dict(sorted(found.items()))


def newest_migration() -> int:
    return max(migration.number for migration in MIGRATIONS)


@asynccontextmanager
async def snapshot(db: Database) -> AsyncIterator[None]:
    """What is read inside is of one moment. SQLite's writers wait meanwhile, PostgreSQL's do not."""
    async with db.write():
        if db.kind == "postgres":
            await db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


async def rows(db: Database, tenant: int, table: str) -> AsyncIterator[Sequence[Row]]:
    """All rows of a carried table, without their tenant, in the order of its key, some at a time."""
    keys = carried()[table]
    order = ", ".join(f'"{key}"' for key in keys)
    places = ", ".join(f"${n}" for n in range(2, len(keys) + 2))
    after: list[Any] = []
    while True:
        bound = f" AND ({order}) > ({places})" if after else ""
        sql = f"SELECT * FROM {table} WHERE tenant = $1{bound} ORDER BY {order} LIMIT {STEP}"
        found = await db.fetch(sql, tenant, *after)
        if found:
            yield [{name: value for name, value in row.items() if name != "tenant"} for row in found]
        if len(found) < STEP:
            return
        after = [found[-1][key] for key in keys]


async def put(db: Database, tenant: int, table: str, found: Sequence[Row]) -> None:
    """Add rows to a carried table; all of them have the same columns."""
    if table not in carried() or not found:
        raise ValueError(f"{table}: nothing of it is carried")
    columns = list(found[0])
    if any(list(row) != columns for row in found) or not all(_NAME.fullmatch(name) for name in columns):
        raise ValueError(f"{table}: rows differ in their columns")
    quoted = ["tenant", *columns]
    await db.insert_many(table, quoted, [[tenant, *row.values()] for row in found])


async def accounts(db: Database, tenant: int) -> Sequence[Row]:
    """The accounts of the members, without what lets one sign in."""
    return await db.fetch(
        "SELECT a.id, a.login, a.name, a.language, a.active FROM member m JOIN account a ON a.id = m.account "
        "WHERE m.tenant = $1 ORDER BY a.id",
        tenant,
    )


async def columns(db: Database, table: str) -> frozenset[str]:
    """The columns this version gives a carried table."""
    sql = {
        "sqlite": "SELECT name FROM pragma_table_info($1)",
        "postgres": """SELECT column_name AS name FROM information_schema.columns
            WHERE table_schema = current_schema() AND table_name = $1""",
    }[db.kind]
    return frozenset(row["name"] for row in await db.fetch(sql, table)) - {"tenant"}
