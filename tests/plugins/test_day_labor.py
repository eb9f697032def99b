"""Day labour on records: tickets are reckoned, checked and signed; sheets are gathered, posted once, taken back."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from core import Condition, Conflict, Forbidden, Invalid, Query
from core.definitions import switch
from core.testing import as_system, new_member, new_tenant, platform_at, refreshed
from plugins.day_labor.loading import ATTENDANCE, CLAIM, CREW, PAY, RATE, RULE, SUMMARY, TICKET, WORKER, today
from plugins.day_labor.rules import luhn

D = Decimal
CARDS = ("110105199001010013", "110105199001010021", "11010519900101003X")
ENTRY, PROJECT, ACCOUNT = "cost_center.entry", "cost_center.project", "cost_center.account"
YESTERDAY = (today() - timedelta(days=1)).isoformat()


def card(place: int) -> str:
    """A number with its check digit, as GB 11643 has it."""
    body = f"11010519900101{place:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


@pytest.fixture
async def platform(database_url, tmp_path):
    async with platform_at(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def ctx(platform):
    return await new_tenant(platform, "aa", modules=("cost_center", "day_labor"))


async def make_crew(ctx, code="B1", **more):
    """A crew of nine hours a workday, six of overtime for another, masons at 180, general labourers at 130."""
    rules = (await ctx.records.list(RULE, Query(limit=1))).records
    if not rules:
        rules = [await ctx.records.create(RULE, {"name": "九小时", "hours_per_workday": 9, "overtime": "ratio"})]
        for place, (trade, rate) in enumerate((("mason", 180), ("general", 130))):
            await ctx.records.create(
                RATE, {"code": f"R{place}", "trade": trade, "unit": "workday", "rate": rate, "valid_from": "2020-01-01"}
            )
    return await ctx.records.create(CREW, {"code": code, "name": f"班组{code}", "rule": rules[0].id, **more})


async def make_worker(ctx, place, crew=None, **more):
    data = {
        "idcard": card(place),
        "name": f"工人{place}",
        "trade": "mason",
        "entered": "2020-01-01",
        "trained": "2020-01-01",
    }
    return await ctx.records.create(WORKER, data | ({"crew": crew} if crew else {}) | more)


async def make_ticket(ctx, crew, lines, day=YESTERDAY, **more):
    data = {
        "day": day,
        "crew": crew.id,
        "start": f"{day}T00:00:00Z",
        "end": f"{day}T09:00:00Z",
        "reason": "outside",
        "content": f"地库积水清理 {len(more)}",
        "charged": "own",
        "lines": lines,
    }
    return await ctx.records.create(TICKET, data | more)


async def attend(ctx, worker, day=YESTERDAY, first="T00:00:00Z", last="T10:00:00Z"):
    return await ctx.records.create(
        ATTENDANCE, {"worker": worker.id, "day": day, "in1": f"{day}{first}", "out1": f"{day}{last}"}
    )


async def walk(ctx, record, *steps, **data):
    for step in steps:
        record = await as_system(ctx).flow.take(
            record.form, record.id, step, revision=record.revision, data=data.get(step, {}),
            comment="依约" if step in ("reject", "void", "reopen", "cancel", "return") else "",
        )  # fmt: skip
    return record


SIGNED = ("foreman_sign", "production_sign", "approve")


async def whole_month(ctx):
    """A crew on a project with an account, two men, two approved tickets: 2 + 1 workdays of masons."""
    project = await ctx.records.create(PROJECT, {"code": "P1", "name": "改造", "status": "in_progress"})
    account = await ctx.records.create(ACCOUNT, {"code": "1", "name": "点工", "kind": "direct", "active": True})
    crew = await make_crew(ctx, project=project.id)
    men = [await make_worker(ctx, place, crew.id) for place in (1, 2)]
    for man in men:
        await attend(ctx, man)
    first = await make_ticket(ctx, crew, [{"worker": man.id, "hours": 9} for man in men])
    earlier = (today() - timedelta(days=2)).isoformat()
    await attend(ctx, men[0], earlier)
    second = await make_ticket(
        ctx, crew, [{"worker": men[0].id, "hours": 9}], earlier, charged="sub", charged_name="宏远劳务", place="2 号楼"
    )
    for ticket in (first, second):
        signed = {"foreman_on": ticket.data["day"]}
        await walk(ctx, ticket, *SIGNED, foreman_sign=signed)
    return crew, account, men


async def test_a_line_is_worth_its_workdays_at_the_rate_of_its_trade(ctx):
    """Nine hours are one workday and six of overtime another: a mason at 180 earns 360; three labourers at 130, 4.5
    hours of nine at half efficiency: 3 x 0.5 x 130 x 0.5 = 97.50."""
    crew = await make_crew(ctx)
    man = await make_worker(ctx, 1, crew.id)
    lines = [
        {"worker": man.id, "hours": 9, "overtime": 6},
        {"trade": "general", "heads": 3, "hours": D("4.5"), "efficiency": D("0.5")},
    ]
    made = (await make_ticket(ctx, crew, lines)).data
    assert [(row["trade"], row["workdays"], row["amount"]) for row in made["lines"]] == [
        ("mason", 2, 360), ("general", D("1.5"), D("97.50")),
    ]  # fmt: skip
    assert (made["workdays"], made["amount"], made["heads"]) == (D("3.5"), D("457.50"), 4)


async def test_a_lump_sum_is_shared_over_the_men_to_the_cent(ctx):
    crew = await make_crew(ctx)
    rows = [{"trade": "mason", "heads": 1, "hours": 9} for _one in range(3)]
    made = (await make_ticket(ctx, crew, rows, lump_sum=100)).data
    assert [row["amount"] for row in made["lines"]] == [D("33.34"), D("33.33"), D("33.33")]
    assert made["amount"] == 100


async def test_tickets_are_numbered_one_after_another_in_their_month(ctx):
    crew = await make_crew(ctx)
    rows = [{"trade": "mason", "heads": 1, "hours": 1}]
    numbers = [(await make_ticket(ctx, crew, rows, place=f"{n} 号楼")).data["number"] for n in range(3)]
    month = YESTERDAY[:7].replace("-", "")
    assert numbers == [f"DG-B1-{month}-000{n}" for n in (1, 2, 3)]


async def test_what_can_never_be_is_refused_with_its_place(ctx):
    crew = await make_crew(ctx)
    man = await make_worker(ctx, 1, crew.id)
    for lines, field in (
        ([{"hours": 8}], "lines.0.worker"),
        ([{"worker": man.id, "heads": 2, "hours": 8}], "lines.0.heads"),
        ([{"worker": man.id, "hours": 8}, {"worker": man.id, "hours": 1}], "lines.1.worker"),
        ([{"worker": man.id, "hours": 20, "overtime": 5}], "lines.0.hours"),
        ([{"worker": man.id, "hours": 0}], "lines.0.hours"),
    ):
        with pytest.raises(Invalid) as refused:
            await make_ticket(ctx, crew, lines)
        assert field in [problem.field for problem in refused.value.problems]
    with pytest.raises(Invalid) as refused:
        await make_ticket(ctx, crew, [{"worker": man.id, "hours": 8}], end=f"{YESTERDAY}T00:00:00Z")
    assert refused.value.problems[0].field == "end"
    tomorrow = (today() + timedelta(days=1)).isoformat()
    with pytest.raises(Invalid):
        await make_ticket(ctx, crew, [{"worker": man.id, "hours": 8}], tomorrow)


async def test_a_card_tells_sex_and_birth_and_a_wrong_digit_is_refused(ctx):
    made = await make_worker(ctx, 1)
    assert (made.data["sex"], made.data["born"]) == ("male", "1990-01-01")
    with pytest.raises(Invalid):
        await ctx.records.create(WORKER, {"idcard": card(2)[:-1] + "5", "name": "乙", "trade": "mason"})
    with pytest.raises(Invalid) as refused:
        await make_worker(ctx, 3, bank_card="6222021234567890123")
    assert refused.value.problems[0].field == "bank_card"
    assert luhn("6222021234567890128")


async def test_missing_punches_are_marked_and_never_guessed(ctx):
    man = await make_worker(ctx, 1)
    made = await ctx.records.create(ATTENDANCE, {
        "worker": man.id, "day": YESTERDAY, "in1": f"{YESTERDAY}T00:00:00Z", "out1": f"{YESTERDAY}T04:00:00Z",
        "in2": f"{YESTERDAY}T05:00:00Z",
    })  # fmt: skip
    assert (made.data["hours"], made.data["standing"]) == (4, "missing")
    mended = await ctx.records.update(
        ATTENDANCE, made.id, {"out2": f"{YESTERDAY}T09:30:00Z", "source": "manual", "correction": "忘打"}, revision=1
    )
    assert (mended.data["hours"], mended.data["standing"]) == (D("8.5"), "complete")
    with pytest.raises(Invalid):
        await ctx.records.update(ATTENDANCE, made.id, {"in2": f"{YESTERDAY}T01:00:00Z"}, revision=mended.revision)


async def test_a_blacklisted_or_untrained_man_and_a_double_ticket_stop_approval(ctx):
    crew = await make_crew(ctx)
    bad = await make_worker(ctx, 1, crew.id, blacklisted=True, blacklist_reason="打架")
    green = await make_worker(ctx, 2, crew.id, trained=None)
    good = await make_worker(ctx, 3, crew.id)
    for man in (bad, green, good):
        await attend(ctx, man)
    other = await make_ticket(ctx, crew, [{"worker": good.id, "hours": 4}], place="1 号楼")
    ticket = await make_ticket(
        ctx, crew, [{"worker": man.id, "hours": 4} for man in (bad, green, good)], place="2 号楼"
    )
    ticket = await walk(ctx, ticket, "foreman_sign", "production_sign")
    with pytest.raises(Invalid) as refused:
        await walk(ctx, ticket, "approve")
    told = " ".join(problem.message for problem in refused.value.problems)
    assert "工人1在黑名单上" in told
    assert "工人2没有通过进场教育" in told
    assert f"工人3同一时间还在点工单 {other.data['number']}" in told


async def test_what_only_needs_a_reason_is_approved_with_one(ctx):
    """Nobody punched in: the ticket claims nine hours against none."""
    crew = await make_crew(ctx)
    man = await make_worker(ctx, 1, crew.id)
    ticket = await make_ticket(ctx, crew, [{"worker": man.id, "hours": 9}])
    ticket = await walk(ctx, ticket, "foreman_sign", "production_sign")
    with pytest.raises(Invalid) as refused:
        await walk(ctx, ticket, "approve")
    assert refused.value.problems[0].field == "exception"
    ticket = await ctx.records.update(TICKET, ticket.id, {"exception": "闸机停电，有照片"}, revision=ticket.revision)
    assert (await walk(ctx, ticket, "approve")).data["approved_on"] == today().isoformat()


async def test_what_is_signed_is_kept_and_one_hand_does_not_sign_twice(platform, ctx):
    crew = await make_crew(ctx)
    ticket = await make_ticket(ctx, crew, [{"trade": "mason", "heads": 2, "hours": 9}])
    signed = await ctx.flow.take(TICKET, ticket.id, "foreman_sign", revision=1)
    assert signed.data["foreman_on"] == today().isoformat()
    with pytest.raises(Forbidden):
        await ctx.flow.take(TICKET, ticket.id, "production_sign", revision=signed.revision)
    with pytest.raises(Invalid):
        await ctx.records.update(TICKET, ticket.id, {"lump_sum": 9000}, revision=signed.revision)
    other = await new_member(platform, ctx, "aa-prod", roles=("labor_production",))
    passed = await other.flow.take(TICKET, ticket.id, "production_sign", revision=signed.revision)
    back = await walk(ctx, passed, "reject")
    assert back.data["status"] == "worked"
    assert "foreman_on" not in back.data


async def test_a_sheet_gathers_what_is_approved_and_is_posted_exactly_once(ctx):
    """3 workdays of masons at 180 are 540; 2 % for the crew, 3 % tax on both: 10.80 and 16.52."""
    crew, account, men = await whole_month(ctx)
    month = YESTERDAY[:7]
    sheet = await ctx.records.create(
        SUMMARY, {"crew": crew.id, "month": month, "account": account.id, "fee_rate": 2, "tax_rate": 3}
    )
    sheet = await ctx.records.get(SUMMARY, sheet.id)
    assert [sheet.data[name] for name in ("tickets", "workdays", "amount", "fee", "tax", "total")] == [
        2, 3, 540, D("10.80"), D("16.52"), D("567.32"),
    ]  # fmt: skip
    posted = await walk(ctx, sheet, "confirm", "approve", "post")
    (entry,) = (await ctx.records.list(ENTRY)).records
    assert (entry.data["amount_net"], entry.data["tax"], entry.data["source"]) == (D("550.80"), D("16.52"), "day_labor")
    pays = {one.data["worker"]: one.data["amount"] for one in (await ctx.records.list(PAY)).records}
    assert pays == {men[0].id: 360, men[1].id: 180}
    assert sum(pays.values()) + sheet.data["fee"] == entry.data["amount_net"]
    (claim,) = (await ctx.records.list(CLAIM)).records
    assert (claim.data["party"], claim.data["amount"]) == ("宏远劳务", 180)
    with pytest.raises(Conflict):
        await walk(ctx, posted, "post")
    await walk(ctx, posted, "post_cost")
    assert len((await ctx.records.list(ENTRY)).records) == 1


async def test_what_is_reopened_is_reversed_and_posted_anew(ctx):
    crew, account, _men = await whole_month(ctx)
    sheet = await ctx.records.create(SUMMARY, {"crew": crew.id, "month": YESTERDAY[:7], "account": account.id})
    sheet = await ctx.records.get(SUMMARY, sheet.id)
    back = await walk(ctx, sheet, "confirm", "approve", "post", "reopen")
    amounts = sorted(one.data["amount_net"] for one in (await ctx.records.list(ENTRY)).records)
    assert amounts == [-540, 540]
    assert not (await ctx.records.list(PAY)).records
    again = await walk(ctx, await ctx.records.get(SUMMARY, back.id), "confirm", "approve", "post")
    assert again.data["posting"] == 2
    assert sum(one.data["amount_net"] for one in (await ctx.records.list(ENTRY)).records) == 540
    assert sum(one.data["amount"] for one in (await ctx.records.list(PAY)).records) == 540
    paid = await walk(ctx, again, "pay")
    assert paid.data["status"] == "paid"
    assert all("paid_on" in one.data for one in (await ctx.records.list(PAY)).records)


async def test_a_void_sheet_gives_its_tickets_back(ctx):
    crew, _account, _men = await whole_month(ctx)
    sheet = await ctx.records.create(SUMMARY, {"crew": crew.id, "month": YESTERDAY[:7]})
    await walk(ctx, await ctx.records.get(SUMMARY, sheet.id), "cancel")
    free = (await ctx.records.list(TICKET, Query(where=(Condition("status", "eq", "approved"),)))).records
    assert len(free) == 2


async def test_without_the_cost_center_pay_is_posted_and_the_cost_later(platform, ctx):
    crew, account, _men = await whole_month(ctx)
    sheet = await ctx.records.create(SUMMARY, {"crew": crew.id, "month": YESTERDAY[:7], "account": account.id})
    sheet = await walk(ctx, await ctx.records.get(SUMMARY, sheet.id), "confirm", "approve")
    await switch(ctx, "cost_center", False)
    ctx = await refreshed(platform, ctx)
    posted = await walk(ctx, sheet, "post")
    assert len((await ctx.records.list(PAY)).records) == 2
    made = await make_ticket(ctx, crew, [{"trade": "mason", "heads": 1, "hours": 9}], place="食堂")
    assert made.data["amount"] == 180
    await switch(ctx, "cost_center", True)
    ctx = await refreshed(platform, ctx)
    assert not (await ctx.records.list(ENTRY)).records
    await walk(ctx, posted, "post_cost")
    assert [one.data["amount_net"] for one in (await ctx.records.list(ENTRY)).records] == [540]


async def test_two_rates_never_hold_for_the_same_work_at_once(ctx):
    await make_crew(ctx)
    with pytest.raises(Invalid) as refused:
        await ctx.records.create(
            RATE, {"code": "R9", "trade": "mason", "unit": "workday", "rate": 200, "valid_from": "2026-01-01"}
        )
    assert "R0" in refused.value.problems[0].message


async def test_a_foreman_sees_no_cards_and_no_pay(platform, ctx):
    project = await ctx.records.create(PROJECT, {"code": "P1", "name": "改造", "status": "in_progress"})
    crew = await make_crew(ctx, project=project.id)
    await make_worker(ctx, 1, crew.id)
    foreman = await new_member(platform, ctx, "aa-foreman", roles=("labor_foreman",))
    (seen,) = (await foreman.records.list(WORKER)).records
    assert "idcard" not in seen.data
    assert not foreman.can(PAY, "read")
    made = await make_ticket(foreman, crew, [{"worker": seen.id, "hours": 9}])
    assert made.data["amount"] == 180


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_happened_posted_cost_is_pay_and_pay_is_the_approved_lines(ctx, seed):
    """Random men, hours, lump sums, voids; posted, reopened, posted anew: Σ cost = Σ pay + fee, Σ pay = Σ lines."""
    chance = random.Random(seed)
    project = await ctx.records.create(PROJECT, {"code": "P1", "name": "改造", "status": "in_progress"})
    account = await ctx.records.create(ACCOUNT, {"code": "1", "name": "点工", "kind": "direct", "active": True})
    crew = await make_crew(ctx, project=project.id)
    approved = D(0)
    for place in range(5):
        rows = [
            {"trade": chance.choice(("mason", "general")), "heads": chance.randrange(1, 6),
             "hours": D(chance.randrange(1, 40)) / 4, "efficiency": D(chance.choice(("1", "0.5")))}
            for _one in range(chance.randrange(1, 4))
        ]  # fmt: skip
        more = {"lump_sum": D(chance.randrange(1, 99999)) / 100} if chance.random() < 0.4 else {}
        ticket = await make_ticket(
            ctx, crew, rows, place=f"{place} 号楼", content=f"第 {place} 件" * (place + 1), **more
        )
        ticket = await walk(ctx, ticket, *SIGNED[: chance.choice((1, 3, 3))])
        if ticket.data["status"] == "approved" and chance.random() < 0.2:
            ticket = await walk(ctx, ticket, "void")
        if ticket.data["status"] == "approved":
            approved += sum((row["amount"] for row in ticket.data["lines"]), D(0))
    month, rate = {"crew": crew.id, "month": YESTERDAY[:7], "account": account.id}, chance.randrange(0, 9)
    sheet = await ctx.records.create(SUMMARY, {**month, "fee_rate": rate, "tax_rate": 3})
    sheet = await ctx.records.get(SUMMARY, sheet.id)
    if not sheet.data["tickets"]:
        assert approved == 0
        return
    for _time in range(chance.randrange(1, 3)):
        sheet = await walk(ctx, sheet, "confirm", "approve", "post", "reopen")
        assert sum(one.data["amount_net"] for one in (await ctx.records.list(ENTRY)).records) == 0
    sheet = await walk(ctx, sheet, "confirm", "approve", "post")
    paid = sum((one.data["amount"] for one in (await ctx.records.list(PAY)).records), D(0))
    assert paid == approved == sheet.data["amount"]
    cost = sum((one.data["amount_net"] for one in (await ctx.records.list(ENTRY)).records), D(0))
    assert cost == paid + sheet.data["fee"]
