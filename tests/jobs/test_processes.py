"""Jobs among real processes: killed in the middle, sharing one queue, and beside them a loop that is never held up."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.records import Query
from core.records.transfer import Options, commit_run, get_run
from core.testing import new_tenant, platform_at, run_jobs
from tests.setup.server import ROOT
from tests.transfer.files_kit import brought, checked
from tests.transfer.region_forms import AREA, with_form

FORM = "own.area"


@pytest.fixture
async def platform(database_url, tmp_path):
    async with platform_at(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def ctx(platform):
    return await with_form(platform, await new_tenant(platform, "aa"), "area", AREA)


@asynccontextmanager
async def working(url: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that takes jobs; killed at the end, as a machine that loses its power."""
    command = (sys.executable, "tests/jobs/working.py", url, str(folder))
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"working\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def committed(ctx, rows: int, *, first: int = 0):
    text = "编码,名称\n" + "".join(f"{first + n},第{first + n}区\n" for n in range(rows))
    return await commit_run(ctx, await checked(ctx, await brought(ctx, FORM, text), options=Options()))


async def until(look, *, tries: int = 3000):
    """What `look` gives once it gives something; the test's own timeout is the bound."""
    for _ in range(tries):
        if found := await look():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it never came about")


async def test_an_import_whose_process_is_killed_is_ended_by_another_and_no_row_is_there_twice(
    platform, ctx, database_url, tmp_path
):
    run = await committed(ctx, 2500)

    async def half():
        found = await get_run(ctx, run.id, form=FORM)
        return found.written is not None and found

    async with working(database_url, tmp_path) as process:
        await until(half)
        process.kill()
        await process.wait()
    stopped = await get_run(ctx, run.id, form=FORM)
    print(f"\nkilled after {stopped.done} of {stopped.total} rows")
    assert stopped.state == "running"
    there = await ctx.db.fetch_one("SELECT COUNT(*) AS n FROM record WHERE tenant = $1", ctx.tenant.id)
    assert there["n"] == stopped.done
    await ctx.db.execute("UPDATE job SET lease_until = '2026-01-01' WHERE tenant = $1", ctx.tenant.id)

    async def over():
        found = await get_run(ctx, run.id, form=FORM)
        return not found.unfinished and found

    async with working(database_url, tmp_path):
        done = await until(over)
    assert (done.state, done.written.new, done.written.wrong) == ("done", 2500, 0)
    sql = "SELECT COUNT(*) AS n, MAX(revision) AS r FROM record WHERE tenant = $1"
    assert dict(await ctx.db.fetch_one(sql, ctx.tenant.id)) == {"n": 2500, "r": 1}


async def test_two_processes_share_one_queue_and_each_job_is_run_by_one(platform, ctx, database_url, tmp_path):
    runs = [await committed(ctx, 5, first=100 * number) for number in range(10)]
    other = await with_form(platform, await new_tenant(platform, "bb"), "area", AREA)
    runs_of_other = [await committed(other, 5, first=100 * number) for number in range(3)]

    async def all_done():
        counts = [await who.jobs.counts() for who in (ctx, other)]
        return not any(counts[n].get("waiting") or counts[n].get("running") for n in (0, 1))

    async with working(database_url, tmp_path), working(database_url, tmp_path):
        await until(all_done)
    for who, some in ((ctx, runs), (other, runs_of_other)):
        assert {(await get_run(who, run.id, form=FORM)).state for run in some} == {"done"}
        assert {job.attempts for job in await who.jobs.list("done")} == {1}
        assert len((await who.records.list(FORM, Query(limit=1000))).records) == 5 * len(some)


async def test_a_big_import_does_not_hold_up_the_loop_that_answers_requests(platform, ctx):
    run = await committed(ctx, 5000)
    longest, answered, over = 0.0, 0, False

    async def others() -> None:
        nonlocal longest, answered
        while not over:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - began)
            await ctx.records.list(FORM, Query(limit=1))
            answered += 1

    beside = asyncio.create_task(others())
    began = time.perf_counter()
    await run_jobs(platform)
    spent, over = time.perf_counter() - began, True
    await beside
    print(
        f"\n5000 rows in {spent:.1f} s; {answered} lists answered meanwhile; the longest stall {1000 * longest:.0f} ms"
    )
    assert (await get_run(ctx, run.id, form=FORM)).state == "done"
    assert answered > 10
