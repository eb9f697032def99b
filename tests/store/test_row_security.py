"""The second lock on PostgreSQL: whatever a statement forgets to say, it reaches one tenant's rows or none."""

# ruff: noqa: PT012 - a transaction is a block, and what raises inside it is the point
from __future__ import annotations

import asyncio

import asyncpg
import pytest

from core.store import Database, StoreError, open_database, schema, sessions
from core.store.scopes import tenant_tables
from tests.setup.behind import behind

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)
INSERT = "INSERT INTO department (tenant, id, name, position) VALUES ($1, $2, $3, 1)"
OF_A = "SELECT id FROM department WHERE tenant = $1 ORDER BY id"
REFUSED = pytest.raises(asyncpg.InsufficientPrivilegeError)


@pytest.fixture
async def filled(db: Database) -> Database:
    for tenant in (1, 2):
        await db.execute(INSERT, tenant, f"D{tenant}", "工程部")
    return db


async def test_every_tenants_table_is_locked_and_the_lock_is_forced_on_its_owner(engine: str, db: Database) -> None:
    sql = """SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS locked,
               (SELECT array_agg(p.cmd ORDER BY p.cmd) FROM pg_policies p WHERE p.tablename = c.relname) AS for
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
             WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"""
    found = {row["name"]: row for row in await db.fetch(sql) if row["name"] not in schema.GLOBAL_TABLES}
    assert found.keys() == tenant_tables()
    assert [name for name, row in found.items() if not row["locked"]] == []
    for name, row in found.items():
        expected = {"ALL", "SELECT"} if name in schema.ACROSS else {"ALL"}
        if name in schema.UNLOCKED_READS:
            expected = {"SELECT", "INSERT", "UPDATE", "DELETE"}
        assert set(row["for"]) == expected, name


async def test_a_statement_without_a_tenant_reaches_nothing(engine: str, filled: Database) -> None:
    db = filled
    assert await db.fetch(OF_A, 1) == [{"id": "D1"}]  # the connection is set for tenant 1 now
    assert await db.fetch("SELECT id FROM department") == []
    assert await db.execute("UPDATE department SET name = 'x'") == 0
    assert await db.execute("DELETE FROM department") == 0
    async with db.write():
        await db.fetch(OF_A, 1)
        assert await db.fetch("SELECT id FROM department") == []
    assert await behind(db, "SELECT id FROM department ORDER BY id") == [{"id": "D1"}, {"id": "D2"}]


async def test_every_tenants_table_is_empty_for_who_names_no_tenant(engine: str, platform, two_tenants) -> None:
    for ctx in two_tenants:
        async with ctx.db.write():
            await ctx.db.execute(INSERT, ctx.tenant.id, "D", "工程部")
    for table in sorted(tenant_tables() - set(schema.UNLOCKED_READS)):
        assert await platform.db.fetch(f"SELECT tenant FROM {table}") == [], table


async def test_a_part_of_a_statement_that_forgets_the_tenant_finds_nothing_of_others(
    engine: str, filled: Database
) -> None:
    sql = "SELECT (SELECT COUNT(*) FROM department) AS seen FROM department WHERE tenant = $1"
    assert await filled.fetch(sql, 1) == [{"seen": 1}]
    joined = "SELECT b.id FROM department a JOIN department b ON b.name = a.name WHERE a.tenant = $1"
    assert await filled.fetch(joined, 2) == [{"id": "D2"}]


async def test_a_row_cannot_be_put_into_or_moved_to_another_tenant(engine: str, filled: Database) -> None:
    with REFUSED:
        await filled.execute("UPDATE department SET tenant = tenant + 1 WHERE tenant = $1", 1)
    with pytest.raises(StoreError, match="one tenant"):
        await filled.execute("UPDATE department SET tenant = $2 WHERE tenant = $1", 1, 2)
    with pytest.raises(StoreError, match="2 tenants"):
        await filled.execute_many(INSERT, [(1, "D3", "x"), (2, "D3", "x")])
    with REFUSED:
        rows = [(1 + n % 2, f"E{n}", "x", 1) for n in range(50)]
        await filled.insert_many("department", ("tenant", "id", "name", "position"), rows)
    assert len(await behind(filled, "SELECT id FROM department")) == 2


async def test_reading_across_tenants_is_for_signing_in_only(engine: str, filled: Database) -> None:
    assert await filled.fetch_across("SELECT id FROM department") == []
    insert = "INSERT INTO member (tenant, id, account, name, active, created_at) VALUES ($1, $2, 'a', 'x', 1, '')"
    for tenant in (1, 2):
        await filled.execute(insert, tenant, f"M{tenant}")
    assert len(await filled.fetch_across("SELECT id FROM member")) == 2
    assert await filled.fetch("SELECT id FROM member") == []
    assert await sessions.who_by_session(filled, "no such") is None


async def test_the_tenant_of_a_connection_survives_no_rollback(engine: str, database_url: str) -> None:
    db = await open_database(database_url, pool_size=1)
    try:
        await db.execute(INSERT, 1, "D1", "x")
        with pytest.raises(ZeroDivisionError):
            async with db.write():
                await db.execute(INSERT, 2, "D2", "x")
                raise ZeroDivisionError
        assert await db.fetch(OF_A, 1) == [{"id": "D1"}]
        async with db.write():
            await db.fetch(OF_A, 1)
            with pytest.raises(ZeroDivisionError):
                async with db.savepoint():
                    await db.execute(INSERT, 2, "D2", "x")
                    raise ZeroDivisionError
            assert await db.fetch(OF_A, 2) == []
            await db.execute(INSERT, 2, "D3", "x")
        assert await db.fetch(OF_A, 2) == [{"id": "D3"}]
        assert await db.fetch("SELECT id FROM department") == []
    finally:
        await db.close()


async def test_the_lock_is_tested_once_for_a_statement_and_not_for_each_row(engine: str, filled: Database) -> None:
    for sql in (OF_A, "SELECT SUM(n1) AS n FROM record WHERE tenant = $1 AND form = 'f'"):
        rows = await filled.fetch(f"EXPLAIN {sql}", 1)
        described = "\n".join(row["QUERY PLAN"] for row in rows)
        assert "One-Time Filter: ((NULLIF(current_setting" in described
        assert "Filter: (tenant = " not in described


async def test_a_tenants_statements_share_a_connection_that_is_set_for_it(engine: str, filled: Database) -> None:
    await filled.fetch(OF_A, 1)
    await filled.fetch(OF_A, 2)
    sent: list[str] = []
    for connection in filled._driver._all:
        connection.add_query_logger(lambda record: sent.append(record.query))
    for _ in range(3):
        await filled.fetch(OF_A, 1)
        await filled.fetch(OF_A, 2)
    await asyncio.sleep(0)  # the loggers are called by the loop
    assert set(sent) == {OF_A}


async def test_a_role_above_the_lock_is_warned_of(engine: str, database_url: str, caplog) -> None:
    db = await open_database(database_url.replace("//dougong:", "//postgres:", 1), pool_size=1)
    try:
        await db.migrate()
        assert "row-level security" in caplog.text
    finally:
        await db.close()
