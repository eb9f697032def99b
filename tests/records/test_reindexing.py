"""Slots, keys and search texts rebuilt from the data, which stays as it is."""

from __future__ import annotations

from core.records import Condition, Query, reindex, reindex_all, verify
from tests.setup.behind import behind


async def test_what_is_derived_is_rebuilt_and_the_data_is_not_touched(me, stranger, home):
    form = me.forms.get("own.project")
    for records in (me, stranger):
        for n in range(5):
            await records.create("own.project", {"code": f"P{n}", "name": "解放路", "floors": n})
    await behind(me.db, "UPDATE record SET key = NULL, t1 = 'x', t2 = NULL, n1 = 7, n2 = 7, n3 = 7, r6 = 'old'")
    await behind(me.db, "DELETE FROM record_text")
    before = await behind(me.db, "SELECT id, data, revision FROM record ORDER BY id")
    assert await reindex_all(me.db, me.tenant, form) == 5
    assert await behind(me.db, "SELECT id, data, revision FROM record ORDER BY id") == before
    query = Query(where=(Condition("floors", "eq", 3), Condition("code", "eq", "P3")), search="放路")
    assert [r.data["code"] for r in (await me.list("own.project", query)).records] == ["P3"]
    assert (await stranger.list("own.project", query)).records == (), "another tenant's stay as they were"
    left = "SELECT COUNT(*) AS n FROM record WHERE tenant = $1 AND (key IS NULL OR r6 IS NOT NULL)"
    assert (await me.db.fetch_one(left, me.tenant))["n"] == 0
    assert await verify(me.db, me.tenant) == []


async def test_it_goes_on_where_it_stopped(me):
    form = me.forms.get("own.project")
    for n in range(5):
        await me.create("own.project", {"code": f"P{n}", "name": "x"})
    after, numbers = "", []
    while after is not None:
        after, done = await reindex(me.db, me.tenant, form, after=after, limit=2)
        numbers.append(done)
    assert numbers == [2, 2, 1]


async def test_a_key_that_two_records_share_stays_with_the_first(me):
    form = me.forms.get("own.project")
    made = [await me.create("own.project", {"code": f"P{n}", "name": "x"}) for n in range(3)]
    await me.delete("own.project", made[2].id, revision=1)
    await behind(me.db, "UPDATE record SET key = NULL")
    data = """UPDATE record SET data = '{"code":"P0","name":"x"}' WHERE tenant = $1"""
    await me.db.execute(data, me.tenant)
    await reindex_all(me.db, me.tenant, form)
    rows = await behind(me.db, "SELECT key, deleted_at FROM record ORDER BY id")
    assert [(row["key"], row["deleted_at"] is None) for row in rows] == [("P0", True), (None, True), ("P0", False)]
