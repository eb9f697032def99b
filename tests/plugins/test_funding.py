"""Funding on records: certificates through their levels, payments traced to receipts, ledgers that only grow."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from core import Condition, Conflict, Forbidden, Invalid, NotFound, Query
from core.definitions import switch
from core.testing import as_system, new_member, new_tenant, platform_at, refreshed
from plugins.funding.loading import (
    ACCOUNT,
    ALLOCATION,
    APPLICATION,
    INVOICE,
    PAYMENT,
    PAYROLL,
    RECEIPT,
    SOURCE,
    TERM,
    WAGE_ACCOUNT,
    today,
)

D = Decimal
LEVELS = ("submit", "supervise", "check", "audit", "approve")


def day(back):
    return (today() - timedelta(days=back)).isoformat()


@pytest.fixture
async def platform(database_url, tmp_path):
    async with platform_at(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def ctx(platform):
    return await new_tenant(platform, "aa", modules=("funding",))


async def money(ctx, number, amount, *, back=60, source=None, account=None, **more):
    """A receipt of `amount`, `back` days ago; with its source and the account where they are not named."""
    if source is None:
        source = await ctx.records.create(
            SOURCE, {"code": f"S{number}", "name": f"来源{number}", "kind": "municipal", "approved": 1000000, **more}
        )
    account = account or (await ctx.records.create(ACCOUNT, {"code": "A1", "name": "专户", "kind": "special"}))
    receipt = await ctx.records.create(RECEIPT, {
        "number": number, "date": day(back), "amount": amount, "source": source.id, "account": account.id,
        "kind": "fiscal",
    })  # fmt: skip
    return source, account, receipt


async def make_term(ctx, **more):
    data = {"code": "HT1", "name": "管网合同", "amount": 1000000, "payee": "宏远市政", "retention": 3, "pay_ratio": 80}
    return await ctx.records.create(TERM, data | {"ceiling": 90, "due_days": 30} | more)


async def take(ctx, record, *steps, **data):
    for step in steps:
        record = await as_system(ctx).flow.take(
            record.form, record.id, step, revision=record.revision, data=data.get(step, {}),
            comment="依约" if step in ("reverse", "return", "retry", "cancel", "reopen") else "",
        )  # fmt: skip
    return record


async def certified(ctx, term, number="SQ1", period=1, measured=200000, **more):
    """An application walked through its five levels, each agreeing to the net."""
    data = {"number": number, "term": term.id, "period": period, "measured": measured, "evidence_note": "JL-1"}
    made = await ctx.records.create(APPLICATION, data | more)
    net = made.data["net"]
    asked = {"supervise": "checked_supervisor", "check": "checked_cost", "audit": "checked_finance"}
    given = {step: {field: net} for step, field in asked.items()} | {"approve": {"approved": net}}
    return await take(ctx, made, *LEVELS, **given)


async def invoice(ctx, application, gross, number="1" * 20):
    data = {"number": number, "direction": "in", "date": day(1), "seller": "宏远市政", "gross": gross}
    return await ctx.records.create(INVOICE, data | {"application": application.id})


async def pay(ctx, application, account, amount, number="FK1", back=0, payee="宏远市政"):
    data = {"number": number, "application": application.id, "amount": amount, "account": account.id, "payee": payee}
    return await ctx.records.create(PAYMENT, data | {"date": day(back)})


def said(caught):
    return {(problem.field, problem.code) for problem in caught.value.problems}


async def test_a_certificate_is_reckoned_approved_and_paid_and_each_yuan_is_followed_both_ways(ctx):
    """200,000 measured: 160,000 of progress less 6,000 of retention = 154,000, of which 100,000 come from the first
    receipt and 54,000 from the second."""
    first, account, one = await money(ctx, "D1", 100000, back=60)
    second, _account, two = await money(ctx, "D2", 90000, back=30, account=account)
    application = await certified(ctx, await make_term(ctx))
    assert (application.data["withheld"], application.data["net"]) == (6000, 154000)
    assert application.data["approved_on"] == day(0)
    await invoice(ctx, application, 154000)
    paid = await take(ctx, await pay(ctx, application, account, 154000), "post")
    lines = (await ctx.records.list(ALLOCATION, Query(where=(Condition("payment", "eq", paid.id),)))).records
    assert {(line.data["receipt"], line.data["amount"]) for line in lines} == {(one.id, 100000), (two.id, 54000)}
    sources = [(await ctx.records.get(SOURCE, source.id)).data for source in (first, second)]
    assert [(one["received"], one["paid"], one["balance"]) for one in sources] == [
        (100000, 100000, 0), (90000, 54000, 36000),
    ]  # fmt: skip
    assert (await ctx.records.get(APPLICATION, application.id)).data["paid"] == 154000
    assert (await ctx.records.get(ACCOUNT, account.id)).data["balance"] == 36000


async def test_earmarked_money_is_kept_for_its_contract(ctx):
    term, other = await make_term(ctx), await make_term(ctx, code="HT2")
    kept, account, _receipt = await money(ctx, "D1", 200000, earmarks=[{"term": other.id}])
    application = await certified(ctx, term)
    await invoice(ctx, application, 154000)
    with pytest.raises(Invalid) as refused:
        await pay(ctx, application, account, 1000)
    assert said(refused) == {("amount", "short")}
    assert (await ctx.records.get(SOURCE, kept.id)).data["paid"] == 0


async def test_a_payment_is_refused_at_the_field_and_nothing_is_left_half_done(ctx):
    _source, account, _receipt = await money(ctx, "D1", 100000)
    application = await certified(ctx, await make_term(ctx))
    with pytest.raises(Invalid) as refused:
        await pay(ctx, application, account, 154001, payee="别家公司")
    assert said(refused) == {("amount", "above_approved"), ("amount", "above_invoiced"), ("payee", "payee")}
    await invoice(ctx, application, 154000)
    with pytest.raises(Invalid) as refused:
        await pay(ctx, application, account, 100001)
    assert said(refused) == {("amount", "short")}
    assert "100,000.00" in str(refused.value)
    assert not (await ctx.records.list(ALLOCATION, Query())).records
    assert not (await ctx.records.list(PAYMENT, Query())).records


async def test_two_who_pay_at_once_from_the_same_money_one_is_refused(ctx):
    """100,000 lie in the account; two drafts of 60,000 are posted at the same moment."""
    source, account, _receipt = await money(ctx, "D1", 100000)
    application = await certified(ctx, await make_term(ctx))
    await invoice(ctx, application, 154000)
    drafts = [await pay(ctx, application, account, 60000, number=f"FK{place}") for place in (1, 2)]
    results = await asyncio.gather(*(take(ctx, one, "post") for one in drafts), return_exceptions=True)
    refused = [one for one in results if isinstance(one, Invalid)]
    assert len(refused) == 1
    assert {(one.field, one.code) for one in refused[0].problems} == {("amount", "short")}
    stored = (await ctx.records.get(SOURCE, source.id)).data
    assert (stored["paid"], stored["balance"]) == (60000, 40000)
    assert len((await ctx.records.list(ALLOCATION, Query())).records) == 1


async def test_a_payment_is_reversed_by_the_opposite_and_nothing_posted_is_edited(ctx):
    source, account, receipt = await money(ctx, "D1", 200000)
    application = await certified(ctx, await make_term(ctx))
    await invoice(ctx, application, 154000)
    paid = await take(ctx, await pay(ctx, application, account, 154000), "post")
    line = (await ctx.records.list(ALLOCATION, Query())).records[0]
    for form, record, change in (
        (RECEIPT, receipt, {"amount": 1}), (ALLOCATION, line, {"amount": 1}), (PAYMENT, paid, {"amount": 1}),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            await ctx.records.update(form, record.id, change, revision=record.revision)
    for form, record in ((RECEIPT, receipt), (ALLOCATION, line), (PAYMENT, paid)):
        current = await ctx.records.get(form, record.id)
        with pytest.raises((Invalid, Forbidden, Conflict)):
            await ctx.records.delete(form, record.id, revision=current.revision)
    back = {"number": "D1R", "date": day(0), "amount": -200000, "reverses": receipt.id, "kind": "fiscal"}
    with pytest.raises(Invalid) as refused:
        await ctx.records.create(RECEIPT, back | {"source": source.id, "account": account.id})
    assert said(refused) == {("reverses", "spent")}
    await take(ctx, paid, "reverse")
    amounts = [one.data["amount"] for one in (await ctx.records.list(ALLOCATION, Query())).records]
    assert sorted(amounts) == [-154000, 154000]
    assert (await ctx.records.get(APPLICATION, application.id)).data["paid"] == 0
    await ctx.records.create(RECEIPT, back | {"source": source.id, "account": account.id})
    assert (await ctx.records.get(SOURCE, source.id)).data["balance"] == 0


async def test_nobody_writes_the_flow_of_money_by_hand(ctx):
    source, account, receipt = await money(ctx, "D1", 200000)
    application = await certified(ctx, await make_term(ctx))
    paid = await ctx.records.create(PAYMENT, {
        "number": "X", "application": application.id, "amount": 1, "account": account.id, "payee": "宏远市政",
        "date": day(0),
    }) if await invoice(ctx, application, 154000) else None  # fmt: skip
    with pytest.raises(Invalid) as refused:
        await ctx.records.create(ALLOCATION, {
            "number": "1", "date": day(0), "amount": 1, "source": source.id, "receipt": receipt.id, "payee": "我",
            "account": account.id, "payment": paid.id, "application": application.id, "term": application.data["term"],
        })  # fmt: skip
    assert said(refused) == {("", "ledger")}


async def test_what_stops_an_approval_is_named_at_its_field(ctx):
    """Ceiling 20 %: 154,000 would be within 200,000, a second 154,000 not. No evidence, an open hazard, no wages."""
    term = await make_term(ctx, wage_share=20, ceiling=20)
    with pytest.raises(Invalid) as refused:
        await certified(ctx, term, evidence_note=None, hazard=True)
    assert said(refused) == {("evidence_note", "no_evidence"), ("hazard", "hazard"), ("wage_paid", "wages")}
    stuck = (await ctx.records.list(APPLICATION, Query())).records[0]
    with pytest.raises(Invalid) as refused:
        await certified(ctx, term, number="SQ2", period=2)
    assert said(refused) == {("term", "in_hand")}
    await take(ctx, stuck, "return")
    await certified(ctx, term, number="SQ3", wage_paid=32000)
    with pytest.raises(Invalid) as refused:
        await certified(ctx, term, number="SQ4", period=2, measured=400000, wage_paid=32000)
    assert said(refused) == {("approved", "above_allowed")}


async def test_an_invoice_is_entered_once_and_kept_once_paid_on(ctx):
    _source, account, _receipt = await money(ctx, "D1", 200000)
    application = await certified(ctx, await make_term(ctx))
    held = await invoice(ctx, application, 154000)
    with pytest.raises(Invalid) as refused:
        await invoice(ctx, application, 5)
    assert {problem.field for problem in refused.value.problems} == {"number"}
    await take(ctx, await pay(ctx, application, account, 154000), "post")
    with pytest.raises(Invalid) as refused:
        await ctx.records.update(INVOICE, held.id, {"gross": 10}, revision=held.revision)
    assert said(refused) == {("gross", "used")}


async def test_terms_keep_to_the_limits_that_the_tenant_has_set(ctx):
    with pytest.raises(Invalid) as refused:
        await make_term(ctx, retention=5, pay_ratio=70, advance=50000, materials=60)
    assert said(refused) == {("retention", "cap"), ("pay_ratio", "floor"), ("advance", "range")}
    with pytest.raises(Invalid) as refused:
        await make_term(ctx, quality_guarantee=True)
    assert said(refused) == {("retention", "both")}


async def test_wages_are_signed_published_long_enough_and_then_submitted(ctx):
    account = await ctx.records.create(ACCOUNT, {"code": "W", "name": "工资专户", "kind": "wage"})
    wage = {"account": account.id, "contractor": "青禾城建", "signed": day(90), "cycle": 1}
    wages = await ctx.records.create(WAGE_ACCOUNT, wage)
    line = {"worker": "张三", "gross": 6000, "deductions": 100, "card": "1234"}
    data = {"number": "GZ1", "wage_account": wages.id, "month": "2026-10", "crew": "一班", "lines": [line]}
    sheet = await ctx.records.create(PAYROLL, data)
    assert sheet.data["total"] == 5900
    with pytest.raises(Invalid) as refused:
        await take(ctx, sheet, "sign")
    assert said(refused) == {("lines", "unsigned")}
    sheet = await ctx.records.update(PAYROLL, sheet.id, {"lines": [line | {"signed": True}]}, revision=sheet.revision)
    sheet = await take(ctx, sheet, "sign", "publish", publish={"public_on": day(4)})
    with pytest.raises(Invalid) as refused:
        await take(ctx, sheet, "submit")
    assert said(refused) == {("public_on", "public")}


async def test_another_tenant_sees_none_of_it_and_a_viewer_changes_none(ctx, platform):
    source, account, receipt = await money(ctx, "D1", 200000)
    other = await new_tenant(platform, "bb", modules=("funding",))
    with pytest.raises(NotFound):
        await other.records.get(RECEIPT, receipt.id)
    with pytest.raises(Invalid):
        await money(other, "D9", 5, source=source, account=account)
    viewer = await new_member(platform, ctx, "eye", roles=("funding_viewer",))
    assert (await viewer.records.get(RECEIPT, receipt.id)).data["amount"] == 200000
    with pytest.raises(Forbidden):
        await money(viewer, "D8", 5, source=source, account=account)


async def test_switching_it_off_and_on_loses_nothing_and_the_cost_center_may_come_and_go(ctx, platform):
    source, _account, _receipt = await money(ctx, "D1", 200000)
    await switch(ctx, "cost_center", True)
    ctx = await refreshed(platform, ctx)
    await switch(ctx, "cost_center", False)
    await switch(await refreshed(platform, ctx), "funding", False)
    await switch(await refreshed(platform, ctx), "funding", True)
    ctx = await refreshed(platform, ctx)
    assert (await ctx.records.get(SOURCE, source.id)).data["balance"] == 200000
    assert (await certified(ctx, await make_term(ctx))).data["net"] == 154000
