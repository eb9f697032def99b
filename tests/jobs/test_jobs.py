"""Jobs: durable, enqueued with what causes them, run at least once, ended in a clear state, each tenant its own."""

# ruff: noqa: PT012 - a transaction is a block, and what raises inside it is the point
from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import stamp
from core.definitions import switch
from core.errors import Conflict, NotFound
from core.jobs import JobKind, Kinds
from core.store import jobs as stored
from core.testing import new_member, refreshed, run_jobs

PAST = stamp(datetime.now(UTC) - timedelta(hours=1))


async def until(true, *, tries: int = 500) -> None:
    """Wait for what another task brings about; the test's own timeout is the bound."""
    for _ in range(tries):
        if await true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came about")


async def state_of(ctx, id: str) -> str:
    return (await ctx.jobs.get(id)).state


async def test_a_job_runs_once_as_who_caused_it_and_keeps_its_result(platform, ctx, work):
    id = await ctx.jobs.enqueue("dummy.note", {"word": "斗拱"})
    assert await state_of(ctx, id) == "waiting"
    assert await run_jobs(platform) == 1
    assert work.seen == [("note", "aa", "aa-admin", {"word": "斗拱"})]
    done = await ctx.jobs.get(id)
    assert (done.state, done.result, done.title) == ("done", {"length": 2}, "记录")
    assert await run_jobs(platform) == 0


async def test_a_kind_of_the_installations_own_runs_with_its_rights(platform, ctx, work):
    await ctx.jobs.enqueue("dummy.whole")
    await run_jobs(platform)
    assert work.seen == [("whole", "aa", "", {})]


async def test_a_job_is_there_only_if_what_causes_it_is_committed(platform, ctx, work):
    with pytest.raises(ZeroDivisionError):
        async with ctx.db.write():
            await ctx.jobs.enqueue("dummy.note")
            raise ZeroDivisionError
    assert await run_jobs(platform) == 0
    async with ctx.db.write():
        await ctx.jobs.enqueue("dummy.note")
    assert await run_jobs(platform) == 1


async def test_the_same_work_waits_once(platform, ctx, two_tenants, work):
    other = two_tenants[1]
    first = await ctx.jobs.enqueue("dummy.note", {"word": "一"}, key="一")
    assert await ctx.jobs.enqueue("dummy.note", {"word": "一"}, key="一") == first
    assert await ctx.jobs.enqueue("dummy.note", {"word": "二"}, key="二") != first
    assert await ctx.jobs.enqueue("dummy.whole", key="一") != first
    assert await other.jobs.enqueue("dummy.note", {"word": "一"}, key="一") != first
    assert await run_jobs(platform) == 4
    assert await ctx.jobs.enqueue("dummy.note", {"word": "一"}, key="一") != first  # that one is done


async def test_a_job_for_later_waits_and_the_earlier_of_two_instants_counts(platform, ctx):
    later = datetime.now(UTC) + timedelta(days=1)
    id = await ctx.jobs.enqueue("dummy.note", key="k", at=later)
    assert await run_jobs(platform) == 0
    assert await ctx.jobs.enqueue("dummy.note", key="k", at=later + timedelta(days=1)) == id
    assert (await ctx.jobs.get(id)).at == stamp(later)
    assert await ctx.jobs.enqueue("dummy.note", key="k") == id
    assert await run_jobs(platform) == 1


async def test_a_failed_attempt_is_repeated_and_its_error_shown(platform, ctx, work):
    work.fails = 1
    id = await ctx.jobs.enqueue("dummy.shaky")
    assert await run_jobs(platform) == 2
    done = await ctx.jobs.get(id)
    assert (done.state, done.attempts, done.error) == ("done", 2, None)


async def test_a_job_that_always_fails_ends_dead_with_its_error_and_can_be_retried(platform, ctx, work):
    work.fails = 3
    id = await ctx.jobs.enqueue("dummy.shaky")
    assert await run_jobs(platform) == 3
    dead = await ctx.jobs.get(id)
    assert (dead.state, dead.attempts, dead.error) == ("dead", 3, "OSError: the line is dead")
    assert [job.id for job in await ctx.jobs.list("dead")] == [id]
    await ctx.jobs.retry(id)
    assert await run_jobs(platform) == 1
    assert await state_of(ctx, id) == "done"
    with pytest.raises(Conflict):
        await ctx.jobs.retry(id)


async def test_attempts_come_further_and_further_apart():
    kind = JobKind(name="a.b", title="c", run=None, backoff=10)
    assert [kind.delay(attempt) for attempt in (1, 2, 3, 9)] == [10, 40, 160, 3600]


async def test_what_is_refused_is_not_tried_again(platform, ctx):
    id = await ctx.jobs.enqueue("dummy.refused")
    assert await run_jobs(platform) == 1
    dead = await ctx.jobs.get(id)
    assert (dead.state, dead.error) == ("dead", "没有这条记录")


async def test_an_attempt_that_never_ends_is_ended(platform, ctx):
    id = await ctx.jobs.enqueue("dummy.deaf")
    await run_jobs(platform)
    dead = await ctx.jobs.get(id)
    assert dead.state == "dead"
    assert "1" in dead.error


async def test_a_job_of_somebody_who_has_left_ends_dead(platform, ctx, work):
    member = await new_member(platform, ctx, "gone", roles=("viewer",))
    id = await member.jobs.enqueue("dummy.note")
    await ctx.db.execute("UPDATE member SET active = 0 WHERE tenant = $1 AND id = $2", ctx.tenant.id, member.member.id)
    await run_jobs(platform)
    assert (await ctx.jobs.get(id)).state == "dead"
    assert work.seen == []


async def test_a_failed_job_gives_way_to_the_same_work_that_waits(platform, ctx, work):
    work.fails = 1
    first = await ctx.jobs.enqueue("dummy.shaky", key="k")
    taken = await platform.worker._take()
    second = await ctx.jobs.enqueue("dummy.shaky", key="k")
    assert await platform.worker._take() is None  # never two at once
    await platform.worker._execute(*taken)
    assert (await state_of(ctx, first), await state_of(ctx, second)) == ("cancelled", "waiting")
    assert await run_jobs(platform) == 1


async def test_cancelling_what_waits_ends_it(platform, ctx):
    id = await ctx.jobs.enqueue("dummy.note")
    assert (await ctx.jobs.cancel(id)).state == "cancelled"
    assert await run_jobs(platform) == 0
    with pytest.raises(Conflict):
        await ctx.jobs.cancel(id)


async def test_cancelling_what_runs_ends_it_at_its_next_word(platform, ctx, work):
    platform.worker._beat_seconds = 0.05
    await platform.worker.start()
    id = await ctx.jobs.enqueue("dummy.long")
    await work.running.wait()

    async def says_how_far() -> bool:
        found = await ctx.jobs.get(id)
        return found.done > 0 and found.note == "还在做" and found.percent == 0

    await until(says_how_far)
    assert (await ctx.jobs.cancel(id)).cancelling

    async def over() -> bool:
        return await state_of(ctx, id) == "cancelled"

    await until(over)


async def test_stopping_gives_back_what_runs_and_another_goes_on(platform, ctx, work):
    await platform.worker.start()
    id = await ctx.jobs.enqueue("dummy.long")
    await work.running.wait()
    await platform.worker.stop(grace=0)
    found = await ctx.jobs.get(id)
    assert (found.state, found.attempts) == ("running", 0)
    work.go_on.set()
    assert await run_jobs(platform) == 1
    done = await ctx.jobs.get(id)
    assert (done.state, done.attempts) == ("done", 1)


async def test_a_job_whose_process_died_is_taken_up_when_its_lease_ends(platform, ctx, work):
    id = await ctx.jobs.enqueue("dummy.note")
    _tenant, row = await platform.worker._take()
    platform.worker._running.clear()  # killed
    assert await run_jobs(platform) == 0
    await ctx.db.execute("UPDATE job SET lease_until = $2 WHERE tenant = $1", ctx.tenant.id, PAST)
    assert await run_jobs(platform) == 1
    assert (await ctx.jobs.get(id)).attempts == 2
    old = await stored.end(
        ctx.db, ctx.tenant.id, id, worker=row["worker"], attempt=1, state="dead", done=0, total=0, note="",
        error="late", result=None, now=PAST,
    )  # fmt: skip
    assert not old, "the worker that lost the job must not end it"


async def test_a_job_that_kills_its_process_each_time_ends_dead(platform, ctx, work):
    id = await ctx.jobs.enqueue("dummy.shaky")
    await ctx.db.execute(
        "UPDATE job SET state = 'running', attempts = 3, lease_until = $2 WHERE tenant = $1", ctx.tenant.id, PAST
    )
    assert await run_jobs(platform) == 1
    assert work.seen == []
    assert (await ctx.jobs.get(id)).state == "dead"


async def test_a_tenant_with_many_jobs_does_not_starve_another(platform, two_tenants, work):
    a, b = two_tenants
    for number in range(60):
        await a.jobs.enqueue("dummy.note", {"word": str(number)})
    for number in range(3):
        await b.jobs.enqueue("dummy.note", {"word": str(number)})
    await run_jobs(platform)
    assert sorted(work.tenants()[:6]) == ["aa"] * 3 + ["bb"] * 3
    assert [args["word"] for _k, tenant, _w, args in work.seen if tenant == "aa"] == [str(n) for n in range(60)]


async def test_a_tenant_leaves_one_slot_to_others(platform, two_tenants, work):
    a, b = two_tenants
    for _ in range(10):
        await a.jobs.enqueue("dummy.long")
    await platform.worker._fill()
    assert len(platform.worker._running) == 3
    await b.jobs.enqueue("dummy.note")
    await platform.worker._fill()
    assert len(platform.worker._running) == 4
    work.go_on.set()


async def test_jobs_of_a_module_that_is_off_wait_until_it_is_on(platform, ctx, work):
    id = await ctx.jobs.enqueue("dummy.note")
    await switch(ctx, "dummy", False)
    ctx = await refreshed(platform, ctx)
    assert await run_jobs(platform) == 0
    assert (await ctx.jobs.get(id)).held
    await switch(ctx, "dummy", True)
    assert await run_jobs(platform) == 1
    assert work.tenants() == ["aa"]


async def test_jobs_of_a_program_that_is_gone_wait(platform, ctx):
    id = await ctx.jobs.enqueue("dummy.note")
    await ctx.db.execute("UPDATE job SET kind = 'gone.thing' WHERE tenant = $1", ctx.tenant.id)
    assert await run_jobs(platform) == 0
    found = await ctx.jobs.get(id)
    assert (found.title, found.held) == ("gone.thing", True)


async def test_a_member_sees_his_own_jobs_and_an_administrator_all_of_his_tenant(platform, two_tenants):
    a, b = two_tenants
    member = await new_member(platform, a, "member", roles=("viewer",))
    his, theirs = await member.jobs.enqueue("dummy.note"), await a.jobs.enqueue("dummy.note")
    assert (await member.jobs.get(his)).state == (await a.jobs.get(his)).state == "waiting"
    for who, id in ((member, theirs), (b, his), (b, theirs)):
        for act in (who.jobs.get, who.jobs.cancel, who.jobs.retry):
            with pytest.raises(NotFound):
                await act(id)
    with pytest.raises(NotFound):
        await member.jobs.list("waiting")
    with pytest.raises(NotFound):
        await member.jobs.counts()
    assert len(await a.jobs.list("waiting")) == 2
    assert await b.jobs.list("waiting") == []
    assert (await a.jobs.counts(), await b.jobs.counts()) == ({"waiting": 2}, {})


async def test_an_unknown_kind_and_a_second_kind_of_one_name_are_mistakes(ctx):
    with pytest.raises(LookupError):
        await ctx.jobs.enqueue("dummy.nothing")
    kind = JobKind(name="a.b", title="c", run=None)
    with pytest.raises(ValueError, match="share a name"):
        Kinds([kind, kind], modules=())
    with pytest.raises(ValueError, match="named"):
        JobKind(name="b", title="c", run=None)
