"""Several at once: writers of one record, takers of one key, who deletes against who refers; two connections each."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import Conflict, DougongError, Invalid, NotFound
from core.records import Outdated, Query, Records, verify
from core.store import open_database


@pytest.fixture
async def rival(me, database_url):
    """The same member in another process."""
    other = await open_database(database_url, pool_size=4)
    records = Records(other, me.access, forms=me.forms, hooks=me.hooks)
    yield records
    await other.close()


async def outcomes(*attempts):
    done = await asyncio.gather(*attempts, return_exceptions=True)
    for one in done:
        if isinstance(one, Exception) and not isinstance(one, DougongError):
            raise one
    return done


async def test_of_many_savers_one_wins_and_the_others_are_told(me, rival):
    made = await me.create("own.project", {"code": "P", "name": "x"})
    done = await outcomes(*(
        who.update("own.project", made.id, {"floors": n + 1}, revision=1) for n in range(8) for who in (me, rival)
    ))  # fmt: skip
    winners = [one for one in done if not isinstance(one, Exception)]
    assert len(winners) == 1
    assert all(isinstance(one, Outdated) for one in done if isinstance(one, Exception))
    assert (await me.get("own.project", made.id)).data == winners[0].data
    assert len(await me.history("own.project", made.id)) == 2


async def test_of_many_takers_of_a_key_one_gets_it(me, rival):
    done = await outcomes(*(
        who.create("own.project", {"code": "P", "name": f"{n}"}) for n in range(8) for who in (me, rival)
    ))  # fmt: skip
    assert sum(not isinstance(one, Exception) for one in done) == 1
    refused = [one for one in done if isinstance(one, Exception)]
    assert all(isinstance(one, Invalid) and one.problems[0].code == "taken" for one in refused)
    assert (await me.count("own.project")).number == 1


async def test_two_bulk_writers_of_the_same_keys_leave_each_key_once(me, rival):
    rows = [{"code": f"P{n:03}", "name": "x"} for n in range(300)]
    one, two = await outcomes(me.bulk("own.project", rows), rival.bulk("own.project", list(reversed(rows))))
    assert one.new + two.new == 300
    assert len({r.data["code"] for r in (await me.list("own.project", Query(limit=1000))).records}) == 300
    assert await verify(me.db, me.tenant) == []


async def test_two_bulk_writers_changing_the_same_records_lose_nothing(me, rival):
    rows = [{"code": f"P{n:03}", "name": "x"} for n in range(200)]
    await me.bulk("own.project", rows)
    one, two = await outcomes(
        me.bulk("own.project", [{**row, "floors": 1} for row in rows]),
        rival.bulk("own.project", [{**row, "note": "y"} for row in reversed(rows)]),
    )
    assert (one.changed, two.changed) == (200, 200)
    page = await me.list("own.project", Query(limit=1000))
    assert all(r.data["floors"] == 1 and r.data["note"] == "y" and r.revision == 3 for r in page.records)
    assert await verify(me.db, me.tenant) == []


async def test_nothing_is_left_hanging_when_one_deletes_what_another_refers_to(me, rival):
    for n in range(6):
        target = await me.create("own.project", {"code": f"P{n}", "name": "x"})
        entry = {"project": target.id, "amount": 1}
        attempts = [me.delete("own.project", target.id, revision=1), rival.create("own.entry", entry)]
        deleted, made = await outcomes(*attempts) if n % 2 else reversed(await outcomes(*reversed(attempts)))
        assert isinstance(deleted, Conflict) != isinstance(made, Invalid), (deleted, made)


async def test_who_holds_a_record_reads_what_the_one_before_him_left(me, rival, stranger):
    """Each adds one to what he read: nothing is lost, and nobody is told that somebody was faster."""
    made = await me.create("own.project", {"code": "P", "name": "x", "floors": 1})

    async def add_one(who: Records) -> None:
        async with who.db.write():
            held = await who.hold("own.project", made.id)
            changes = {"floors": held.data["floors"] + 1}
            await who.update("own.project", made.id, changes, revision=held.revision)

    await asyncio.gather(*(add_one(who) for _n in range(4) for who in (me, rival)))
    assert (await me.get("own.project", made.id)).data["floors"] == 9
    with pytest.raises(NotFound):
        await stranger.hold("own.project", made.id)


async def test_who_takes_turns_sees_what_the_one_before_has_written(me, rival):
    """At most three entries are allowed, and eight are tried at once: each looks and writes within its turn."""

    async def attempt(who, n):
        async with who.db.write():
            await who.take_turns("places")
            if (await who.count("own.project")).number < 3:
                await who.create("own.project", {"code": f"P{n}", "name": "x"})

    await asyncio.gather(*(attempt(me if n % 2 else rival, n) for n in range(8)))
    assert (await me.count("own.project")).number == 3
