"""Uploads: kept by their hash, bounded, typed by their bytes, and read only under the rights of their record."""

from __future__ import annotations

import pytest

from core.errors import Invalid, NotFound, TooLarge
from core.records import Files
from core.records.files import readable, safe_name, sniff, sweep
from tests.records.houses import rule
from tests.setup.behind import behind

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


async def pieces(*parts):
    for part in parts:
        yield part


@pytest.fixture
def files(me, tmp_path):
    return Files(me, folder=tmp_path / "files")


def of(records, files):
    return Files(records, folder=files._folder)


async def test_what_is_put_in_comes_out(me, files):
    id = await files.put("图纸.png", pieces(PNG, b"1" * 100_000))
    found, content = await files.open(id)
    assert b"".join([piece async for piece in content]) == PNG + b"1" * 100_000 == await files.read(id)
    assert (found.name, found.mime, found.size, found.inline) == ("图纸.png", "image/png", 100_048, True)


async def test_the_same_bytes_are_kept_once_per_tenant(me, stranger, files):
    for owner in (files, files, of(stranger, files)):
        await owner.put("a.txt", pieces(b"same"))
    kept = [path for path in files._folder.rglob("*") if path.is_file()]
    assert len(kept) == 2
    assert {path.parent.name for path in kept} == {str(me.tenant), str(stranger.tenant)}


async def test_too_large_an_upload_leaves_nothing(me, files):
    with pytest.raises(TooLarge, match="1 KB"):
        await files.put("big", pieces(b"x" * 600, b"x" * 600), limit=1024)
    assert [path for path in files._folder.rglob("*") if path.is_file()] == []
    assert await behind(me.db, "SELECT id FROM file") == []


async def test_an_empty_upload_is_refused(files):
    with pytest.raises(Invalid):
        await files.put("empty.txt", pieces())
    assert [path for path in files._folder.rglob("*") if path.is_file()] == []


async def test_before_it_is_attached_only_its_uploader_may_have_it(home, me, stranger, files):
    id = await files.put("a.pdf", pieces(b"%PDF-1.7 x"))
    assert (await files.get(id)).record is None
    for other in (await home.member(name="乙"), stranger):
        with pytest.raises(NotFound):
            await of(other, files).get(id)
        with pytest.raises(NotFound):
            await of(other, files).open(id)


async def test_attached_it_follows_the_rights_of_its_record(home, me, stranger, files):
    id = await files.put("a.pdf", pieces(b"%PDF-1.7 x"))
    made = await me.create("own.project", {"code": "P", "name": "x", "papers": [id]})
    found = await files.get(id)
    assert (found.record, found.form, found.field) == (made.id, "own.project", "papers")
    reader = await home.member(rule("own.project", "read"), name="读")
    assert (await of(reader, files).get(id)).id == id
    for rules in ((rule("own.entry"),), (rule("own.project", hides=["papers"]),), (rule("own.project", rows="own"),)):
        with pytest.raises(NotFound):
            await of(home.again(reader, *rules), files).get(id)
    with pytest.raises(NotFound):
        await of(stranger, files).get(id)
    await me.delete("own.project", made.id, revision=1)
    with pytest.raises(NotFound):
        await of(reader, files).get(id)
    assert (await files.get(id)).id == id


async def test_a_record_takes_only_files_that_are_there_and_ones_own(home, me, stranger, files):
    mine = await files.put("a", pieces(b"x"))
    theirs = await of(await home.member(name="乙"), files).put("b", pieces(b"x"))
    foreign = await of(stranger, files).put("c", pieces(b"x"))
    made = await me.create("own.project", {"code": "P", "name": "x", "papers": [mine]})
    for bad in (theirs, foreign, "0" * 16):
        for code, papers in (("Q", [bad]), ("Q", [mine])):
            with pytest.raises(Invalid) as caught:
                await me.create("own.project", {"code": code, "name": "x", "papers": papers})
            assert caught.value.problems[0].code == "reference"
        with pytest.raises(Invalid):
            await me.update("own.project", made.id, {"papers": [mine, bad]}, revision=1)
    result = await me.bulk("own.project", [{"code": "R", "name": "x", "papers": [theirs]}])
    assert result.wrong == 1
    second = await files.put("d", pieces(b"y"))
    after = await me.update("own.project", made.id, {"papers": [mine, second]}, revision=1)
    page = await me.list("own.project")
    assert [page.labels[id] for id in after.data["papers"]] == ["a", "d"]


async def test_forgotten_uploads_are_swept_away(me, files):
    old, kept, shared = [await files.put(f"f{n}", pieces(b"old" if n != 1 else b"kept")) for n in range(3)]
    await me.create("own.project", {"code": "P", "name": "x", "papers": [kept]})
    await me.create("own.project", {"code": "Q", "name": "x", "papers": [shared]})
    await behind(me.db, "UPDATE file SET created_at = '2020-01-01T00:00:00.000000Z'")
    assert await sweep(me.db, me.tenant, folder=files._folder) == 1
    with pytest.raises(NotFound):
        await files.get(old)
    assert (await files.read(shared), await files.read(kept)) == (b"old", b"kept")


@pytest.mark.parametrize(("head", "name", "mime"), [
    (PNG, "x.html", "image/png"), (b"<svg onload=alert(1)>", "x.png", "application/octet-stream"),
    (b"<html>", "x.pdf", "application/octet-stream"), (b"RIFF1234WEBPVP8", "x", "image/webp"),
    (b"PK\x03\x04rest", "x.XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"PK\x03\x04rest", "x.png", "application/zip"), (b"MZ", "x.docx", "application/octet-stream"),
])  # fmt: skip
def test_a_type_is_what_the_bytes_say(head, name, mime):
    assert sniff(head, name) == mime


@pytest.mark.parametrize(("name", "safe"), [
    ("C:\\图\\合同.pdf", "合同.pdf"), ("../../etc/passwd", "passwd"), ("a\r\nb\x00.txt", "ab.txt"), ("", "未命名"),
    ("长" * 300 + ".xlsx", "长" * 145 + ".xlsx"), ('<"x">.png', "x.png"), ("…", "…"), ("a\u202efdp.exe", "afdp.exe"),
])  # fmt: skip
def test_a_name_is_made_safe(name, safe):
    assert safe_name(name) == safe


def test_sizes_are_said_as_people_do():
    assert [readable(n) for n in (12, 2048, 20 << 20, 1536 << 20)] == ["12 B", "2 KB", "20 MB", "1.5 GB"]
