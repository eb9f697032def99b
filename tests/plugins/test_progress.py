"""Progress control on records: schedules follow from what is stored, drawing changes it, files go in and out whole."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from core import Forbidden, Invalid, Job, NotFound, Query
from core.testing import new_member, new_tenant, platform_at, run_jobs
from plugins.progress import baselines, bringing, figures, gantt, transfer
from plugins.progress.plans import BASELINE, CALENDAR, DAILY, LINE, PLAN, TASK, Unschedulable, load, local, stored
from plugins.progress.worktime import moment

SHIFTS = "08:00-12:00 13:00-17:00"
MONDAY = datetime(2026, 3, 2, 8)


@pytest.fixture
async def platform(database_url, tmp_path):
    async with platform_at(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def ctx(platform):
    return await new_tenant(platform, "aa", modules=("progress",))


async def make_plan(ctx, **more) -> str:
    week = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), SHIFTS)
    known = (await ctx.records.list(CALENDAR, Query(limit=1))).records
    calendar = known[0] if known else await ctx.records.create(
        CALENDAR, {"name": "五天", "hours_per_day": Decimal(8), "national": False, **week})  # fmt: skip
    data = {"code": "P0", "name": "改造", "status": "running", "start": stored(MONDAY), "calendar": calendar.id}
    return (await ctx.records.create(PLAN, data | more)).id


async def make_task(ctx, plan, code, days=1, before=(), **more) -> str:
    rows = [{"task": id, "type": "FS"} for id in before]
    data = {"plan": plan, "code": code, "name": f"工作{code}", "kind": "task", "duration": Decimal(days)}
    return (await ctx.records.create(TASK, data | ({"predecessors": rows} if rows else {}) | more)).id


async def dates(ctx, plan) -> dict[str, tuple[str, str]]:
    loaded = await load(ctx, plan)
    return {
        loaded.by_id[id].data["code"]: (f"{moment(one.start):%m-%d}", f"{moment(one.finish):%m-%d}")
        for id, one in loaded.schedule.dates.items()
    }


async def test_dates_follow_from_the_records_as_they_are(ctx):
    plan = await make_plan(ctx)
    a = await make_task(ctx, plan, "1", 3)
    b = await make_task(ctx, plan, "2", 5, [a])
    assert await dates(ctx, plan) == {"1": ("03-02", "03-04"), "2": ("03-05", "03-11")}
    task = await ctx.records.get(TASK, a)
    await ctx.records.update(TASK, a, {"duration": Decimal("3.5")}, revision=task.revision)
    assert (await dates(ctx, plan))["2"] == ("03-05", "03-12")
    await ctx.records.delete(TASK, b, revision=1)
    assert list(await dates(ctx, plan)) == ["1"]


async def test_the_national_calendar_keeps_holidays_and_works_swapped_weekends(ctx):
    """Spring festival 2026: 15 to 23 February free, 14 and 28 February worked."""
    plan = await make_plan(ctx, start=stored(datetime(2026, 2, 13, 8)))
    calendar = (await ctx.records.list(CALENDAR, Query(limit=1))).records[0]
    await ctx.records.update(CALENDAR, calendar.id, {"national": True}, revision=calendar.revision)
    await make_task(ctx, plan, "1", 3)
    assert await dates(ctx, plan) == {"1": ("02-13", "02-24")}


async def test_what_waits_for_itself_is_refused_and_an_old_loop_is_named(ctx, monkeypatch):
    plan = await make_plan(ctx)
    a = await make_task(ctx, plan, "1")
    b = await make_task(ctx, plan, "2", before=[a])
    with pytest.raises(Invalid) as refused:
        await ctx.records.update(TASK, a, {"predecessors": [{"task": b, "type": "FS"}]}, revision=1)
    assert refused.value.problems[0].field == "predecessors"
    with pytest.raises(Invalid):
        await ctx.records.update(TASK, a, {"predecessors": [{"task": a, "type": "FS"}]}, revision=1)
    with pytest.raises(Invalid):
        await ctx.records.update(TASK, a, {"parent": a}, revision=1)
    monkeypatch.setattr("plugins.progress.rules.FARTHEST", 0)
    await ctx.records.update(TASK, a, {"predecessors": [{"task": b, "type": "FS"}]}, revision=1)
    with pytest.raises(Unschedulable) as named:
        _ = (await load(ctx, plan)).schedule
    assert "1 工作1" in named.value.message
    assert set(named.value.activities) == {a, b}


async def test_an_activity_of_another_plan_is_no_predecessor(ctx):
    plan, other = await make_plan(ctx), await make_plan(ctx, code="other")
    strange = await make_task(ctx, other, "1")
    with pytest.raises(Invalid) as refused:
        await make_task(ctx, plan, "1", before=[strange])
    assert refused.value.problems[0].field == "predecessors.0.task"


async def test_drawing_moves_lengthens_and_links(ctx):
    plan = await make_plan(ctx)
    a, b = await make_task(ctx, plan, "1", 2), await make_task(ctx, plan, "2", 2)
    drawn = gantt.drawing(await load(ctx, plan))
    start = next(row["start"] for row in drawn["rows"] if row["id"] == b)
    await gantt.move(ctx, plan, {"task": b, "revision": "1", "start": str(start + 2 * 1440)})
    assert (await dates(ctx, plan))["2"] == ("03-04", "03-05")
    finish = next(row["finish"] for row in gantt.drawing(await load(ctx, plan))["rows"] if row["id"] == a)
    await gantt.move(ctx, plan, {"task": a, "revision": "1", "finish": str(finish + 1440)})
    assert (await dates(ctx, plan))["1"] == ("03-02", "03-04")
    await gantt.link(ctx, plan, {"task": b, "before": a, "type": "FS", "revision": "2"})
    assert (await dates(ctx, plan))["2"] == ("03-05", "03-06")
    await gantt.link(ctx, plan, {"task": b, "before": a, "type": "FS", "revision": "3"})
    assert (await dates(ctx, plan))["2"] == ("03-04", "03-05")
    with pytest.raises(Invalid):
        await gantt.move(ctx, plan, {"task": b, "revision": "x", "start": "0"})


async def test_a_baseline_keeps_what_was_planned_and_delays_name_what_holds_them(ctx):
    plan = await make_plan(ctx)
    a = await make_task(ctx, plan, "1", 3)
    await make_task(ctx, plan, "2", 5, [a])
    await baselines.take(ctx, await load(ctx, plan), name="合同")
    task = await ctx.records.get(TASK, a)
    await ctx.records.update(TASK, a, {"duration": Decimal(5)}, revision=task.revision)
    held = await ctx.records.get(PLAN, plan)
    await ctx.records.update(PLAN, plan, {"data_date": stored(datetime(2026, 3, 2, 9))}, revision=held.revision)
    found = figures.figures(await load(ctx, plan))
    assert found.late_days == Decimal("2.125")  # two days of more work, and an hour in which nothing was begun
    assert {(late.task.data["code"], late.kind) for late in found.late} == {("1", "start"), ("2", "forecast")}
    assert next(late for late in found.late if late.kind == "forecast").driver.data["code"] == "1"
    await baselines.take(ctx, await load(ctx, plan), name="调整")
    kept = (await ctx.records.list(BASELINE, Query())).records
    assert sorted((one.data["number"], one.data["current"]) for one in kept) == [(0, False), (1, True)]
    assert figures.figures(await load(ctx, plan)).late_days == 0


async def test_earned_schedule_of_half_the_work_at_half_the_time_is_one(ctx):
    plan = await make_plan(ctx, data_date=stored(datetime(2026, 3, 6, 17)))
    await make_task(ctx, plan, "1", 10, budget=Decimal(1000))
    await baselines.take(ctx, await load(ctx, plan), name="")
    task = (await ctx.records.list(TASK, Query())).records[0]
    changes = {"actual_start": stored(MONDAY), "percent": Decimal(50)}
    await ctx.records.update(TASK, task.id, changes, revision=task.revision)
    earned = figures.figures(await load(ctx, plan)).earned
    # the baseline was taken when work could not begin before the data date: five days later
    assert (earned.bac, earned.ev, earned.pd) == (1000, 500, 10)
    assert earned.es == 5
    assert figures.figures(await load(ctx, plan)).percent == 50


async def test_a_plan_that_runs_late_raises_one_alert_that_goes_when_it_is_made_good(ctx):
    plan = await make_plan(ctx, data_date=stored(MONDAY))
    task = await make_task(ctx, plan, "1", 10)
    await baselines.take(ctx, await load(ctx, plan), name="")
    await ctx.records.update(TASK, task, {"duration": Decimal(11)}, revision=1)
    await ctx.alerts.evaluate()
    found = {(one.rule, one.record): one for one in await ctx.alerts.open("progress")}
    late = found["progress.finish", plan]
    assert (late.severity, late.value) == ("orange", 10)
    assert ("progress.late", task) not in found  # a day is not yet worth a word
    await ctx.records.update(TASK, task, {"duration": Decimal(10)}, revision=2)
    await ctx.alerts.evaluate()
    assert "progress.finish" not in {one.rule for one in await ctx.alerts.open("progress")}


async def test_a_daily_report_becomes_progress_and_never_takes_any_away(ctx):
    plan = await make_plan(ctx)
    a = await make_task(ctx, plan, "1", 4)
    for day, percent in (("2026-03-02", 40), ("2026-03-03", 30), ("2026-03-04", 100)):
        works = [{"task": a, "percent": Decimal(percent)}]
        await ctx.records.create(DAILY, {"plan": plan, "day": day, "works": works})
        task = await ctx.records.get(TASK, a)
        assert task.data["percent"] == max(percent, 40)
    assert local(task.data["actual_start"]) == datetime(2026, 3, 2, 8)
    assert local(task.data["actual_finish"]) == datetime(2026, 3, 4, 17)


@pytest.mark.parametrize("kind", ["mspdi", "xer"])
async def test_a_plan_goes_out_and_comes_back_with_the_same_dates(ctx, kind):
    plan = await make_plan(ctx)
    top = await make_task(ctx, plan, "1", 0, kind="summary")
    a = await make_task(ctx, plan, "1.1", 3, parent=top)
    b = await make_task(ctx, plan, "1.2", "2.5", [a], parent=top, constraint="SNET",
                        constraint_at=stored(datetime(2026, 3, 10, 8)))  # fmt: skip
    await make_task(ctx, plan, "2", 0, [b], kind="finish_milestone")
    content = transfer.write(await load(ctx, plan), kind)
    read = transfer.parse(content, f"plan.{transfer.SUFFIX[kind]}")
    again = await transfer.bring(ctx, read, code="again", name="")
    assert await dates(ctx, again) == await dates(ctx, plan)
    assert (await ctx.records.get(PLAN, again)).data["name"] == "改造"
    assert (await ctx.records.count(CALENDAR, Query())).number == 1  # the same calendar is used again


async def test_a_file_with_a_loop_or_no_plan_leaves_nothing(ctx):
    for content, name in ((b"<Project/>", "a.xml"), (b"", "a.xml"), (b"not a plan", "a.xer"), (LOOP.encode(), "a.xml")):
        with pytest.raises(Invalid) as refused:
            await transfer.bring(ctx, transfer.parse(content, name), code="X", name="")
        assert refused.value.problems[0].field == "file"
    assert (await ctx.records.count(PLAN, Query())).number == 0


async def test_a_row_that_is_wrong_undoes_the_whole_import(ctx):
    await make_plan(ctx, code="taken")
    read = transfer.parse(LOOP.replace(BACK, "").encode(), "a.xml")
    with pytest.raises(Invalid):
        await transfer.bring(ctx, read, code="taken", name="")
    assert (await ctx.records.count(TASK, Query())).number == 0
    assert (await ctx.records.count(PLAN, Query())).number == 1


async def test_another_tenants_plan_is_not_there(platform, ctx):
    other = await new_tenant(platform, "bb", modules=("progress",))
    plan = await make_plan(ctx)
    task = await make_task(ctx, plan, "1")
    for work in (load(other, plan), gantt.move(other, plan, {"task": task, "revision": "1", "start": "0"})):
        with pytest.raises(NotFound):
            await work
    mine = await make_plan(other)
    with pytest.raises(Invalid):
        await make_task(other, mine, "1", before=[task])


async def test_who_may_only_look_changes_nothing(platform, ctx):
    plan = await make_plan(ctx)
    task = await make_task(ctx, plan, "1")
    viewer = await new_member(platform, ctx, "viewer-1", roles=("viewer",))
    assert (await load(viewer, plan)).schedule.dates
    with pytest.raises(Forbidden):
        await gantt.move(viewer, plan, {"task": task, "revision": "1", "start": "0"})
    with pytest.raises(Forbidden):
        await baselines.take(viewer, await load(viewer, plan), name="")
    assert (await ctx.records.count(LINE, Query())).number == 0


async def test_a_large_file_is_brought_in_by_a_job_whole_or_not_at_all(platform, ctx):
    async def whole():
        yield LOOP.replace(BACK, "").encode()

    async def ended(code: str):
        file = await ctx.files.put("a.xml", whole())
        id = await ctx.jobs.enqueue(bringing.JOB, {"file": file, "file_name": "a.xml", "code": code, "name": "大计划"})
        await run_jobs(platform)
        return await ctx.jobs.get(id)

    done = await ended("BIG")
    assert (done.state, done.done, done.total) == ("done", 3, 3)  # two activities, one of them with a predecessor
    assert done.result["tasks"] == 2
    assert len((await load(ctx, done.result["plan"])).tasks) == 2
    assert [one.url for one in (await ctx.notices.list())[0]][:1] == [f"/progress/{done.result['plan']}"]
    again = await ended("BIG")
    assert again.state == "dead"
    assert "已被占用" in again.error
    assert (await ctx.records.count(TASK, Query())).number == 2


async def test_an_attempt_that_died_after_its_work_is_not_repeated(ctx):
    plan = await make_plan(ctx, code="BIG")
    row = {"id": "J", "kind": bringing.JOB, "key": None, "attempts": 2, "done": 0, "total": 0, "note": "", "cancel": 0,
           "args": '{"file": "F", "file_name": "a.xml", "code": "BIG", "name": ""}'}  # fmt: skip
    assert (await bringing._run(ctx, Job(row, tenant=ctx.tenant.id)))["plan"] == plan


BACK = "<PredecessorLink><PredecessorUID>2</PredecessorUID><Type>1</Type></PredecessorLink>"
LOOP = f"""<Project xmlns="http://schemas.microsoft.com/project"><Name>x.xml</Name><StartDate>2026-03-02T08:00:00</StartDate>
<Tasks><Task><UID>1</UID><Name>甲</Name><OutlineLevel>1</OutlineLevel><Duration>PT8H0M0S</Duration>{BACK}</Task>
<Task><UID>2</UID><Name>乙</Name><OutlineLevel>1</OutlineLevel><Duration>PT8H0M0S</Duration>
<PredecessorLink><PredecessorUID>1</PredecessorUID><Type>1</Type></PredecessorLink></Task></Tasks></Project>"""
