"""What an operator does from a shell, on a database of his own."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from core import people
from core.cli import main
from core.demo import LOGINS, TENANTS, make_demo
from core.records import Query
from core.store import open_database
from core.testing import new_tenant, platform_at
from tests.hooks.dummy import write_schemas

COMPANY = {"code": "C1", "name": "甲公司", "kind": "supplier", "status": "qualified"}


@pytest.fixture
def shell(database_url, tmp_path, monkeypatch, capsys):
    """Runs a command with this test's database; (exit code, what it printed)."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DOUGONG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DOUGONG_SECRET", "secret " * 8)

    def run(*arguments: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        said = capsys.readouterr()
        code = ended.value.code
        return (code, said.out + said.err) if isinstance(code, int) else (1, f"{said.out}{code}")

    return run


def in_a_platform(database_url, tmp_path, work):
    async def run():
        async with platform_at(database_url, tmp_path / "data") as platform:
            return await work(platform)

    return asyncio.run(run())


def test_verify_is_content_until_somebody_edits_the_database_and_then_names_the_record(shell, database_url, tmp_path):
    async def write(platform):
        ctx = await new_tenant(platform, "aa", modules=("partners",))
        await new_tenant(platform, "bb")
        return (await ctx.records.create("partners.company", COMPANY)).id

    record = in_a_platform(database_url, tmp_path, write)
    code, said = shell("verify")
    assert code == 0
    assert "aa: intact" in said
    asyncio.run(_tamper(database_url, record))
    code, said = shell("verify")
    assert code == 1
    assert record in said
    assert "bb: intact" in said
    assert shell("verify", "--tenant", "bb")[0] == 0


async def _tamper(url, record):
    db = await open_database(url)
    try:
        data = json.dumps(COMPANY | {"name": "乙公司"}, ensure_ascii=False)
        async with db.write():
            await db.execute("UPDATE record SET data = $1 WHERE id = $2", data, record)
    finally:
        await db.close()


def test_an_unknown_tenant_is_named_with_those_that_are_known(shell, database_url, tmp_path):
    in_a_platform(database_url, tmp_path, lambda platform: new_tenant(platform, "aa"))
    code, said = shell("verify", "--tenant", "nobody")
    assert code == 1
    assert "nobody" in said
    assert "aa" in said


def test_reindex_brings_back_search_and_sorting(shell, database_url, tmp_path):
    async def write(platform):
        ctx = await new_tenant(platform, "aa", modules=("partners",))
        await ctx.records.create("partners.company", COMPANY)
        async with platform.db.write():
            await platform.db.execute("UPDATE record SET t1 = NULL, t2 = NULL WHERE tenant = $1", ctx.tenant.id)
            await platform.db.execute("DELETE FROM record_text WHERE tenant = $1", ctx.tenant.id)
        return ctx

    async def search(platform):
        tenant = (await people.tenants(platform.db))[0]
        ctx = await platform.context(people.system_access(tenant))
        return [
            len((await ctx.records.list("partners.company", query)).records)
            for query in (Query(search="甲公"), Query(sort=(("code", False),)))
        ]

    in_a_platform(database_url, tmp_path, write)
    assert in_a_platform(database_url, tmp_path, search)[0] == 0
    assert shell("reindex")[0] == 0
    assert in_a_platform(database_url, tmp_path, search) == [1, 1]


def test_check_names_the_file_that_is_wrong(shell, tmp_path, monkeypatch):
    assert shell("check")[0] == 0
    schemas = write_schemas(tmp_path)
    (schemas / "dummy" / "thing.json").write_text('{"title": "坏"')
    monkeypatch.setenv("DOUGONG_SCHEMAS", str(schemas))
    code, said = shell("check")
    assert code == 1
    assert "dummy" in said
    assert "thing.json" in said


def test_a_port_that_is_taken_is_said_before_anything_is_started(shell):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, said = shell("serve", "--port", port)
    assert code == 1
    assert port in said
    assert "--port" in said


def test_a_tenant_is_opened_with_an_administrator_who_can_sign_in(shell, database_url, tmp_path):
    code, said = shell("tenant", "linxi", "临溪区民心工程办公室", "--admin", "wang", "--name", "王志强")
    assert code == 0, said
    password = said.split("first password ")[1].strip()

    async def enter(platform):
        token = await people.sign_in(platform.db, "wang", password=password, address=None, hours=1)
        tenant = (await people.tenants(platform.db))[0]
        (person,) = await people.people(platform.db, tenant.id)
        ctx = await platform.context(await people.access_of(platform.db, tenant.id, person.id))
        return bool(token), tenant.name, person.name, ctx.may("people")

    assert in_a_platform(database_url, tmp_path, enter) == (True, "临溪区民心工程办公室", "王志强", True)
    code, said = shell("tenant", "linxi", "又一个", "--admin", "li")
    assert code == 1
    assert len(in_a_platform(database_url, tmp_path, lambda platform: people.tenants(platform.db))) == 1
    code, said = shell("tenant", "second", "第二个单位", "--admin", "wang")
    assert code == 0
    assert "with the password of that account" in said


def test_migrate_can_be_said_twice(shell):
    assert shell("migrate")[0] == 0
    assert shell("migrate")[0] == 0


def test_a_wrong_setting_is_refused_by_name(shell, monkeypatch):
    monkeypatch.setenv("DOUGONG_POOL_SIZE", "many")
    code, said = shell("migrate")
    assert code == 1
    assert "DOUGONG_POOL_SIZE" in said


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_the_demo_is_made_once_and_tells_a_true_story(platform, engine):
    assert await make_demo(platform)
    assert not await make_demo(platform)
    tenants = await people.tenants(platform.db)
    assert {tenant.code for tenant in tenants} == {code for code, _name in TENANTS}
    for tenant in tenants:
        ctx = await platform.context(people.system_access(tenant))
        assert (await ctx.records.count("cost_center.entry", Query())).number > 100
        members = {person.login for person in await people.people(platform.db, tenant.id)}
        assert members == {who.login for who in LOGINS if tenant.code in who.tenants}
