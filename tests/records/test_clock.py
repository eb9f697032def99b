"""A server's clock that is set back or forward: order, history, its seal and who may enter stay right."""

from __future__ import annotations

import time

import pytest

from core import clock
from core.records import seal, verify

DAY = 86_400 * 10**9


@pytest.fixture
def set_clock(monkeypatch):
    """Lets the clock that ids are made of stand otherwise, as after a restart of the process."""
    real = time.time_ns

    def shift(nanoseconds: int, *, restarted: bool = True) -> None:
        monkeypatch.setattr(clock.time, "time_ns", lambda: real() + nanoseconds)
        if restarted:
            monkeypatch.setattr(clock, "_last", 0)

    return shift


def test_ids_go_on_in_order_while_the_clock_goes_back(set_clock):
    before = clock.new_id()
    set_clock(-DAY, restarted=False)
    after = [clock.new_id() for _ in range(100)]
    assert sorted([before, *after]) == [before, *after]
    assert len(set(after)) == 100


async def test_history_is_in_its_order_and_sealed_whatever_the_clock_says(me, set_clock):
    record = await me.create("own.project", {"code": "P1", "name": "一"})
    await seal(me.db, me.tenant)
    for place, days in enumerate((-30, 2, -365), start=1):
        set_clock(days * DAY)
        record = await me.update("own.project", record.id, {"name": f"第{place}次"}, revision=place)
    assert record.revision == 4
    assert [change.revision for change in await me.history("own.project", record.id)] == [4, 3, 2, 1]
    await seal(me.db, me.tenant)
    assert await verify(me.db, me.tenant) == []
    made = await me.create("own.project", {"code": "P2", "name": "二"})
    assert {one.id for one in (await me.list("own.project")).records} == {record.id, made.id}
