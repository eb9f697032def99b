"""Operation and maintenance on records: orders come by themselves and once, stock never falls below zero."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from core import Condition, Conflict, Forbidden, Invalid, NotFound, Query
from core.definitions import switch
from core.testing import new_member, new_tenant, platform_at, refreshed, run_jobs
from plugins.maintenance import orders as making
from plugins.maintenance import service
from plugins.maintenance.names import ASSET, FEE, FUND, MOVE, ORDER, PART, PLAN, REPORT, ROUND, SCHEME, SURVEY, WARRANTY
from plugins.maintenance.service import local
from tests.plugins.maintenance.kit import make_asset, make_order, make_part, make_plan, move, orders, take

D = Decimal


@pytest.fixture
async def platform(database_url, tmp_path):
    async with platform_at(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def ctx(platform):
    return await new_tenant(platform, "aa", modules=("maintenance",))


def problems(refused) -> list[tuple[str, str]]:
    return [(one.field, one.code) for one in refused.value.problems]


async def test_a_plan_makes_its_order_once_however_often_it_is_asked(platform, ctx):
    asset = await make_asset(ctx)
    plan = await make_plan(ctx, [asset], window_days=2, tasks=[{"what": "润滑", "standard": "无异响"}])
    await run_jobs(platform)
    (order,) = await orders(ctx)
    today = service.present().date()
    assert order.data["code"] == f"BY-1-{today:%Y%m%d}-DT-1"
    assert (order.data["occurrence"], order.data["content"]) == (today.isoformat(), "1. 润滑（无异响）")
    assert local(order.data["due"]).date() == today + timedelta(days=2)
    for _again in range(2):
        assert await making.make_from(ctx.system(), plan, today) == 0
    await ctx.records.delete(ORDER, order.id, revision=order.revision)
    assert await making.make_from(ctx.system(), plan, today) == 0, "what was thrown away comes back"


async def test_two_processes_at_once_make_one_order(ctx):
    plan = await make_plan(ctx, [await make_asset(ctx)])
    today = service.present().date()
    made = await asyncio.gather(*(making.make_from(ctx.system(), plan, today) for _one in range(3)))
    assert sum(made) == 1
    assert len(await orders(ctx)) == 1


async def test_a_missed_one_does_not_pile_up_and_only_the_horizon_is_made(platform, ctx):
    asset = await make_asset(ctx)
    plan = await make_plan(ctx, [asset], cycle="week", lead_days=0)
    today = service.present().date()
    system = ctx.system()
    assert await making.make_from(system, plan, today) == 1
    assert await making.make_from(system, plan, today + timedelta(days=21)) == 0, "one is open still"
    (order,) = await orders(ctx)
    await take(ctx, order, "accept", "start", "finish", actions="已做")
    assert await making.make_from(system, plan, today + timedelta(days=21)) == 1, "of three that passed, the last"
    assert [one.data["occurrence"] for one in await orders(ctx)] == [
        today.isoformat(), (today + timedelta(days=21)).isoformat(),
    ]  # fmt: skip
    await ctx.records.update(PLAN, plan.id, {"active": False}, revision=plan.revision)
    await run_jobs(platform)
    assert len(await orders(ctx)) == 2


async def test_a_floating_plan_counts_from_the_day_it_was_last_done(ctx):
    asset = await make_asset(ctx)
    plan = await make_plan(ctx, [asset], cycle="month", mode="floating", lead_days=3)
    today = service.present().date()
    assert await making.make_from(ctx.system(), plan, today) == 1
    (order,) = await orders(ctx)
    finished = service.present() - timedelta(minutes=5)
    await take(
        ctx, order, "log", actions="已做", started_at=service.stored(finished), finished_at=service.stored(finished)
    )
    next_day = making.recurrence.following(making.recurrence.read("FREQ=MONTHLY"), finished.date())
    assert await making.make_from(ctx.system(), plan, next_day - timedelta(days=4)) == 0
    assert await making.make_from(ctx.system(), plan, next_day - timedelta(days=3)) == 1
    assert {one.data["occurrence"] for one in await orders(ctx)} == {today.isoformat(), next_day.isoformat()}


async def test_a_meter_and_a_bad_condition_call_for_an_order(platform, ctx):
    asset = await make_asset(ctx)
    await make_plan(ctx, [asset], code="M", trigger="meter", meter_every=D(5000), meter_start=D(100))
    await make_plan(ctx, [asset], code="C", trigger="condition", condition_at=2)
    for day, value in (("2026-03-01", 5000), ("2026-03-09", 5100), ("2026-03-10", 5200)):
        await ctx.records.create("maintenance.reading", {"asset": asset, "day": day, "value": D(value)})
        await run_jobs(platform)
    await ctx.records.create(SURVEY, {"asset": asset, "day": "2026-03-02", "condition": 2})
    await ctx.records.create(SURVEY, {"asset": asset, "day": "2026-02-01", "condition": 5})
    await run_jobs(platform)
    assert [one.data["code"] for one in await orders(ctx)] == ["C-C2026-03-02-DT-1", "M-M1-DT-1"]
    held = await ctx.records.get(ASSET, asset)
    assert (held.data["condition"], held.data["surveyed"]) == (2, "2026-03-02")


@pytest.mark.parametrize(("more", "field"), [
    ({"cycle": "custom", "rule": "每月"}, "rule"), ({"cycle": "custom"}, "rule"), ({"trigger": "season"}, "season"),
    ({"cycle": "custom", "rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "rule"),
    ({"start": "2026-05-01", "ends": "2026-04-01"}, "ends"),
])  # fmt: skip
async def test_a_plan_that_cannot_happen_is_told_at_the_field(ctx, more, field):
    with pytest.raises(Invalid) as refused:
        await make_plan(ctx, [await make_asset(ctx)], **more)
    assert field in {one.field for one in refused.value.problems}


async def test_a_report_becomes_an_order_by_its_urgency_and_is_handled(platform, ctx):
    asset = await make_asset(ctx)
    await ctx.records.create(
        REPORT, {"code": "R1", "title": "困人", "channel": "qr", "kind": "fault", "urgency": "danger", "asset": asset}
    )
    await ctx.records.create(
        REPORT, {"code": "R2", "title": "问一下", "channel": "phone", "kind": "consult", "urgency": "ordinary"}
    )
    await run_jobs(platform)
    (order,) = await orders(ctx)
    data = order.data
    assert (data["code"], data["kind"], data["priority"], data["asset"]) == ("R1-GD", "emergency", "emergency", asset)
    reported = local(data["reported_at"])
    assert (local(data["respond_due"]) - reported, local(data["due"]) - reported) == (
        timedelta(minutes=30), timedelta(hours=4),
    )  # fmt: skip
    report = (await ctx.records.list(REPORT, Query(where=(Condition("code", "eq", "R1"),)))).records[0]
    assert report.data["status"] == "handling"
    report = await take(ctx, report, "answer", answer="已修好")
    assert report.data["on_time"] == "yes"
    assert report.data["answered_at"] <= report.data["due"]
    again = await take(ctx, report, "rework")
    assert "answered_at" not in again.data


async def test_what_fails_in_an_inspection_becomes_orders(platform, ctx):
    asset = await make_asset(ctx)
    lamp = {"item": "路灯", "result": "fault", "asset": asset, "priority": "urgent", "note": "不亮"}
    points = [{"item": "井盖", "result": "ok"}, lamp, {"item": "栏杆", "result": "fault"}]
    found = await ctx.records.create(ROUND, {"code": "X1", "route": "东区", "day": "2026-03-02", "points": points})
    assert found.data["faults"] == 2
    await run_jobs(platform)
    assert await orders(ctx) == []
    await take(ctx, found, "submit")
    await run_jobs(platform)
    assert [(one.data["code"], one.data["priority"]) for one in await orders(ctx)] == [
        ("X1-2", "urgent"),
        ("X1-3", "normal"),
    ]


async def test_an_order_goes_its_way_and_who_repaired_does_not_verify(platform, ctx):
    worker = await new_member(platform, ctx, "worker", roles=("repairer", "maintenance_manager"))
    order = await make_order(ctx, asset=await make_asset(ctx), labour_cost=D(80))
    for step, data in (
        ("accept", {}),
        ("start", {}),
        ("wait", {"waiting_for": "parts"}),
        ("resume", {}),
        ("finish", {"actions": "换灯"}),
    ):
        order = await worker.flow.take(ORDER, order.id, step, revision=order.revision, data=data)
    assert order.data["on_time"] == "yes"
    assert len(order.data["pauses"]) == 1
    assert order.data["assignee"] == worker.member.id, "who accepts it does it"
    with pytest.raises(Forbidden):
        await worker.flow.take(ORDER, order.id, "verify", revision=order.revision, data={"score": 5})
    order = await ctx.flow.take(ORDER, order.id, "verify", revision=order.revision, data={"score": 5})
    assert order.data["status"] == "verified"
    with pytest.raises(Invalid):
        await ctx.records.update(ORDER, order.id, {"finished_at": "2026-01-01T00:00:00Z"}, revision=order.revision)


async def test_shares_that_do_not_sum_to_a_hundred_are_told_at_the_shares(ctx):
    data = {"code": "S", "name": "方案", "body": "街道", "start": "2026-01-01", "years": 3, "annual_cost": D(100)}
    shares = [
        {"source": "fiscal", "share": D("60"), "payer": "区财政"},
        {"source": "resident", "share": D("39.99"), "payer": "居民"},
    ]
    with pytest.raises(Invalid) as refused:
        await ctx.records.create(SCHEME, data | {"funding": shares})
    assert refused.value.problems[0].field == "funding"
    shares[1]["share"] = D("40")
    made = await ctx.records.create(SCHEME, data | {"funding": shares})
    assert (made.data["ends"], made.data["share_total"]) == ("2028-12-31", 100)
    bare = await ctx.records.create(SCHEME, data | {"code": "T"})
    with pytest.raises(Invalid):
        await ctx.flow.take(SCHEME, bare.id, "submit", revision=bare.revision)
    sent = await ctx.flow.take(SCHEME, made.id, "submit", revision=made.revision)
    with pytest.raises(Forbidden):  # his own
        await ctx.flow.take(SCHEME, made.id, "approve", revision=sent.revision)


async def test_a_warranty_below_the_law_is_refused_and_the_setting_is_obeyed(ctx):
    asset = await make_asset(ctx, design_life=70)
    data = {"name": "屋面防水", "kind": "waterproof", "start": "2026-03-15", "company": "防水公司"}
    with pytest.raises(Invalid) as refused:
        await ctx.records.create(WARRANTY, data | {"agreed": 3, "agreed_unit": "years"})
    assert problems(refused) == [("agreed", "short")]
    made = await ctx.records.create(WARRANTY, data)
    assert made.data["until"] == "2031-03-15"
    main = await ctx.records.create(WARRANTY, data | {"kind": "structure", "asset": asset})
    assert main.data["until"] == "2096-03-15"


async def test_stock_follows_its_moves_at_the_moving_average(ctx):
    """10 at 2 and 10 at 4 are worth 60, so 3 a piece: 5 issued cost 15; of them 2 come back at 3; a count finds 16."""
    part, order = await make_part(ctx), await make_order(ctx)
    await move(ctx, part, "receive", 10, price=D(2))
    await move(ctx, part, "receive", 10, price=D(4))
    issue = await move(ctx, part, "issue", 5, order=order.id)
    assert (issue.data["change"], issue.data["value"], issue.data["order_cost"]) == (-5, -15, 15)
    await move(ctx, part, "return", 2, order=order.id)
    await move(ctx, part, "count", 16)
    held = await ctx.records.get(PART, part)
    assert (held.data["stock"], held.data["value"], held.data["average"]) == (16, 48, 3)
    assert (await ctx.records.get(ORDER, order.id)).data["cost"] == 9


async def test_stock_never_falls_below_zero_on_any_day(ctx):
    part, order = await make_part(ctx), await make_order(ctx)
    await move(ctx, part, "receive", 5, price=D(1), day="2026-03-10")
    for kind, number, day in (("issue", 6, "2026-03-11"), ("issue", 1, "2026-03-09"), ("return", 1, "2026-03-12")):
        with pytest.raises(Invalid) as refused:
            await move(ctx, part, kind, number, day=day, order=order.id)
        assert refused.value.problems[0].field == "quantity"
    taken = await move(ctx, part, "issue", 5, day="2026-03-12")
    with pytest.raises(Invalid):  # there are five on the 11th, and none of them left on the 12th
        await move(ctx, part, "issue", 1, day="2026-03-11")
    for change in ({"quantity": D(1)}, {"day": "2026-03-11"}):
        with pytest.raises(Invalid) as refused:
            await ctx.records.update(MOVE, taken.id, change, revision=taken.revision)
        assert problems(refused) == [("quantity", "posted")]
    with pytest.raises(Invalid):
        await ctx.records.delete(MOVE, taken.id, revision=taken.revision)
    noted = await ctx.records.update(MOVE, taken.id, {"remark": "夜间"}, revision=taken.revision)
    assert noted.data["change"] == -5


async def test_of_two_who_take_the_last_piece_at_once_one_is_told_there_is_none(ctx):
    part = await make_part(ctx)
    await move(ctx, part, "receive", 3, price=D(1))
    tried = await asyncio.gather(*(move(ctx, part, "issue", 2) for _one in range(4)), return_exceptions=True)
    refused = [one for one in tried if isinstance(one, Invalid | Conflict)]
    assert len(refused) == 3
    assert (await ctx.records.get(PART, part)).data["stock"] == 1


async def test_what_is_reserved_for_one_order_is_not_given_to_another(ctx):
    part = await make_part(ctx)
    first, second = await make_order(ctx, code="O1"), await make_order(ctx, code="O2")
    await move(ctx, part, "receive", 3, price=D(1))
    await move(ctx, part, "reserve", 2, order=first.id)
    with pytest.raises(Invalid) as refused:
        await move(ctx, part, "issue", 2, order=second.id)
    assert problems(refused) == [("quantity", "reserved")]
    with pytest.raises(Invalid):
        await move(ctx, part, "release", 3, order=first.id)
    await move(ctx, part, "issue", 2, order=first.id)
    held = (await ctx.records.get(PART, part)).data
    assert (held["stock"], held["reserved"], held["available"]) == (1, 0, 1)


async def test_the_special_fund_needs_the_owners_vote_and_fees_are_not_overpaid(ctx):
    data = {"title": "电梯大修", "day": "2026-03-02", "direction": "out", "source": "fund", "amount": D(100)}
    with pytest.raises(Invalid) as refused:
        await ctx.records.create(FUND, data)
    assert refused.value.problems[0].field == "vote"
    assert (await ctx.records.create(FUND, data | {"vote": "2026 年第 2 次业主大会"})).data["signed"] == -100
    fee = {
        "payer": "3-201",
        "period": "2026Q1",
        "amount": D(50),
        "due": "2026-03-31",
        "paid": D(60),
        "paid_on": "2026-03-01",
    }
    with pytest.raises(Invalid):
        await ctx.records.create(FEE, fee)


async def test_another_tenants_things_are_not_there(platform, ctx):
    other = await new_tenant(platform, "bb", modules=("maintenance",))
    asset, part = await make_asset(ctx), await make_part(ctx)
    for work in (
        make_plan(other, [asset]),
        move(other, part, "receive", 1, price=D(1)),
        make_order(other, asset=asset),
    ):
        with pytest.raises((Invalid, NotFound)):
            await work
    await make_plan(ctx, [asset])
    await run_jobs(platform)
    assert len(await orders(ctx)) == 1
    assert await orders(other) == []


async def test_switched_off_nothing_is_made_and_nothing_is_lost(platform, ctx):
    asset = await make_asset(ctx)
    await switch(ctx, "maintenance", False)
    off = await refreshed(platform, ctx)
    assert not off.hooks.has("record_compute")
    await run_jobs(platform)
    await switch(off, "maintenance", True)
    again = await refreshed(platform, off)
    assert (await again.records.get(ASSET, asset)).data["code"] == "DT-1"
    await make_plan(again, [asset])
    await run_jobs(platform)
    assert len(await orders(again)) == 1
