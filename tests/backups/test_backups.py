"""A backup taken while others write comes back whole, on the same engine and on the other."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import shutil
import tarfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core import people
from core.backups import back_up, check, restore
from core.definitions import rebuild_all
from core.errors import Invalid
from core.records import Query, seal, verify
from core.store import StoreError, open_database
from core.store.snapshots import DERIVED, snapshot
from core.testing import new_tenant, platform_at

FORM = "partners.company"


async def pieces(*some: bytes):
    for piece in some:
        yield piece


def company(n: int) -> dict:
    return {"code": f"C{n}", "name": f"第{n}建筑公司", "kind": "supplier", "status": "qualified"}


async def hashes(db) -> dict[str, tuple[int, str]]:
    """Rows and hash of every table, as the database has it now."""
    found = {}
    async with snapshot(db) as seen:
        for table in seen.tables:
            digest, number = hashlib.sha256(), 0
            async for some in seen.rows(table):
                digest.update("".join(f"{tuple(row)!r}\n" for row in some).encode())
                number += len(some)
            found[table.name] = (number, digest.hexdigest())
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@asynccontextmanager
async def written(platform, ctx):
    """Two writers at work as long as the block lasts."""
    numbers, over = itertools.count(1000), asyncio.Event()

    async def write() -> None:
        while not over.is_set():
            await ctx.records.create(FORM, company(next(numbers)))

    writers = [asyncio.create_task(write()) for _ in range(2)]
    try:
        yield numbers
    finally:
        over.set()
        await asyncio.gather(*writers)


async def filled(platform) -> list:
    contexts = [await new_tenant(platform, code, modules=("partners",)) for code in ("aa", "bb")]
    for ctx in contexts:
        rows = [company(n) for n in range(60)]
        assert (await ctx.records.bulk(FORM, rows)).new == 60
        await ctx.files.put("执照.pdf", pieces(b"%PDF-", ctx.tenant.code.encode()))
    return contexts


def in_a_thread(url: str, files: Path, to: Path):
    """As the command does it: another connection, another loop."""

    async def work():
        db = await open_database(url, pool_size=1)
        try:
            return await back_up(db, files=files, to=to)
        finally:
            await db.close()

    return asyncio.to_thread(asyncio.run, work())


async def test_a_backup_taken_while_others_write_comes_back_table_by_table_and_file_by_file(
    platform, database_url, tmp_path, restored_url
):
    ctx, _other = await filled(platform)
    files, file = tmp_path / "files", tmp_path / "backup.tar.gz"
    async with written(platform, ctx) as numbers:
        done = await in_a_thread(database_url, files, file)
        taken = next(numbers)
    assert (await ctx.records.count(FORM, Query())).number >= taken - 1000 + 59, "the writers went on"
    assert not done.missing
    assert done.files == 2
    assert done.rows["record"] == done.rows["record_text"] >= 120
    db = await open_database(restored_url, pool_size=2)
    try:
        found = await restore(db, files=tmp_path / "new" / "files", source=file)
        now = await hashes(db)
        with tarfile.open(file) as archive:
            for name, table in found.tables.items():
                lines = archive.extractfile(f"tables/{name}.jsonl").read().splitlines()
                assert now[name][0] == len(lines) == table["rows"] == done.rows[name], name
        assert contents(tmp_path / "new" / "files") == contents(files)
        again = tmp_path / "again.tar.gz"
        await back_up(db, files=tmp_path / "new" / "files", to=again)
        assert {name: table["sha256"] for name, table in check(again).tables.items()} == {
            name: table["sha256"] for name, table in found.tables.items()
        }
        for tenant in await people.tenants(db):
            await seal(db, tenant.id)
            assert await verify(db, tenant.id) == []
    finally:
        await db.close()


async def test_a_backup_of_one_engine_is_restored_on_the_other(platform, engine, tmp_path, other_url):
    await filled(platform)
    file = tmp_path / "backup.tar.gz"
    await seal(platform.db)
    await back_up(platform.db, files=tmp_path / "files", to=file)
    before = await hashes(platform.db)
    db = await open_database(other_url, pool_size=2)
    try:
        found = await restore(db, files=tmp_path / "new" / "files", source=file)
        assert found.to_rebuild(db.kind)
        after = await hashes(db)
    finally:
        await db.close()
    assert {name: after[name] for name in before if name not in DERIVED} == {
        name: before[name] for name in before if name not in DERIVED
    }
    async with platform_at(other_url, tmp_path / "new") as there:
        (tenant, _other) = await people.tenants(there.db)
        async for _form, _done in rebuild_all(there, tenant.id):
            pass
        ctx = await there.context(people.system_access(tenant))
        assert len((await ctx.records.list(FORM, Query(search="第7建筑"))).records) == 1
        assert await verify(there.db, tenant.id) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_backup_with_one_wrong_byte_is_refused_and_nothing_is_changed(platform, engine, tmp_path):
    await filled(platform)
    file = tmp_path / "backup.tar.gz"
    await back_up(platform.db, files=tmp_path / "files", to=file)
    folder = tmp_path / "unpacked"
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
        names = archive.getnames()
    rows = folder / "tables" / "record.jsonl"
    rows.write_text(rows.read_text().replace("第7建筑公司", "第8建筑公司"))
    wrong, half = tmp_path / "wrong.tar.gz", tmp_path / "half.tar.gz"
    with tarfile.open(wrong, "w:gz") as archive:
        for name in names:
            archive.add(folder / name, name)
    half.write_bytes(file.read_bytes()[:-2000])
    db = await open_database(f"sqlite:///{tmp_path / 'new.db'}", pool_size=1)
    try:
        with pytest.raises(Invalid, match=r"record\.jsonl"):
            await restore(db, files=tmp_path / "new", source=wrong)
        with pytest.raises(Invalid, match="half"):
            await restore(db, files=tmp_path / "new", source=half)
        assert await db.fetch("SELECT name FROM sqlite_schema") == []
        assert not (tmp_path / "new").exists()
    finally:
        await db.close()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_an_entry_that_would_land_elsewhere_is_refused(engine, tmp_path):
    file = tmp_path / "backup.tar.gz"
    (tmp_path / "evil").write_text("x")
    for name in ("../evil", "files/1/../../evil", "/etc/evil", "tables/record; DROP TABLE x.jsonl"):
        with tarfile.open(file, "w:gz") as archive:
            archive.add(tmp_path / "evil", name)
        with pytest.raises(Invalid):
            check(file)


async def test_a_restore_into_an_installation_with_tenants_is_refused(platform, tmp_path):
    await filled(platform)
    file = tmp_path / "backup.tar.gz"
    await back_up(platform.db, files=tmp_path / "files", to=file)
    before = await hashes(platform.db)
    with pytest.raises(StoreError, match="empty"):
        await restore(platform.db, files=tmp_path / "files", source=file)
    assert await hashes(platform.db) == before


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_file_that_is_gone_is_named_and_the_rest_is_kept(platform, engine, tmp_path):
    await filled(platform)
    lost = next(path for path in (tmp_path / "files").rglob("*") if path.is_file())
    shutil.move(lost, tmp_path / "elsewhere")
    done = await back_up(platform.db, files=tmp_path / "files", to=tmp_path / "backup.tar.gz")
    assert done.missing == [str(lost.relative_to(tmp_path / "files"))]
    assert check(tmp_path / "backup.tar.gz").missing == tuple(done.missing)
    assert done.files == 1
