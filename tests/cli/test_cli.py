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
from core.store import definitions as stored
from core.store import open_database
from core.testing import new_tenant, platform_at
from tests.hooks.dummy import write_schemas
from tests.setup.behind import behind

COMMANDS = (
    "serve", "migrate", "check", "tenant", "user", "token", "operator", "licence", "archive", "import", "export",
    "reindex", "verify", "backup", "restore", "bench",
)  # fmt: skip
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
        await behind(db, "UPDATE record SET data = $1 WHERE id = $2", data, record)
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


def test_people_and_their_tokens_are_looked_after_from_the_shell(shell, database_url, tmp_path):
    in_a_platform(database_url, tmp_path, lambda platform: new_tenant(platform, "aa"))
    code, said = shell("user", "add", "aa", "li", "--name", "李娜", "--role", "editor")
    assert code == 0, said
    first = said.split("first password ")[1].strip()
    code, said = shell("user", "password", "li")
    assert code == 0
    assert first not in said
    password = said.split("signs in with ")[1].split()[0]
    token = shell("token", "add", "aa", "li", "--name", "nightly")[1].strip()

    async def enter(platform):
        signed = await people.sign_in(platform.db, "li", password=password, address=None, hours=1)
        found = await people.token_access(platform.db, token, cache=people.AccessCache())
        return bool(signed), found and found.member.login

    assert in_a_platform(database_url, tmp_path, enter) == (True, "li")
    assert shell("user", "off", "aa", "li")[0] == 0
    assert "(off)" in shell("user", "list", "aa")[1]
    assert in_a_platform(
        database_url, tmp_path, lambda platform: people.token_access(platform.db, token, cache=people.AccessCache())
    ) is None  # fmt: skip
    assert shell("user", "on", "aa", "li")[0] == 0
    listed = shell("token", "list", "aa")[1]
    assert shell("token", "revoke", "aa", listed.split()[0])[0] == 0
    assert "revoked" in shell("token", "list", "aa")[1]
    code, said = shell("user", "add", "aa", "zhao", "--role", "nobody")
    assert (code, "editor" in said) == (1, True), said
    assert "aa" in shell("tenant")[1]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_what_is_exported_comes_back_as_the_same_records(shell, database_url, tmp_path, kind):
    async def write(platform):
        for code in ("aa", "bb"):
            await new_tenant(platform, code, modules=("partners",))
        (aa, _bb) = await people.tenants(platform.db)
        ctx = await platform.context(people.system_access(aa))
        await ctx.records.bulk("partners.company", [COMPANY | {"code": f"C{n}"} for n in range(30)])

    in_a_platform(database_url, tmp_path, write)
    file = str(tmp_path / f"companies.{kind}")
    code, said = shell("export", "aa", "partners.company", file, "--as", "aa-admin")
    assert code == 0, said
    code, said = shell("import", "aa", "partners.company", file)
    assert "0 new, 0 changed, 30 as they were, 0 wrong" in said
    code, said = shell("import", "bb", "partners.company", file, "--dry-run")
    assert (code, "30 would be new" in said) == (0, True), said
    assert "30 new" in shell("import", "bb", "partners.company", file, "--as", "bb-admin")[1]
    code, said = shell("import", "bb", "partners.company", file, "--as", "aa-admin")
    assert (code, "aa-admin" in said) == (1, True), said
    assert shell("verify")[0] == 0


def test_rows_that_are_wrong_are_named_and_the_exit_code_says_so(shell, database_url, tmp_path):
    in_a_platform(database_url, tmp_path, lambda platform: new_tenant(platform, "aa", modules=("partners",)))
    for name, text in (
        ("some.json", json.dumps([COMPANY, COMPANY | {"code": "C2", "kind": "nothing"}])),
        ("some.csv", "单位编号,单位全称\nC5,\nC6,甲\n"),
    ):
        file = tmp_path / name
        file.write_text(text)
        code, said = shell("import", "aa", "partners.company", str(file))
        assert code == 1, said
        assert "row " in said, said
    for name in ("none.csv", "some.txt"):
        code, said = shell("import", "aa", "partners.company", str(tmp_path / name))
        assert (code, name in said) == (1, True), said


def test_a_backup_is_restored_from_the_shell(shell, database_url, tmp_path, monkeypatch):
    in_a_platform(database_url, tmp_path, lambda platform: new_tenant(platform, "aa", modules=("partners",)))
    file = str(tmp_path / "backup.tar.gz")
    code, said = shell("backup", file)
    assert code == 0, said
    assert shell("backup", file)[0] == 1, "what is there is not written over"
    assert "is whole" in shell("restore", file, "--check")[1]
    code, said = shell("restore", file)
    assert (code, "empty" in said) == (1, True), said
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'new' / 'new.db'}")
    monkeypatch.setenv("DOUGONG_DATA", str(tmp_path / "new"))
    code, said = shell("restore", file)
    assert code == 0, said
    assert shell("verify") == (0, "aa: intact\n")


def test_check_names_the_tenant_whose_stored_form_is_wrong(shell, database_url, tmp_path):
    async def write(platform):
        ctx = await new_tenant(platform, "aa")
        for form, body in (("own.thing", '{"title": "坏", "properties": 5}'), ("gone.thing", "{}")):
            kind = "form" if form.startswith("own.") else "overlay"
            await stored.insert_version(
                platform.db, ctx.tenant.id, form=form, version=1, kind=kind, body=body, note="", by=None
            )
        await new_tenant(platform, "bb")

    in_a_platform(database_url, tmp_path, write)
    code, said = shell("check")
    assert code == 1
    assert "aa: own.thing version 1" in said
    assert "aa: gone.thing version 1" in said
    assert "bb: right" in said
    assert shell("check", "--tenant", "bb")[0] == 0
    assert shell("check", "--files")[0] == 0


@pytest.mark.parametrize("engine", ["sqlite"])
def test_every_command_teaches_by_example(shell, engine, capsys):
    for names in (*((name,) for name in COMMANDS), ("user", "add"), ("token", "add")):
        with pytest.raises(SystemExit):
            main([*names, "--help"])
        said = capsys.readouterr().out
        assert f"examples:\n  dougong {' '.join(names)}" in said or "DOUGONG" in said or "DATABASE" in said, said
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(f"    {name} " in said for name in COMMANDS)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_several_server_processes_need_postgresql(shell, engine):
    code, said = shell("serve", "--workers", "2")
    assert (code, "PostgreSQL" in said) == (1, True), said


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


def test_the_first_operator_is_made_from_the_shell_and_signs_in(shell, database_url, tmp_path):
    code, said = shell("operator", "add", "ops", "--name", "Operations")
    assert code == 0
    password = said.split("first password ")[1].split()[0]

    async def sign_in(platform):
        token = await people.sign_in(platform.db, "ops", password=password, address=None, hours=1)
        return await people.session_of(platform.db, token, hours=1, cache=people.AccessCache())

    assert in_a_platform(database_url, tmp_path, sign_in).account.operator
    assert shell("operator", "list")[1].startswith("ops ")
    assert shell("operator", "off", "ops")[0] == 0
    assert shell("operator", "off", "ops")[0] == 1
    assert shell("operator", "list") == (0, "")


@pytest.mark.parametrize("engine", ["sqlite"])
def test_licences_are_set_and_issued_from_the_shell(shell, tmp_path, monkeypatch):
    shell("tenant", "linxi", "临溪区", "--admin", "wang")
    assert "trial         open" in shell("licence", "list")[1]
    assert shell("licence", "set", "linxi", "--edition", "professional", "--seats", "0")[0] == 1
    given = ("--edition", "professional", "--seats", "20", "--until", "2037-12-31")
    assert shell("licence", "set", "linxi", *given)[0] == 0
    listed = shell("licence", "list")[1]
    assert "1/20 seats" in listed
    assert "until 2037-12-31" in listed
    private, public = (line.split()[-1] for line in shell("licence", "new-key")[1].splitlines())
    (tmp_path / "private.key").write_text(private)
    key = str(tmp_path / "private.key")
    issued = shell("licence", "issue", "linxi", "--number", "L-7", "--seats", "3", "--key", key)
    (tmp_path / "licence.json").write_text(issued[1])
    monkeypatch.setenv("DOUGONG_VENDOR_KEY", public.removeprefix("DOUGONG_VENDOR_KEY="))
    assert shell("licence", "set", "linxi", "--edition", "professional")[0] == 1
    assert shell("licence", "file", "linxi", str(tmp_path / "licence.json"))[0] == 0
    assert "1/3 seats" in shell("licence", "list")[1]


def test_a_tenant_is_taken_out_and_brought_in_from_the_shell(shell, database_url, tmp_path):
    async def write(platform):
        ctx = await new_tenant(platform, "aa", modules=("partners",))
        await ctx.records.create("partners.company", COMPANY)

    in_a_platform(database_url, tmp_path, write)
    file = str(tmp_path / "aa.zip")
    assert shell("archive", "out", "aa", file)[0] == 0
    assert shell("archive", "out", "aa", file)[0] == 1, "it is there already"
    code, said = shell("archive", "in", file, "bb")
    assert (code, "aa-admin signs in as aa-admin@bb" in said) == (0, True)
    assert shell("verify")[0] == 0
    assert shell("archive", "in", file, "bb")[0] == 1
