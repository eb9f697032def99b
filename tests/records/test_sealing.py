"""History sealed into a chain, and tampering by SQL found whatever was done."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from core.records import Sealer, seal, verify
from core.records.chain import START, change_hash, link
from core.store import changes as stored
from core.store import open_database
from tests.setup.behind import behind


async def project(records, code="P1", **more):
    return await records.create("own.project", {"code": code, "name": f"项目 {code}", **more})


async def chain(records):
    sql = "SELECT place, change, hash, link FROM seal WHERE tenant = $1 ORDER BY place"
    return await records.db.fetch(sql, records.tenant)


@pytest.fixture
async def written(me, stranger):
    """Six changes of three records, sealed; another tenant's beside them."""
    first, second, third = [await project(me, code, budget=Decimal("1.10")) for code in ("A", "B", "C")]
    await me.update("own.project", first.id, {"budget": 2}, revision=1)
    await me.update("own.project", second.id, {"note": "x"}, revision=1)
    await me.delete("own.project", third.id, revision=1)
    await project(stranger)
    await seal(me.db)
    return first, second, third


async def tamper(records, sql, *args):
    await records.db.execute(sql, records.tenant, *args)


async def first_finding(records):
    found = await verify(records.db, records.tenant)
    return found[0].kind if found else None


async def test_every_change_gets_the_next_place(me, stranger, written):
    rows = await chain(me)
    assert [row["place"] for row in rows] == [1, 2, 3, 4, 5, 6]
    tied = START
    for row in rows:
        tied = link(tied, row["hash"])
        assert row["link"] == tied
    assert len(await chain(stranger)) == 1
    assert [change.sealed for change in await me.history("own.project", written[0].id)] == [4, 1]
    assert await seal(me.db) == 0


async def test_an_untouched_history_has_no_findings(me, stranger, written):
    await project(me, "D")  # not sealed yet: verify does it
    assert await verify(me.db, me.tenant) == [] == await verify(me.db, stranger.tenant)
    assert len(await chain(me)) == 7


@pytest.mark.parametrize("sql", [
    "UPDATE change SET changes = '{}' WHERE tenant = $1 AND id = $2",
    "UPDATE change SET at = '2020-01-01T00:00:00.000000Z' WHERE tenant = $1 AND id = $2",
    "UPDATE change SET by = NULL WHERE tenant = $1 AND id = $2",
    "UPDATE change SET data_hash = 'x' WHERE tenant = $1 AND id = $2",
    "UPDATE change SET hash = 'x' WHERE tenant = $1 AND id = $2",
])  # fmt: skip
async def test_an_edited_change_is_found(me, stranger, written, sql):
    rows = await chain(me)
    await tamper(me, sql, rows[1]["change"])
    (finding,) = [one for one in await verify(me.db, me.tenant) if one.kind == "edited change"]
    assert (finding.place, finding.change) == (2, rows[1]["change"])
    assert "2" in finding.message
    assert await verify(me.db, stranger.tenant) == []


async def test_a_change_edited_together_with_its_own_hash_is_found(me, written):
    (row, *_rest) = await stored.of_record(me.db, me.tenant, written[0].id)
    forged = {**row, "source": "system"}
    sql = "UPDATE change SET source = 'system', hash = $3 WHERE tenant = $1 AND id = $2"
    await tamper(me, sql, row["id"], change_hash(me.tenant, forged))
    found = await verify(me.db, me.tenant)
    assert [(one.kind, one.place) for one in found] == [("edited change", 1)]


async def test_a_change_moved_to_another_tenant_is_found(me, stranger, written):
    row = (await chain(me))[0]
    moved = "UPDATE change SET tenant = $2 WHERE tenant = $1 AND id = $3"
    await behind(me.db, moved, me.tenant, stranger.tenant, row["change"])
    assert await first_finding(me) == "removed change"
    assert await first_finding(stranger) == "edited change"


async def test_a_removed_change_is_found(me, written):
    await tamper(me, "DELETE FROM change WHERE tenant = $1 AND id = $2", (await chain(me))[2]["change"])
    found = await verify(me.db, me.tenant)
    assert (found[0].kind, found[0].place) == ("removed change", 3)


async def test_a_change_removed_with_its_seal_is_found(me, written):
    for place, kind in ((6, "edited record"), (4, "removed seal")):
        row = (await chain(me))[place - 1]
        await tamper(me, "DELETE FROM change WHERE tenant = $1 AND id = $2", row["change"])
        await tamper(me, "DELETE FROM seal WHERE tenant = $1 AND place = $2", row["place"])
        assert await first_finding(me) == kind


async def test_reordered_changes_are_found(me, written):
    one, two = (await chain(me))[2:4]
    swap = "UPDATE seal SET change = $3, hash = $4 WHERE tenant = $1 AND place = $2"
    await tamper(me, swap, 3, "x", "x")
    await tamper(me, swap, 4, one["change"], one["hash"])
    await tamper(me, swap, 3, two["change"], two["hash"])
    found = await verify(me.db, me.tenant)
    assert (found[0].kind, found[0].place) == ("reordered", 3)


async def test_an_edited_seal_is_found(me, written):
    await tamper(me, "UPDATE seal SET link = 'x' WHERE tenant = $1 AND place = 5")
    found = await verify(me.db, me.tenant)
    assert (found[0].kind, found[0].place) == ("broken link", 5)


@pytest.mark.parametrize("sql", [
    """UPDATE record SET data = '{"code":"A","name":"项目 A","budget":3}' WHERE tenant = $1 AND id = $2""",
    "UPDATE record SET revision = 1 WHERE tenant = $1 AND id = $2",
    "UPDATE record SET deleted_at = '2026' WHERE tenant = $1 AND id = $2",
])  # fmt: skip
async def test_a_record_edited_past_its_history_is_found(me, written, sql):
    await tamper(me, sql, written[0].id)
    (finding,) = await verify(me.db, me.tenant)
    assert (finding.kind, finding.record) == ("edited record", written[0].id)


async def test_a_removed_record_is_found(me, written):
    await tamper(me, "DELETE FROM record WHERE tenant = $1 AND id = $2", written[1].id)
    (finding,) = await verify(me.db, me.tenant)
    assert (finding.kind, finding.record) == ("removed record", written[1].id)


async def test_a_record_put_in_past_the_history_is_found(me, written):
    await tamper(me, """INSERT INTO record (tenant, id, form, version, revision, data, created_at, updated_at)
        VALUES ($1, 'FORGED', 'own.project', '1', 1, '{}', '2026', '2026')""")
    (finding,) = await verify(me.db, me.tenant)
    assert (finding.kind, finding.record) == ("record without history", "FORGED")


async def test_the_background_task_seals_within_a_second(me):
    sealer = Sealer(me.db, interval=0.05)
    await sealer.start()
    await project(me)
    for _wait in range(40):
        if await chain(me):
            break
        await asyncio.sleep(0.05)
    assert len(await chain(me)) == 1
    await project(me, "B")
    await sealer.stop()
    assert len(await chain(me)) == 2, "what is open is sealed at the end"


async def test_a_change_committed_late_is_sealed_all_the_same(me):
    """Its id is older than the last sealed one: another process began earlier and took longer."""
    await project(me)
    row = (await stored.unsealed(me.db, me.tenant, after="", limit=1))[0]
    sql = "SELECT * FROM change WHERE tenant = $1 AND id = $2"
    line = dict(await me.db.fetch_one(sql, me.tenant, row["id"]))
    await project(me, "B")
    await me.db.execute("DELETE FROM change WHERE tenant = $1 AND id = $2", me.tenant, row["id"])
    assert await seal(me.db, me.tenant, recent=True) == 1
    await stored.insert(me.db, me.tenant, [line])
    assert await seal(me.db, me.tenant, recent=True) == 1
    assert await verify(me.db, me.tenant) == []


async def test_two_processes_may_seal_at_once(me, database_url):
    for n in range(30):
        await project(me, f"P{n}")
    others = [await open_database(database_url, pool_size=2) for _n in range(2)]
    try:
        await asyncio.gather(*(seal(one) for one in (me.db, *others)))
    finally:
        for one in others:
            await one.close()
    await seal(me.db)
    assert [row["place"] for row in await chain(me)] == list(range(1, 31))
    assert await verify(me.db, me.tenant) == []
