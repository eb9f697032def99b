"""The pages of funding: figures are the ledger's, alerts measure what is late, others see nothing of it."""

from __future__ import annotations

from datetime import timedelta

from core import people
from core.definitions import switch
from core.testing import PASSWORD, new_tenant
from plugins.funding import figures
from plugins.funding.alerts import _gaps, _guarantees, _idle, _overdue
from plugins.funding.loading import GUARANTEE, PLAN, today
from tests.plugins.test_funding import certified, day, invoice, make_term, money, pay, take


async def paid_contract(ctx):
    """200,000 received 60 days ago, 150,000 of 154,000 paid today."""
    source, account, _receipt = await money(ctx, "D1", 200000, planned=400000)
    term = await make_term(ctx)
    application = await certified(ctx, term)
    await invoice(ctx, application, 154000)
    payment = await take(ctx, await pay(ctx, application, account, 150000), "post")
    return source, term, application, payment


async def test_figures_are_those_of_the_ledger(ctx):
    """200,000 of 400,000 planned came in; 150,000 are paid on 200,000 completed; 50,000 lie idle for 60 days."""
    source, term, application, _payment = await paid_contract(ctx)
    total = figures.total(await figures.sources(ctx))
    assert (total["received"], total["paid"], total["balance"]) == (200000, 150000, 50000)
    assert figures.share(total["received"], total["planned"]) == 50
    assert await figures.idle(ctx, today()) == {source.id: 60}
    assert [(one.id, rest) for one, rest in await figures.payable(ctx)] == [(application.id, 4000)]
    (standing,) = await figures.standings(ctx)
    assert (standing.term.id, standing.to_date, standing.paid, standing.held) == (term.id, 200000, 150000, 6000)
    assert standing.ahead == -5
    months = await figures.cash_flow(ctx, today())
    now = next(one for one in months if one.name == today().isoformat()[:7])
    assert now.closing == 50000


async def test_alerts_measure_gaps_idle_money_and_what_expires(ctx):
    """50,000 are left, 80,000 are to go next month: 30,000 are missing. The newest version of the plan counts."""
    source, _term, _application, _payment = await paid_contract(ctx)
    month = figures.month_after(today().isoformat()[:7], 1)
    for version, out in ((1, 500000), (2, 80000)):
        plan = {"month": month, "source": source.id, "version": version, "plan_in": 0, "plan_out": out}
        await ctx.records.create(PLAN, plan)
    whole = ctx.system()
    assert [(one.record, one.value) for one in await _gaps(whole)] == [(source.id, 30000)]
    assert [one.value for one in await _idle(whole)] == [60]
    expiry = (today() + timedelta(days=12)).isoformat()
    kind = {"kind": "bid", "form": "letter", "amount": 9}
    held = await ctx.records.create(GUARANTEE, {"number": "B1", "expiry": expiry} | kind)
    await ctx.records.create(GUARANTEE, {"number": "B2", "expiry": expiry, "released": day(1)} | kind)
    assert [(one.record, one.value) for one in await _guarantees(whole)] == [(held.id, 12)]
    assert [one.value for one in await _overdue(whole)] == [-30]


async def test_pages_answer_with_neighbours_off_and_show_nothing_of_others(app, client):
    platform = app.state.platform
    ctx = await new_tenant(platform, "aa", modules=("cost_center", "funding"))
    source, _term, _application, payment = await paid_contract(ctx)
    await new_tenant(platform, "bb", modules=("funding",))

    async def enter(login):
        session = await people.sign_in(platform.db, login, password=PASSWORD, address=None, hours=1)
        client.cookies.set(app.state.web.session_cookie, session)

    await enter("aa-admin")
    places = ("/funding", "/funding/contracts", f"/forms/funding.source/{source.id}",
              f"/forms/funding.payment/{payment.id}", "/")  # fmt: skip
    for off in (False, True):
        if off:
            await switch(ctx, "cost_center", False)
        for path in places:
            answer = await client.get(path)
            assert answer.status_code == 200, path
            assert "150,000.00" in answer.text or path == "/", path
        assert ("项目成本中心没有打开" in (await client.get("/funding")).text) is off
    await switch(ctx, "funding", False)
    assert (await client.get("/funding")).status_code == 404
    await switch(ctx, "funding", True)
    assert "150,000.00" in (await client.get("/funding")).text
    await enter("bb-admin")
    assert "还没有资金来源" in (await client.get("/funding")).text
    assert "还没有付款约定" in (await client.get("/funding/contracts")).text
