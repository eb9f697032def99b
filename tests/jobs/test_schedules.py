"""Jobs by the calendar: each occurrence once, missed ones made up for by one, none while a module is off."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import stamp
from core.definitions import switch
from core.jobs import JobKind, Worker
from core.jobs.calendar import next_after
from core.platform import Platform
from core.testing import refreshed, run_jobs

DAILY = "dummy.daily"
PAST = stamp(datetime.now(UTC) - timedelta(days=3))


@pytest.mark.parametrize(
    ("rule", "after", "found"),
    [
        ("FREQ=DAILY;BYHOUR=6", "2026-03-01T00:00:00.000000Z", "2026-03-01T22:00:00.000000Z"),
        ("FREQ=DAILY;BYHOUR=6", "2026-03-01T21:59:59.000000Z", "2026-03-01T22:00:00.000000Z"),
        ("FREQ=DAILY;BYHOUR=6", "2026-03-01T22:00:00.000000Z", "2026-03-02T22:00:00.000000Z"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=0", "2026-02-01T00:00:00.000000Z", "2026-02-27T16:00:00.000000Z"),
        ("FREQ=HOURLY;INTERVAL=6", "2026-03-01T00:30:00.000000Z", "2026-03-01T04:00:00.000000Z"),
        ("FREQ=MINUTELY;INTERVAL=15", "2026-03-01T00:16:00.000000Z", "2026-03-01T00:30:00.000000Z"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=8", "2026-03-02T00:00:00.000000Z", "2026-03-09T00:00:00.000000Z"),
    ],
)
def test_a_rule_is_read_in_chinas_time(rule, after, found):
    assert next_after(rule, after) == found


@pytest.mark.parametrize("rule", ["", "daily", "FREQ=DAILY;COUNT=3", "FREQ=DAILY;UNTIL=20300101T000000", "FREQ=OFTEN"])
def test_a_schedule_that_is_none_or_ends_is_refused(rule):
    with pytest.raises(ValueError):
        JobKind(name="a.b", title="c", run=None, schedule=rule)


def another(platform: Platform) -> Worker:
    """The worker of a second process on the same database."""
    house = platform.house
    return Worker(
        house.db, house.kinds, bell=house.bell, context=platform.context_for, enabled=platform._enabled
    )  # fmt: skip


async def make_due(ctx) -> None:
    await ctx.db.execute(
        "UPDATE job_schedule SET next_at = $2 WHERE tenant = $1 AND kind = $3", ctx.tenant.id, PAST, DAILY
    )


async def test_nothing_is_due_at_first(platform, ctx):
    assert await platform.worker.enqueue_due() == 0
    assert await platform.worker.enqueue_due() == 0


async def test_an_occurrence_comes_once_though_two_processes_look_and_missed_ones_come_as_one(
    platform, two_tenants, work
):
    a, b = two_tenants
    second = another(platform)
    await platform.worker.enqueue_due()
    await second.enqueue_due()
    await make_due(a)
    await make_due(b)
    made = await asyncio.gather(platform.worker.enqueue_due(), second.enqueue_due())
    assert sum(made) == 2
    assert await run_jobs(platform) == 2
    assert sorted(work.seen) == [("daily", "aa", "", {}), ("daily", "bb", "", {})]
    assert await platform.worker.enqueue_due() == 0
    assert await second.enqueue_due() == 0


async def test_a_schedule_rests_while_its_module_is_off(platform, ctx, work):
    await platform.worker.enqueue_due()
    await switch(ctx, "dummy", False)
    await make_due(ctx)
    assert await platform.worker.enqueue_due() == 0
    await switch(await refreshed(platform, ctx), "dummy", True)
    assert await platform.worker.enqueue_due() == 0  # what came while it was off is not made up for
    await make_due(ctx)
    assert await platform.worker.enqueue_due() == 1


async def test_a_changed_rule_counts_from_now(platform, ctx):
    await platform.worker.enqueue_due()
    sql = "UPDATE job_schedule SET rule = 'FREQ=YEARLY', next_at = $2 WHERE tenant = $1 AND kind = $3"
    await ctx.db.execute(sql, ctx.tenant.id, PAST, DAILY)
    assert await another(platform).enqueue_due() == 0
    sql = "SELECT rule, next_at FROM job_schedule WHERE tenant = $1 AND kind = $2"
    row = await ctx.db.fetch_one(sql, ctx.tenant.id, DAILY)
    assert row["rule"] == "FREQ=DAILY;BYHOUR=6"
    assert row["next_at"] > stamp(datetime.now(UTC))
