"""The pages of day labour: figures equal the tickets, the sheet goes to Excel whole, neighbours may be off."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest

from core import Invalid, Query, people
from core.definitions import switch
from core.testing import PASSWORD, new_tenant, refreshed
from plugins.day_labor import figures, sheet
from plugins.day_labor.alerts import _blocked, _shares, _unsigned
from plugins.day_labor.loading import CREW, RATE, RULE, TICKET, today
from tests.plugins.test_day_labor import (
    SIGNED,
    YESTERDAY,
    attend,
    make_crew,
    make_ticket,
    make_worker,
    walk,
    whole_month,
)

MONTH = YESTERDAY[:7]


async def test_the_sheet_has_men_by_days_and_the_tickets_sums(platform):
    ctx = await new_tenant(platform, "aa", modules=("cost_center", "day_labor"))
    crew, _account, men = await whole_month(ctx)
    held = await sheet.sheet(ctx, await ctx.records.get(CREW, crew.id), MONTH)
    first = sum((row.days.get(int(YESTERDAY[8:]), Decimal(0)) for row in held.rows), Decimal(0))
    assert first == held.of_day(int(YESTERDAY[8:])) == 2
    assert {row.name for row in held.rows} == {man.data["name"] for man in men}
    sums = (await figures.sums(ctx, "day:month"))[MONTH,]
    assert (held.workdays, held.amount) == (sums.workdays, sums.amount)
    book = openpyxl.load_workbook(BytesIO(sheet.workbook(held, project="改造")))
    page = book.worksheets[0]
    assert page.page_setup.orientation == "landscape"
    assert page.cell(len(held.rows) + 4, held.last + 5).value == float(held.amount)
    assert page.cell(4, 2).value in {man.data["name"] for man in men}


async def test_what_waits_and_what_the_checks_find_is_measured_for_alerts(platform):
    ctx = await new_tenant(platform, "aa", modules=("cost_center", "day_labor"))
    crew = await make_crew(ctx)
    man = await make_worker(ctx, 1, crew.id, trained=None)
    late = await make_ticket(ctx, crew, [{"worker": man.id, "hours": 9}], "2026-03-02")
    fresh = await make_ticket(ctx, crew, [{"worker": man.id, "hours": 9}])
    await attend(ctx, man)
    overdue = {one.record: one.value for one in await _unsigned(ctx.system())}
    assert overdue[late.id] > 30
    assert overdue[fresh.id] == 0
    assert [(one.record, one.value) for one in await _blocked(ctx.system())] == [(fresh.id, 1)]
    told, _site = await figures.seen_findings(ctx)
    assert [one.detail["why"] for one in told[fresh.id]] == ["untrained"]


async def test_day_labour_as_a_share_of_all_labour(platform):
    ctx = await new_tenant(platform, "aa", modules=("cost_center", "day_labor"))
    create = ctx.records.create
    project = await create("cost_center.project", {"code": "P", "name": "改造", "status": "in_progress"})
    top = await create("cost_center.account", {"code": "5401.01", "name": "人工费", "kind": "direct", "active": True})
    rest = {"kind": "direct", "active": True, "parent": top.id}
    for place, (source, amount) in enumerate((("day_labor", 30), ("settlement", 270))):
        account = await create("cost_center.account", {"code": f"5401.01.0{place}", "name": f"科目{place}", **rest})
        data = {"code": f"E{place}", "date": YESTERDAY, "project": project.id, "account": account.id, "summary": "人工"}
        await create("cost_center.entry", data | {"source": source, "amount_net": amount})
    assert await figures.labour_shares(ctx) == {project.id: (30, 300)}
    assert [one.value for one in await _shares(ctx.system())] == [10]


async def test_off_and_on_again_loses_nothing_and_neighbours_may_be_off(app, client):
    platform = app.state.platform
    ctx = await new_tenant(platform, "aa", modules=("cost_center", "day_labor"))
    await whole_month(ctx)
    other = await new_tenant(platform, "bb", modules=("day_labor",))
    session = await people.sign_in(platform.db, "aa-admin", password=PASSWORD, address=None, hours=1)
    client.cookies.set(app.state.web.session_cookie, session)
    for off in ((), ("cost_center",)):
        for name in off:
            await switch(ctx, name, False)
        for path in ("/day_labor", f"/day_labor/sheet?month={MONTH}", "/day_labor/analysis", "/"):
            answer = await client.get(path)
            assert answer.status_code == 200, path
            assert "540.00" in answer.text or path == "/", path
        assert ("没有打开：" in (await client.get("/day_labor")).text) is True
        assert "项目成本中心" in (await client.get("/day_labor")).text
    await switch(ctx, "day_labor", False)
    assert (await client.get("/day_labor")).status_code == 404
    await switch(ctx, "day_labor", True)
    ctx = await refreshed(platform, ctx)
    assert len((await ctx.records.list(TICKET, Query())).records) == 2
    assert not (await other.records.list(TICKET, Query())).records
    await client.get("/sign-out")
    session = await people.sign_in(platform.db, "bb-admin", password=PASSWORD, address=None, hours=1)
    client.cookies.set(app.state.web.session_cookie, session)
    empty = (await client.get("/day_labor")).text
    assert "还没有点工单" in empty
    assert "540.00" not in empty


async def test_bad_addresses_are_answered_plainly(app, client):
    ctx = await new_tenant(app.state.platform, "aa", modules=("day_labor",))
    rule = await ctx.records.create(RULE, {"name": "九小时", "hours_per_workday": 9, "overtime": "ratio"})
    await ctx.records.create(CREW, {"code": "B", "name": "一班", "rule": rule.id})
    assert not (await ctx.records.list(RATE)).records
    session = await people.sign_in(app.state.platform.db, "aa-admin", password=PASSWORD, address=None, hours=1)
    client.cookies.set(app.state.web.session_cookie, session)
    for path in (
        "/day_labor/sheet?month=2026-13",
        "/day_labor/sheet?month=x&crew=none",
        "/day_labor/analysis?from=9&to=z",
    ):
        assert (await client.get(path)).status_code == 200
    assert (await client.get("/day_labor/sheet.xlsx?crew=none")).status_code == 403


async def test_a_ticket_without_a_rate_is_saved_and_not_approved(platform):
    ctx = await new_tenant(platform, "aa", modules=("day_labor",))
    crew = await make_crew(ctx)
    made = await make_ticket(ctx, crew, [{"trade": "welder", "heads": 1, "hours": 9}], today().isoformat(),
                             start=f"{YESTERDAY}T00:00:00Z", end=f"{YESTERDAY}T09:00:00Z")  # fmt: skip
    assert made.data["workdays"] == 1
    signed = await walk(ctx, made, *SIGNED[:2])
    with pytest.raises(Invalid) as refused:
        await walk(ctx, signed, "approve")
    assert "单价" in refused.value.problems[0].message
