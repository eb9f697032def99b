"""Pages of maintenance: figures that equal the rows they open, labels, faults from a scanned label, alerts."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest

from core import Invalid, NotFound, Query
from core.testing import PASSWORD, new_member, new_tenant, platform_at, refreshed, run_jobs
from plugins.maintenance import figures, service
from plugins.maintenance.alerts import balances
from plugins.maintenance.names import ASSET, FEE, FUND, ORDER, PLAN, REPORT, SCHEME, WARRANTY
from tests.plugins.maintenance.kit import make_asset, make_order, make_part, make_plan, move, orders, take

D = Decimal
ADDRESSES = (
    "/maintenance", "/maintenance/calendar", "/maintenance/calendar?month=9999-99", "/maintenance/ledger",
    "/maintenance/labels", "/maintenance/indicators", "/maintenance/indicators?year=1066&project=x",
)  # fmt: skip


@pytest.fixture
async def platform(database_url, tmp_path):
    async with platform_at(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def ctx(platform):
    return await new_tenant(platform, "aa", modules=("maintenance",))


async def repaired(ctx, asset, *, days: int, hours: int, cost: str = "0", kind="corrective") -> None:
    """A repair asked for so many days ago that took so many hours."""
    reported = service.present() - timedelta(days=days)
    finished = service.stored(reported + timedelta(hours=hours))
    order = await make_order(
        ctx, asset=asset, kind=kind, reported_at=service.stored(reported), labour_cost=D(cost), code=f"{asset}-{days}",
        labour_hours=D(2), down_from=service.stored(reported), down_until=finished,
    )  # fmt: skip
    await take(ctx, order, "log", started_at=service.stored(reported), finished_at=finished, actions="修好")


async def test_sums_are_those_of_the_orders(ctx):
    """Two repairs of 10 and 200 hours (168 allowed), one planned within its window, one open."""
    asset = await make_asset(ctx, cost=D(1000))
    await repaired(ctx, asset, days=3, hours=10, cost="70")
    await repaired(ctx, asset, days=12, hours=200, cost="30")
    await repaired(ctx, asset, days=1, hours=2, kind="preventive")
    await make_order(ctx, estimated_hours=D(6))
    await make_order(ctx, code="guess")
    today = service.present().date()
    found = await figures.sums(ctx, figures.Period(today - timedelta(days=29), today))
    assert (found.assets, found.failures, found.repairs, found.met, found.judged) == (1, 4, 2, 1, 2)
    assert (found.repair_hours, found.down, found.cost, found.replacement) == (210, 210, 100, 1000)
    assert (found.planned_hours, found.labour_hours, found.backlog) == (2, 6, 8)
    by_month = await figures.months(ctx, figures.Period(today - timedelta(days=29), today))
    assert sum(month.cost for month in by_month.values()) == 100
    assert sum(month.repairs for month in by_month.values()) == 2


async def test_reports_are_judged_by_their_answers_and_what_reporters_say(ctx):
    """Of three: one answered in time and liked, one too late (168 h allowed), one not yet due."""
    now = service.present()
    asked = {"title": "路面破损", "channel": "phone", "kind": "suggestion", "urgency": "ordinary"}
    for number, (days, hours, rated) in enumerate(((20, 24, 5), (15, 200, 2))):
        received = now - timedelta(days=days)
        told = {"answer": "已处理", "visited": True, "resolved": rated > 3, "satisfaction": rated}
        data = asked | told | {"code": f"R{number}", "received_at": service.stored(received)}
        report = await take(ctx, await ctx.records.create(REPORT, data), "answer", answer="已处理")
        when = {"answered_at": service.stored(received + timedelta(hours=hours))}
        report = await ctx.records.update(REPORT, report.id, when, revision=report.revision)
        assert report.data["on_time"] == ("yes" if hours <= 168 else "no")
    await ctx.records.create(REPORT, asked | {"code": "new"})
    found = await figures.sums(ctx, figures.Period(now.date() - timedelta(days=29), now.date()))
    assert (found.reports, found.reports_met, found.asked_back, found.resolved) == (2, 1, 2, 1)
    assert (found.rated, found.satisfied) == (2, 1)


async def test_the_calendar_shows_orders_and_what_plans_will_call_for(platform, ctx):
    asset = await make_asset(ctx)
    await make_plan(ctx, [asset], cycle="week", lead_days=0)
    today = service.present().date()
    await run_jobs(platform)
    found = await figures.coming(ctx, today, today + timedelta(days=20))
    assert [(one.day, one.order is not None) for one in found] == [
        (today, True), (today + timedelta(days=7), False), (today + timedelta(days=14), False),
    ]  # fmt: skip


async def test_alerts_say_what_is_wrong(platform, ctx):
    asset = await make_asset(ctx, condition=1)
    for days in (5, 15, 25):
        await repaired(ctx, asset, days=days, hours=1)
    late = await make_order(ctx, code="late", reported_at=service.stored(service.present() - timedelta(days=9)))
    part = await make_part(ctx, minimum=D(2))
    await move(ctx, part, "receive", 1, price=D(1))
    start = service.present().date() - timedelta(days=300)
    await ctx.records.create(
        WARRANTY, {"name": "水泵", "kind": "other", "start": start.isoformat(), "company": "甲", "agreed": 11}
    )
    await ctx.alerts.evaluate()
    found = {one.rule: (one.record, one.severity) for one in await ctx.alerts.open("maintenance")}
    assert found["maintenance.condition"] == (asset, "red")
    assert found["maintenance.repeated"] == (asset, "orange")
    assert found["maintenance.overdue"] == (late.id, "yellow")
    assert found["maintenance.response"] == (late.id, "red")
    assert found["maintenance.stock"] == (part, "orange")
    assert found["maintenance.warranty"][1] in ("orange", "yellow")
    await take(ctx, late, "accept", "start", "finish", actions="修好")
    await ctx.alerts.evaluate()
    assert not {"maintenance.overdue", "maintenance.response"} & {
        one.rule for one in await ctx.alerts.open("maintenance")
    }


async def test_funds_that_last_for_two_months_are_told(ctx):
    """Paid in 500 of fees, spent 300 in half a year: 50 a month, 200 left, four months."""
    data = {"code": "S", "name": "方案", "body": "街道", "start": "2026-01-01", "years": 3}
    scheme = (await ctx.records.create(SCHEME, data)).id
    today = service.present().date().isoformat()
    fee = {
        "scheme": scheme,
        "payer": "1 单元",
        "period": "2026",
        "amount": D(500),
        "due": today,
        "paid": D(500),
        "paid_on": today,
    }
    await ctx.records.create(FEE, fee)
    out = {"scheme": scheme, "title": "维保", "day": today, "direction": "out", "source": "resident", "amount": D(300)}
    await ctx.records.create(FUND, out)
    assert await balances(ctx) == {scheme: (200, 50)}
    await ctx.alerts.evaluate()
    (alert,) = [one for one in await ctx.alerts.open("maintenance") if one.rule == "maintenance.funds"]
    assert (alert.value, alert.severity) == (4, "orange")


async def test_who_sees_only_his_own_reports_opens_no_overview(platform, ctx):
    from plugins.maintenance import pages

    reporter = await new_member(platform, ctx, "neighbour", roles=("fault_reporter",))
    assert await pages.menu_items(reporter) is None
    assert await pages.home_panels(reporter) is None
    assert reporter.can(REPORT, "create")
    await make_order(ctx)
    assert await orders(reporter) == []


async def test_an_asset_of_another_tenant_has_no_page_and_no_label(platform, ctx):
    other = await new_tenant(platform, "bb", modules=("maintenance",))
    asset = await make_asset(ctx)
    with pytest.raises(NotFound):
        await other.records.get(ASSET, asset)
    today = service.present().date()
    await make_plan(ctx, [asset])
    assert await figures.coming(other, today, today + timedelta(days=30)) == []
    assert (await figures.sums(other, figures.last_year(today))).assets == 0
    assert (await other.records.list(PLAN, Query())).records == ()


@pytest.fixture
async def signed_in(app, client):
    """The application's own client with an administrator signed in, and his context."""
    from core import people

    platform = app.state.platform
    ctx = await new_tenant(platform, "aa", modules=("maintenance",))
    session = await people.sign_in(platform.db, "aa-admin", password=PASSWORD, address=None, hours=1)
    client.cookies.set(app.state.web.session_cookie, session)
    client.headers.update({"Sec-Fetch-Site": "same-origin", "Accept": "text/html"})
    return client, await refreshed(platform, ctx)


async def test_a_scanned_label_opens_the_page_where_a_fault_is_reported(app, signed_in):
    client, ctx = signed_in
    asset = await make_asset(ctx, position="3 号楼")
    sheet = await client.get("/maintenance/labels")
    assert sheet.status_code == 200
    assert sheet.text.count('class="qr"') == 1
    page = await client.get(f"/maintenance/a/{asset}")
    assert "提交报修" in page.text
    token = unescape(re.search(r'name="_csrf" value="([^"]+)"', page.text)[1])
    refused = await client.post(
        f"/maintenance/a/{asset}/report", data={"_csrf": token, "title": "", "content": "按键不亮"}
    )
    assert refused.status_code == 422
    assert "按键不亮" in refused.text
    made = await client.post(
        f"/maintenance/a/{asset}/report", data={"_csrf": token, "title": "按键不亮", "urgency": "supply"}
    )
    assert made.status_code in (302, 303)
    done = await client.get(made.headers["location"])
    assert "已报修" in done.text
    (report,) = (await ctx.records.list(REPORT, Query())).records
    assert (report.data["channel"], report.data["asset"], report.data["position"]) == ("qr", asset, "3 号楼")


async def test_every_page_stands_with_nothing_and_without_its_neighbour(signed_in):
    client, ctx = signed_in
    for address in ADDRESSES:
        answer = await client.get(address)
        assert answer.status_code == 200, address
    assert "没有打开" in (await client.get("/maintenance/indicators")).text
    await make_asset(ctx)
    assert "今天要注意的" in (await client.get("/maintenance")).text
    assert ORDER in (await client.get("/maintenance/indicators")).text
    with pytest.raises(Invalid):
        await make_asset(ctx)
