"""A tenant whole, out and in again: the same rows, files and hashes under another id, on both engines."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core import people
from core.archive import BadArchive, export_tenant, import_tenant
from core.errors import Conflict
from core.people import Licence
from core.platform import Platform
from core.records import Query, verify
from core.store import whole
from core.testing import PASSWORD, new_tenant, platform_at
from tests.leak.world import OWN_FORM, make_tenant

NEVER = {"account"}  # of a member: another account, of the same person


async def contents(platform: Platform, tenant: int) -> dict[str, list[Any]]:
    """Every carried row of a tenant, table by table."""
    found = {}
    for table in whole.carried():
        rows = [row async for some in whole.rows(platform.db, tenant, table) for row in some]
        found[table] = [{name: value for name, value in row.items() if name not in NEVER} for row in rows]
    return found


def folder_of(platform: Platform) -> Path:
    return platform.settings.data_dir / "files"


async def out(platform: Platform, tenant: int, path: Path) -> Any:
    return await export_tenant(platform.db, tenant, files=folder_of(platform), to=path)


async def into(platform: Platform, path: Path, **options: Any) -> Any:
    return await import_tenant(
        platform.db, path, files=folder_of(platform), catalogue=platform.catalogue, **{"code": "cc"} | options
    )


async def test_a_tenant_comes_back_under_another_id_with_the_same_data_and_history(platform, tmp_path) -> None:
    mine = await make_tenant(platform, "aa", "青山公开")
    theirs = await make_tenant(platform, "bb", "赤水机密")
    before, others = await contents(platform, mine.ctx.tenant.id), await contents(platform, theirs.ctx.tenant.id)
    manifest = await out(platform, mine.ctx.tenant.id, tmp_path / "aa.zip")
    assert manifest.records == len(before["record"]) > 4
    assert "赤水机密" not in archive_text(tmp_path / "aa.zip")
    came = await into(platform, tmp_path / "aa.zip")
    sealed = await contents(platform, mine.ctx.tenant.id)
    assert await contents(platform, came.tenant) == sealed
    assert {**sealed, "seal": ()} == {**before, "seal": ()}, "exporting seals and changes nothing else"
    assert came.findings == ()
    assert await verify(platform.db, came.tenant) == []
    for name in manifest.files:
        here, there = (folder_of(platform) / str(id) / name for id in (mine.ctx.tenant.id, came.tenant))
        assert here.read_bytes() == there.read_bytes()
    assert {**await contents(platform, theirs.ctx.tenant.id), "seal": ()} == {**others, "seal": ()}


async def test_its_history_goes_on_there_and_what_is_edited_behind_its_back_is_found(platform, tmp_path) -> None:
    mine = await make_tenant(platform, "aa", "青山公开")
    await out(platform, mine.ctx.tenant.id, tmp_path / "aa.zip")
    came = await into(platform, tmp_path / "aa.zip")
    ctx = await administrator(platform, came)
    note = await ctx.records.get(OWN_FORM, mine.records[OWN_FORM])
    await ctx.records.update(OWN_FORM, note.id, {"title": "在新家改"}, revision=note.revision)
    assert await verify(platform.db, came.tenant) == []
    assert (await mine.ctx.records.get(OWN_FORM, note.id)).revision == note.revision
    (found,) = (await ctx.records.list(OWN_FORM, Query(search="新家"))).records
    assert found.id == note.id
    await platform.db.execute("UPDATE change SET source = 'x' WHERE tenant = $1 AND record = $2", came.tenant, note.id)
    assert {finding.kind for finding in await verify(platform.db, came.tenant)} == {"edited change"}


async def administrator(platform: Platform, came: Any) -> Any:
    person = next(one for one in came.people if one.password)
    row = next(p for p in await people.people(platform.db, came.tenant) if p.login == person.login)
    return await platform.context(await people.access_of(platform.db, came.tenant, row.id))


async def test_an_archive_of_one_engine_goes_into_the_other(platform, engine, tmp_path) -> None:
    mine = await make_tenant(platform, "aa", "青山公开")
    await out(platform, mine.ctx.tenant.id, tmp_path / "aa.zip")
    there = tmp_path / "there"
    async with platform_at(f"sqlite:///{tmp_path / 'there.db'}", there) as second:
        for code in ("xx", "yy"):
            await new_tenant(second, code)
        came = await into(second, tmp_path / "aa.zip", code="aa")
        assert came.tenant == 3
        assert came.findings == ()
        assert await contents(second, came.tenant) == await contents(platform, mine.ctx.tenant.id)
        back = await export_tenant(second.db, came.tenant, files=folder_of(second), to=tmp_path / "back.zip")
    again = await into(platform, tmp_path / "back.zip", code="again")
    assert again.findings == ()
    assert await contents(platform, again.tenant) == await contents(platform, mine.ctx.tenant.id)
    assert back.history["number"] == mine.ctx.tenant.id


async def test_people_get_accounts_of_their_own_unless_the_operator_knows_them_for_the_same(platform, tmp_path) -> None:
    mine = await make_tenant(platform, "aa", "青山公开")
    await out(platform, mine.ctx.tenant.id, tmp_path / "aa.zip")
    assert "argon2" not in archive_text(tmp_path / "aa.zip")
    came = await into(platform, tmp_path / "aa.zip")
    assert {one.before: one.login for one in came.people} == {
        "aa-admin": "aa-admin@cc", "aa-second": "aa-second@cc",
    }  # fmt: skip
    passwords = {one.before: one.password for one in came.people}
    assert passwords["aa-second"] is None
    sign_in = {"password": passwords["aa-admin"], "address": None, "hours": 1}
    token = await people.sign_in(platform.db, "aa-admin@cc", **sign_in)
    signed_in = await people.session_of(platform.db, token, hours=1, cache=people.AccessCache())
    assert signed_in.access.tenant.id == came.tenant
    with pytest.raises(people.sessions.Unauthorized):
        await people.sign_in(platform.db, "aa-admin@cc", password=PASSWORD, address=None, hours=1)
    same = await into(platform, tmp_path / "aa.zip", code="dd", same_people=True)
    assert same.people == ()
    assert {p.login for p in await people.people(platform.db, same.tenant)} == {"aa-admin", "aa-second"}


def archive_text(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return "".join(archive.read(name).decode(errors="replace") for name in archive.namelist())


def rewritten(path: Path, to: Path, changes: Mapping[str, Any]) -> Path:
    """A copy of an archive with some parts changed (a function of their bytes) or left out (None)."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(to, "w") as made:
        for name in source.namelist():
            change = changes.get(name, lambda content: content)
            if change is not None:
                made.writestr(name, change(source.read(name)))
    return to


def with_manifest(**values: Any) -> Any:
    return lambda content: json.dumps(json.loads(content) | values).encode()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_an_archive_that_is_not_as_it_was_written_is_refused_and_leaves_nothing(platform, tmp_path) -> None:
    mine = await make_tenant(platform, "aa", "青山公开")
    manifest = await out(platform, mine.ctx.tenant.id, good := tmp_path / "aa.zip")
    file = f"files/{next(iter(manifest.files))}"
    wrong = {
        "record": {"tables/record.jsonl": lambda content: content.replace("青山".encode(), "赤山".encode())},
        "shorter": {"tables/change.jsonl": lambda content: content[: content.rindex(b"\n", 0, -1) + 1]},
        "file": {file: lambda content: content + b"x"},
        "no table": {"tables/record.jsonl": None},
        "no file": {file: None},
        "no manifest": {"manifest.json": None},
        "other format": {"manifest.json": with_manifest(format=2)},
        "newer": {"manifest.json": with_manifest(migration=10_000)},
        "strange": {"manifest.json": with_manifest(tables={})},
        "path": {"manifest.json": with_manifest(files={"../../x": 1})},
    }
    for name, changes in wrong.items():
        path = rewritten(good, tmp_path / f"{name}.zip", changes)
        with pytest.raises(BadArchive):
            await into(platform, path)
        assert await people.tenant_by_code(platform.db, "cc") is None, name
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(BadArchive):
        await into(platform, tmp_path / "text.zip")
    with pytest.raises(Conflict):
        await into(platform, good, code="aa")
    assert sorted(path.name for path in folder_of(platform).iterdir()) == [str(mine.ctx.tenant.id)]
    assert await people.account_by_login(platform.db, "aa-admin@cc") is None


async def test_its_licence_comes_along_and_must_fit_where_a_vendor_is_asked_for(platform, tmp_path, operator) -> None:
    ctx = await new_tenant(platform, "aa", modules=("partners",))
    licence = Licence(edition="enterprise", seats=7, modules=frozenset({"partners"}))
    await people.set_licence(platform.db, operator, ctx.tenant.id, licence, vendor_key="")
    await out(platform, ctx.tenant.id, tmp_path / "aa.zip")
    came = await into(platform, tmp_path / "aa.zip")
    assert (await people.tenant(platform.db, came.tenant)).licence == licence
    came = await into(platform, tmp_path / "aa.zip", code="dd", vendor_key=people.new_key()[1])
    assert (await people.tenant(platform.db, came.tenant)).licence.refused == "unsigned"


async def test_an_archive_is_of_one_moment_also_while_people_write(platform, tmp_path) -> None:
    ctx = await new_tenant(platform, "aa", modules=("partners",))
    rows = [{"code": f"C{n}", "name": f"第{n}家", "kind": "supplier", "status": "qualified"} for n in range(1200)]
    await ctx.records.bulk("partners.company", rows, mode="create")

    async def write(number: int) -> None:
        await ctx.records.create("partners.company", rows[0] | {"code": f"D{number}"})

    async with asyncio.TaskGroup() as group:
        exported = group.create_task(out(platform, ctx.tenant.id, tmp_path / "aa.zip"))
        for number in range(20):
            group.create_task(write(number))
    came = await into(platform, tmp_path / "aa.zip")
    assert came.findings == ()
    assert exported.result().tables["change"].rows == exported.result().records


def test_every_table_of_tenants_goes_along_or_says_why_it_stays(tmp_path) -> None:
    from core.store.migrations import MIGRATIONS

    connection = sqlite3.connect(tmp_path / "x.db")
    for migration in MIGRATIONS:
        for statement in migration.both + migration.sqlite:
            connection.execute(statement)
    tables = {
        table for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if any(row[1] == "tenant" and row[3] for row in connection.execute(f"PRAGMA table_info({table})"))
    }  # fmt: skip
    connection.close()
    assert tables == set(whole.carried()) | set(whole.LEFT)
