"""Earned value from records at any instant: what it is made of, what is missing where it cannot be said, snapshots."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from core import Invalid
from core.definitions import switch
from core.testing import refreshed
from plugins.cost_center import status
from plugins.cost_center.rules import SNAPSHOT
from tests.plugins.cost_center.conftest import House

D, F = Decimal, Fraction


def at(text):
    return datetime.fromisoformat(text)


async def standing(house, project, moment):
    return await status.at_instant(house.ctx, project, at(moment))


async def begun(house):
    """Ten days at 100 each from 1 March, and 500 that fall due at the end; 300 spent by the fourth day."""
    one, two = await house.account("1"), await house.account("2")
    project = await house.project(plan_start="2026-03-01", plan_finish="2026-03-10")
    await house.budget(project, [
        {"account": one, "amount": D(1000)}, {"account": two, "amount": D(500), "accrual": "end"},
    ])  # fmt: skip
    await house.entry(project, one, "300", day="2026-03-04")
    await house.entry(project, one, "50", "E2", day="2026-03-06")
    return one, two, project


async def test_planned_earned_and_spent_at_an_instant(house):
    one, two, project = await begun(house)
    lines = [{"account": one, "technique": "percent", "percent": D(40)}, {"account": two, "technique": "zero"}]
    await house.make("performance", code="X1", project=project, at="2026-03-05T04:00:00Z", lines=lines)
    found = await standing(house, project, "2026-03-05T13:00")  # work is from 8 to 18 o'clock: four days and a half
    known = found.status
    assert (known.bac, known.pv, known.ev, known.ac) == (1500, 450, 400, 300)
    assert (known.cpi, known.spi, known.es, known.at, known.pd) == (F(4, 3), F(8, 9), 4, F(9, 2), 10)
    assert (found.source, found.missing, found.reported_at) == ("performance", (), at("2026-03-05T12:00"))
    assert known.eac("bottom_up") is None
    assert found.accounts[two].eac("cpi") is None
    assert (found.accounts[one].ev, found.accounts[one].cv) == (400, 100)
    before = await standing(house, project, "2026-03-05T11:59")
    assert (before.status.ev, before.missing) == (None, ("progress",))
    after = (await standing(house, project, "2026-03-31T00:00")).status
    assert (after.pv, after.ac) == (after.bac, 350)


async def test_without_plan_or_progress_the_sheet_says_what_is_missing(platform, house):
    account, project = await house.account(), await house.project()
    found = await standing(house, project, "2026-03-05T12:00")
    assert (found.status.pv, found.status.ev, found.status.spi) == (None, None, None)
    assert found.missing == ("budget", "progress")
    await house.budget(project, [{"account": account, "amount": D(100)}])
    assert (await standing(house, project, "2026-03-05T12:00")).missing == ("dates", "progress")
    await switch(house.ctx, "progress", False)
    alone = House(await refreshed(platform, house.ctx))
    assert (await standing(alone, project, "2026-03-05T12:00")).missing == ("dates", "progress", "schedule")


async def test_where_nobody_reported_the_running_schedule_says_how_much_is_earned(platform, house):
    _one, _two, project = await begun(house)
    create = house.ctx.records.create
    calendar = await create("progress.calendar", {"name": "七天", "hours_per_day": 8, "monday": "08:00-16:00"})
    plan = await create("progress.plan", {
        "code": "J1", "name": "计划", "project": project, "status": "running", "start": "2026-03-01T00:00:00Z",
        "calendar": calendar.id, "data_date": "2026-03-05T09:00:00Z",
    })  # fmt: skip
    for code, budget, percent in (("A", 300, 100), ("B", 100, 50), ("C", 100, 0)):
        more = {"actual_start": "2026-03-02T00:00:00Z"} if percent else {}
        more |= {"actual_finish": "2026-03-03T00:00:00Z"} if percent == 100 else {}
        await create("progress.task", {
            "plan": plan.id, "code": code, "name": code, "kind": "task", "duration": D(1), "budget": D(budget),
            "percent": D(percent), **more,
        })  # fmt: skip
    found = await standing(house, project, "2026-03-05T18:00")
    assert (found.source, found.status.ev, found.record) == ("progress", 1050, plan.id)  # 350 of 500: 70 % of 1,500
    await switch(house.ctx, "progress", False)
    alone = House(await refreshed(platform, house.ctx))
    assert (await standing(alone, project, "2026-03-05T18:00")).status.ev is None


async def test_the_forecast_is_summed_account_by_account(house):
    one, two, project = await begun(house)
    lines = [{"account": two, "method": "unit", "quantity": D(3), "rate": D("33.335")}]
    await house.make("forecast", code="F1", project=project, date="2026-03-05", lines=lines)
    known = (await standing(house, project, "2026-03-05T12:00")).status
    assert known.etc == 700 + D("100.01")  # what account 1 has left, and 3 · 33.335 half up
    assert known.eac("bottom_up") == F(110001, 100)
    assert one


async def test_what_adjusts_an_account_is_spread_as_its_budget_is(house):
    one, two, project = await begun(house)
    frozen = (await house.ctx.records.list("cost_center.budget")).records[0]
    lines = [{"account": two, "amount": D(-100)}, {"account": one, "amount": D(100)}]
    made = await house.make(
        "adjustment", code="T", project=project, budget=frozen.id, kind="transfer", date="2026-03-01", lines=lines
    )
    await house.stepped(made, "submit", "approve")
    found = await standing(house, project, "2026-03-06T00:00")
    # half the time: half of 1,100, nothing of what falls due at the end
    assert (found.status.pv, found.accounts[two].pv, found.accounts[two].bac) == (550, 0, 400)


async def test_level_of_effort_is_earned_as_planned(house):
    one, _two, project = await begun(house)
    lines = [{"account": one, "technique": "loe"}]
    await house.make("performance", code="X1", project=project, at="2026-03-05T10:00:00Z", lines=lines)
    assert (await standing(house, project, "2026-03-06T00:00")).status.ev == 500


async def test_a_snapshot_keeps_what_was_so_and_is_not_changed(house):
    one, two, project = await begun(house)
    lines = [{"account": one, "technique": "percent", "percent": D(40)}, {"account": two, "technique": "zero"}]
    await house.make("performance", code="X1", project=project, at="2026-03-05T04:00:00Z", lines=lines)
    kept = await house.make("snapshot", code="S1", project=project, at="2026-03-05T05:00:00Z")
    assert (kept.data["pv"], kept.data["ev"], kept.data["ac"], kept.data["bac"]) == (450, 400, 300, 1500)
    assert (kept.data["cpi"], kept.data["eac"]) == (D("1.3333"), 1125)  # 1500 / (4/3)
    await house.entry(project, one, "7", "E3", day="2026-03-02")
    noted = await house.ctx.records.update(SNAPSHOT, kept.id, {"note": "月报"}, revision=1)
    assert noted.data["ac"] == 300
    with pytest.raises(Invalid):
        await house.ctx.records.update(SNAPSHOT, kept.id, {"at": "2026-03-06T05:00:00Z"}, revision=2)
