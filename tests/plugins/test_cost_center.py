"""The cost center's sums equal the rows exactly, under rights, and its rules hold on both engines."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal

import pytest

from core import Condition, Forbidden, Invalid, Query, people
from core.testing import as_system, new_member, new_tenant, platform_at, refreshed, run_jobs
from plugins.cost_center import figures
from plugins.cost_center.rules import ACCOUNT, BUDGET, CONTRACT, ENTRY, PROJECT

D = Decimal
WAYS = {
    "draft": (), "executing": ("submit", "approve", "start"), "terminated": ("submit", "approve", "terminate"),
    "frozen": ("submit", "approve", "freeze"),
}  # fmt: skip


@pytest.fixture
async def platform(database_url, tmp_path):
    async with platform_at(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def ctx(platform):
    return await new_tenant(platform, "aa", modules=("cost_center",))


async def make_account(ctx, code, parent=None, **more):
    data = {"code": code, "name": f"科目 {code}", "kind": "direct", "active": True, **more}
    return (await ctx.records.create(ACCOUNT, data | ({"parent": parent} if parent else {}))).id


async def make_project(ctx, code):
    return (await ctx.records.create(PROJECT, {"code": code, "name": f"项目 {code}", "status": "in_progress"})).id


async def make_entry(ctx, code, project, account, amount, day="2026-03-15", tax="0"):
    data = {"code": code, "date": day, "project": project, "account": account, "source": "expense",
            "summary": "零星", "amount_net": D(amount), "tax": D(tax)}  # fmt: skip
    return await ctx.records.create(ENTRY, data)


async def make_contract(ctx, code, project, account, gross, status="executing", rate="9"):
    data = {"code": code, "name": f"合同 {code}", "project": project, "account": account, "kind": "material",
            "party": "甲公司", "sign_date": "2026-01-05", "amount_gross": D(gross), "tax_rate": D(rate)}  # fmt: skip
    return await stepped(ctx, CONTRACT, await ctx.records.create(CONTRACT, data), status)


async def stepped(ctx, form, record, status):
    """The record after the steps that lead to `status`."""
    for step in WAYS[status]:
        taken = ctx.forms.get(form).flow.step(step)
        data = {name: record.data[name] for name in taken.required}
        comment = "依约" if taken.comment == "required" else ""
        record = await as_system(ctx).flow.take(
            form, record.id, step, revision=record.revision, data=data, comment=comment
        )
    return record


async def make_budget(ctx, code, project, lines, status="frozen"):
    rows = [{"account": account, "amount": D(amount)} for account, amount in lines]
    data = {"code": code, "project": project, "kind": "target", "date": "2026-01-05", "lines": rows}
    return await stepped(ctx, BUDGET, await ctx.records.create(BUDGET, data), status)


async def test_net_and_tax_of_a_contract_always_add_up_to_its_gross(ctx):
    account, project = await make_account(ctx, "1"), await make_project(ctx, "P")
    for number, gross in enumerate(("100", "0.01", "123456.78", "99999999999.99")):
        for rate in ("0", "1", "3", "6", "9", "13"):
            made = (await make_contract(ctx, f"{number}-{rate}", project, account, gross, "draft", rate)).data
            net = (D(gross) / (1 + D(rate) / 100)).quantize(D("0.01"), ROUND_HALF_UP)
            assert (made["amount_net"], made["tax"]) == (net, D(gross) - net)
    made = (await make_contract(ctx, "109", project, account, "109")).data
    assert (made["amount_net"], made["tax"]) == (D("100.00"), D("9.00"))


async def test_a_cost_with_tax_is_the_sum_of_both(ctx):
    account, project = await make_account(ctx, "1"), await make_project(ctx, "P")
    made = await make_entry(ctx, "E1", project, account, "10.10", tax="0.91")
    assert made.data["amount_gross"] == D("11.01")
    bare = await ctx.records.update(ENTRY, made.id, {"tax": None}, revision=1)
    assert bare.data["amount_gross"] == D("10.10")


async def test_a_budget_line_is_rounded_half_up_once_and_the_total_only_adds(ctx):
    account, project = await make_account(ctx, "1"), await make_project(ctx, "P")
    lines = [{"account": account, "quantity": D(3), "price": D("0.335")}, {"account": account, "amount": D("2.10")}]
    data = {"code": "B", "project": project, "kind": "target", "status": "draft", "date": "2026-01-05", "lines": lines}
    made = (await ctx.records.create(BUDGET, data)).data
    assert [line["amount"] for line in made["lines"]] == [D("1.01"), D("2.10")]
    assert made["total"] == D("3.11")


async def test_the_sums_of_random_rows_equal_the_rows_exactly(platform, ctx):
    chance = random.Random(7)
    top = await make_account(ctx, "1")
    accounts = [await make_account(ctx, f"1.{n}", top) for n in range(3)]
    projects = [await make_project(ctx, f"P{n}") for n in range(2)]
    cents = lambda: D(chance.randrange(-10**4, 10**9)) / 100  # noqa: E731
    rows = [
        {"code": f"E{n}", "date": f"2026-0{chance.randrange(1, 9)}-11", "project": chance.choice(projects),
         "account": chance.choice(accounts), "source": "expense", "summary": "行", "amount_net": cents(),
         "tax": D("0.01")}
        for n in range(60)
    ]  # fmt: skip
    assert (await ctx.records.bulk(ENTRY, rows, mode="create", source="import")).new == 60
    await make_budget(ctx, "B", projects[0], [(accounts[0], "10.10"), (accounts[1], "20.25")])
    found = await figures.by(ctx, "account", project=projects[0])
    for account in accounts:
        expected = sum((r["amount_net"] for r in rows if (r["project"], r["account"]) == (projects[0], account)), D(0))
        assert found.get(account, figures.Figures()).incurred == expected
    by_project = await figures.by(ctx, "project")
    assert by_project[projects[0]].budget == D("30.35")
    whole = figures.total(by_project.values())
    assert whole.incurred == sum(r["amount_net"] for r in rows)
    assert sum(amount for _month, amount in await figures.by_month(ctx)) == whole.incurred
    root = (await figures.tree(ctx, found))[0]
    assert root.figures == figures.total(found.values())
    assert set(root.leaves) == {top, *accounts}


async def test_only_signed_contracts_are_committed(ctx):
    account, project = await make_account(ctx, "1"), await make_project(ctx, "P")
    await make_contract(ctx, "C1", project, account, "109")
    await make_contract(ctx, "C2", project, account, "1090", status="draft")
    await make_contract(ctx, "C3", project, account, "10900", status="terminated")
    assert (await figures.by(ctx, "project"))[project].committed == D("100")


async def test_a_tenant_never_sees_the_figures_of_another(platform, ctx):
    other = await new_tenant(platform, "bb", modules=("cost_center",))
    account, project = await make_account(ctx, "1"), await make_project(ctx, "P")
    await make_entry(ctx, "E1", project, account, "5")
    assert await figures.by(other, "project") == {}
    assert await figures.by(other, "project", project=project) == {}
    with pytest.raises(Invalid) as refused:
        await make_entry(other, "E1", project, account, "5")
    assert {problem.field for problem in refused.value.problems} == {"project", "account"}


async def test_costs_go_to_active_accounts_without_children(ctx):
    top = await make_account(ctx, "1")
    leaf = await make_account(ctx, "1.1", top)
    idle = await make_account(ctx, "2", active=False)
    project = await make_project(ctx, "P")
    for account, code in ((top, "not_leaf"), (idle, "inactive")):
        with pytest.raises(Invalid) as refused:
            await make_entry(ctx, "E", project, account, "1")
        assert [(p.field, p.code) for p in refused.value.problems] == [("account", code)]
    await make_entry(ctx, "E", project, leaf, "1")
    with pytest.raises(Invalid) as refused:
        await make_account(ctx, "1.1.1", leaf)
    assert refused.value.problems[0].code == "posted"


async def test_the_tree_of_accounts_has_no_loop(ctx):
    top = await make_account(ctx, "1")
    leaf = await make_account(ctx, "1.1", top)
    with pytest.raises(Invalid) as refused:
        await ctx.records.update(ACCOUNT, top, {"parent": leaf}, revision=1)
    assert refused.value.problems[0].code == "loop"


async def test_one_budget_of_a_project_is_frozen_and_stays_as_it_was(ctx):
    account, project = await make_account(ctx, "1"), await make_project(ctx, "P")
    first = await make_budget(ctx, "B1", project, [(account, "10")])
    with pytest.raises(Invalid) as refused:
        await make_budget(ctx, "B2", project, [(account, "11")])
    assert refused.value.problems[0].code == "frozen_exists"
    lines = [{"account": account, "amount": D(99)}]
    with pytest.raises(Invalid) as refused:
        await ctx.records.update(BUDGET, first.id, {"lines": lines}, revision=first.revision)
    assert refused.value.problems[0].code == "locked"
    await ctx.flow.take(BUDGET, first.id, "supersede", revision=first.revision, comment="调整")
    await make_budget(ctx, "B3", project, [(account, "11")])
    assert (await figures.by(ctx, "project"))[project].budget == D(11)


async def test_a_cost_refers_to_a_contract_of_its_own_project(ctx):
    account = await make_account(ctx, "1")
    here, there = await make_project(ctx, "P1"), await make_project(ctx, "P2")
    contract = await make_contract(ctx, "C", there, account, "1")
    data = {"code": "E", "date": "2026-01-01", "project": here, "account": account, "contract": contract.id,
            "source": "expense", "summary": "错", "amount_net": D(1)}  # fmt: skip
    with pytest.raises(Invalid) as refused:
        await ctx.records.create(ENTRY, data)
    assert refused.value.problems[0].code == "other_project"


@pytest.mark.parametrize(
    ("incurred", "level"),
    [("79.99", None), ("80", "yellow"), ("90", "orange"), ("100", "orange"), ("100.01", "red")],
)
async def test_alerts_start_at_the_thresholds_of_the_rules(platform, ctx, incurred, level):
    account, project = await make_account(ctx, "1"), await make_project(ctx, "P")
    await make_budget(ctx, "B", project, [(account, "100")])
    await make_entry(ctx, "E", project, account, incurred)
    await run_jobs(platform)
    found = {one.rule: one.severity for one in await ctx.alerts.open("cost_center")}
    both = ("cost_center.incurred", "cost_center.incurred_account")
    assert found == (dict.fromkeys(both, level) if level else {})


async def test_spending_without_a_budget_is_red_for_the_project_or_for_the_account_left_out(platform, ctx):
    planned, forgotten = await make_account(ctx, "1"), await make_account(ctx, "2")
    bare, project = await make_project(ctx, "P1"), await make_project(ctx, "P2")
    await make_budget(ctx, "B", project, [(planned, "100")])
    for number, (where, account) in enumerate(((bare, planned), (project, planned), (project, forgotten))):
        await make_entry(ctx, f"E{number}", where, account, "5")
    await run_jobs(platform)
    found = await ctx.alerts.open("cost_center")
    assert {(one.severity, one.subject, one.value) for one in found} == {
        ("red", "项目 P1", D(5)), ("red", "项目 P2 · 2 科目 2", D(5)),
    }  # fmt: skip
    assert {one.rule for one in found} == {"cost_center.unbudgeted"}


async def test_contracts_are_watched_against_the_budget_and_against_what_is_booked_on_them(platform, ctx):
    account, project = await make_account(ctx, "1"), await make_project(ctx, "P")
    await make_budget(ctx, "B", project, [(account, "1000")])
    contract = await make_contract(ctx, "C", project, account, "960", rate="0")
    data = {"code": "E", "date": "2026-01-01", "project": project, "account": account, "contract": contract.id,
            "source": "settlement", "summary": "结算", "amount_net": D("960")}  # fmt: skip
    entry = await ctx.records.create(ENTRY, data)
    await run_jobs(platform)
    assert {one.rule: one.severity for one in await ctx.alerts.open("cost_center")} == {
        "cost_center.committed": "orange", "cost_center.incurred": "orange", "cost_center.incurred_account": "orange",
    }  # fmt: skip
    await ctx.records.update(ENTRY, entry.id, {"amount_net": D("960.01")}, revision=1)
    await run_jobs(platform)
    found = {one.rule: one.severity for one in await ctx.alerts.open("cost_center", project=project)}
    assert found["cost_center.contract"] == "orange"


async def test_who_sees_a_part_of_the_costs_sees_no_alert_made_of_all_of_them(platform, ctx):
    account, project = await make_account(ctx, "1"), await make_project(ctx, "P")
    await make_entry(ctx, "E", project, account, "5")
    await run_jobs(platform)
    rules = [
        {"forms": [PROJECT, ACCOUNT, BUDGET, CONTRACT], "actions": ["read"], "rows": "all"},
        {"forms": [ENTRY], "actions": ["read"], "rows": "own"},
    ]
    role = await people.create_role(platform.db, ctx.access, name="看自己的账", rules=rules)
    reader = await new_member(platform, ctx, "reader", roles=())
    await people.set_roles(platform.db, ctx.access, id=reader.member.id, roles=[role])
    reader = await refreshed(platform, reader)
    assert await reader.alerts.open() == []
    assert len(await (await refreshed(platform, ctx)).alerts.open()) == 1


async def test_who_may_not_read_costs_sees_no_figures(platform, ctx):
    project = await make_project(ctx, "P")
    await make_entry(ctx, "E", project, await make_account(ctx, "1"), "5")
    outsider = await new_member(platform, ctx, "outsider", roles=())
    assert await figures.by(outsider, "project") == {}
    with pytest.raises(Forbidden):
        await outsider.records.list(ENTRY, Query(where=(Condition("project", "eq", project),)))


async def test_costs_on_an_account_one_may_not_see_still_count(platform, ctx):
    account, project = await make_account(ctx, "1"), await make_project(ctx, "P")
    await make_entry(ctx, "E", project, account, "5")
    rule = {"forms": [ENTRY, PROJECT], "actions": ["read"], "rows": "all"}
    role = await people.create_role(platform.db, ctx.access, name="看账", rules=[rule])
    reader = await new_member(platform, ctx, "reader", roles=())
    await people.set_roles(platform.db, ctx.access, id=reader.member.id, roles=[role])
    reader = await refreshed(platform, reader)
    (line,) = await figures.tree(reader, await figures.by(reader, "account"))
    assert (line.id, line.figures.incurred, line.leaves) == ("", D(5), (account,))
    assert reader.sees_whole(ENTRY)
    assert not reader.sees_whole(BUDGET)


async def test_switching_the_module_off_stops_its_rules_and_loses_nothing(platform, ctx):
    from core.definitions import switch

    project = await make_project(ctx, "P")
    await switch(ctx, "cost_center", False)
    off = await refreshed(platform, ctx)
    assert not off.hooks.has("record_compute")
    await switch(off, "cost_center", True)
    again = await refreshed(platform, off)
    assert (await again.records.get(PROJECT, project)).data["code"] == "P"


async def test_a_set_of_costs_is_judged_at_once_and_still_row_by_row_as_single_ones_are(ctx):
    top = await make_account(ctx, "1")
    leaf = await make_account(ctx, "1.1", top)
    project = await make_project(ctx, "P")
    assert not ctx.hooks.row_by_row(ENTRY)
    assert ctx.hooks.row_by_row(ACCOUNT)
    rows = [
        {"code": f"E{n}", "date": "2026-03-01", "project": project, "account": account, "source": "expense",
         "summary": "行", "amount_net": D(1)}
        for n, account in enumerate((leaf, top, leaf, top, leaf))
    ]  # fmt: skip
    result = await ctx.records.bulk(ENTRY, rows, mode="create", source="import")
    assert [one.status for one in result.rows] == ["new", "wrong", "new", "wrong", "new"]
    assert {p.code for one in result.rows for p in one.problems} == {"not_leaf"}
    assert (await ctx.records.count(ENTRY)).number == 3
