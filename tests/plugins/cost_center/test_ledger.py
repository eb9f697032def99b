"""Costs are posted once and reversed, never edited after the close; changes count once approved; sums stay exact."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from core import Condition, Invalid, Query
from core.testing import new_tenant, refreshed
from plugins.cost_center import dynamic, figures
from plugins.cost_center.rules import CHANGE, CONTRACT, ENTRY, PROJECT

D = Decimal


def codes(refused):
    return [problem.code for problem in refused.value.problems]


async def incurred(house, project):
    return (await figures.by(house.ctx, "project")).get(project, figures.Figures()).incurred


async def test_after_the_close_a_cost_is_reversed_and_neither_edited_nor_deleted_nor_added(house):
    account, project = await house.account(), await house.project()
    made = await house.entry(project, account, "100")
    await house.ctx.records.update(ENTRY, made.id, {"amount_net": D(101)}, revision=1)
    held = await house.ctx.records.get(PROJECT, project)
    held = await house.ctx.records.update(PROJECT, project, {"closed_through": "2026-03-31"}, revision=held.revision)
    for attempt in (
        house.ctx.records.update(ENTRY, made.id, {"amount_net": D(99)}, revision=2),
        house.ctx.records.update(ENTRY, made.id, {"date": "2026-04-02"}, revision=2),
        house.ctx.records.delete(ENTRY, made.id, revision=2),
        house.entry(project, account, "5", code="E2", day="2026-03-31"),
        house.ctx.records.update(PROJECT, project, {"closed_through": "2026-02-28"}, revision=held.revision),
    ):
        with pytest.raises(Invalid) as refused:
            await attempt
        assert codes(refused) == ["closed"]
    opposite = {"reverses": made.id, "day": "2026-04-01"}
    with pytest.raises(Invalid) as refused:
        await house.entry(project, account, "-100", code="E-R", **opposite)
    assert codes(refused) == ["no_reversal"]
    await house.entry(project, account, "-101", code="E-R", **opposite)
    with pytest.raises(Invalid) as refused:
        await house.entry(project, account, "-101", code="E-R2", **opposite)
    assert codes(refused) == ["reversed"]
    assert await incurred(house, project) == 0


async def test_a_document_is_posted_once_and_again_only_after_it_was_reversed(house):
    account, project = await house.account(), await house.project()
    bill = {"source": "settlement", "source_ref": "JS-7"}
    rows = [house.row(project, account, "70", f"E{n}") | bill for n in range(3)]
    result = await house.ctx.records.bulk(ENTRY, rows, mode="create", source="import")
    assert [one.status for one in result.rows] == ["new", "wrong", "wrong"]
    again = await house.ctx.records.bulk(ENTRY, rows[1:], mode="create", source="import")
    assert (again.new, [p.code for row in again.rows for p in row.problems]) == (0, ["posted"] * 2)
    assert await incurred(house, project) == 70
    back = {"source": "settlement", "source_ref": "JS-7", "reverses": result.rows[0].id}
    await house.entry(project, account, "-70", "E0-R", **back)
    assert await incurred(house, project) == 0
    await house.entry(project, account, "75", "E9", **bill)
    assert await incurred(house, project) == 75
    other = await house.project("Q")
    await house.entry(other, account, "1", "E10", **bill)


async def test_the_cost_is_the_same_by_account_by_month_and_in_whole_whatever_is_reversed(house):
    chance = random.Random(5)
    accounts, project = [await house.account(str(n)) for n in range(3)], await house.project()
    rows = [
        house.row(project, chance.choice(accounts), D(chance.randrange(1, 10**7)) / 100, f"E{n}",
                  f"2026-0{chance.randrange(1, 9)}-15") for n in range(40)
    ]  # fmt: skip
    result = await house.ctx.records.bulk(ENTRY, rows, mode="create", source="import")
    back = [
        row | {"code": f"{row['code']}-R", "amount_net": -row["amount_net"], "reverses": made.id}
        for row, made in zip(rows, result.rows, strict=True) if chance.random() < 0.4
    ]  # fmt: skip
    assert (await house.ctx.records.bulk(ENTRY, back, mode="create", source="import")).wrong == 0
    whole = sum(row["amount_net"] for row in [*rows, *back])
    assert await incurred(house, project) == whole
    assert figures.total((await figures.by(house.ctx, "account", project=project)).values()).incurred == whole
    assert sum(amount for _month, amount in await figures.by_month(house.ctx, project=project)) == whole


async def test_a_change_counts_in_the_contract_once_it_is_approved_and_before_at_its_likelihood(house):
    account, project = await house.account(), await house.project()
    await house.budget(project, [{"account": account, "amount": D(1000)}])
    contract = await house.contract(project, account, "900")
    made = await house.make(
        "change", code="BG1", name="管沟加深", contract=contract.id, kind="visa", event_at="2026-03-01T02:00:00Z",
        reported_gross=D(200), probability=D(60),
    )  # fmt: skip
    assert (made.data["project"], made.data["account"]) == (project, account)
    assert made.data["deadline"] == "2026-03-15T02:00:00Z"
    made = await house.stepped(made, "submit", submitted_at="2026-03-15T02:00:01Z", reported_gross=D(200))
    assert made.data["in_time"] is False
    pending = (await dynamic.dynamic(house.ctx, project))[account]
    # signed 900, expected 200 · 60 %, of the target of 1,000 the contract left 100 open
    assert (pending.current, pending.expected, pending.open, pending.dynamic) == (900, 120, 100, 1120)
    assert (await house.ctx.records.get(CONTRACT, contract.id)).data["current_gross"] == 900
    made = await house.stepped(made, "review", "forward", "approve", approved_gross=D(150))
    held = await house.ctx.records.get(CONTRACT, contract.id)
    assert (held.data["current_gross"], held.data["changes_net"], held.data["expected_net"]) == (1050, 150, 0)
    after = (await dynamic.dynamic(house.ctx, project))[account]
    assert (after.current, after.expected, after.dynamic, after.variance) == (1050, 0, 1150, -150)
    await house.stepped(held, "terminate")
    assert (await figures.by(house.ctx, "project"))[project].committed == 0
    assert (await house.ctx.records.get(CHANGE, made.id)).data["counted_net"] == 0


async def test_daywork_has_hours_not_days(house):
    account, project = await house.account(), await house.project()
    contract = await house.contract(project, account, "900")
    made = await house.make(
        "change", code="JR1", name="清淤", contract=contract.id, kind="daywork", event_at="2026-03-01T10:00:00Z",
        submitted_at="2026-03-02T10:00:00Z",
    )  # fmt: skip
    assert (made.data["deadline"], made.data["in_time"]) == ("2026-03-02T10:00:00Z", True)


async def test_a_contract_over_several_accounts_is_shared_out_to_the_cent(house):
    accounts, project = [await house.account(str(n)) for n in range(3)], await house.project()
    shares = [{"account": account, "share": D(share)} for account, share in zip(accounts, (30, 30, 40), strict=True)]
    with pytest.raises(Invalid):
        await house.contract(project, accounts[0], "100.01", "C0", split=shares[:2])
    await house.contract(project, accounts[0], "100.01", split=shares)
    found = await figures.by(house.ctx, "account", project=project)
    assert [found[account].committed for account in accounts] == [D("30.00"), D("30.00"), D("40.01")]


async def test_costs_without_a_contract_use_up_what_is_open_and_then_count_in_full(house):
    account, project = await house.account(), await house.project()
    await house.budget(project, [{"account": account, "amount": D(1000)}])
    await house.contract(project, account, "700")
    await house.entry(project, account, "250")
    assert (await dynamic.dynamic(house.ctx, project))[account].dynamic == 1000
    await house.entry(project, account, "100", "E2")
    assert (await dynamic.dynamic(house.ctx, project))[account].dynamic == 1050


async def test_a_transfer_moves_budget_and_leaves_the_total(house):
    one, two, project = await house.account("1"), await house.account("2"), await house.project()
    frozen = await house.budget(project, [{"account": one, "amount": D(600)}, {"account": two, "amount": D(400)}])
    data = {"code": "T1", "project": project, "budget": frozen.id, "kind": "transfer", "date": "2026-02-01"}
    lines = [{"account": one, "amount": D(-50)}, {"account": two, "amount": D(50)}]
    with pytest.raises(Invalid):
        await house.make("adjustment", **data, lines=lines[:1])
    made = await house.make("adjustment", **data, lines=lines)
    assert (await figures.by(house.ctx, "account", project=project))[one].budget == 600
    await house.stepped(made, "submit", "approve")
    found = await figures.by(house.ctx, "account", project=project)
    assert (found[one].budget, found[two].budget, figures.total(found.values()).budget) == (550, 450, 1000)


async def test_prices_and_quantities_are_compared_where_budget_and_costs_have_one_unit(house):
    account, project = await house.account(), await house.project()
    await house.budget(project, [{"account": account, "quantity": D(100), "price": D(400), "unit": "m³"}])
    await house.entry(project, account, "48400", quantity=D(110), unit="m³")
    (line,) = await dynamic.quantities(house.ctx, project)
    assert (line.effects.price, line.effects.quantity, line.actual_price) == (4400, 4000, 440)
    await house.entry(project, account, "1", "E2", quantity=D(1), unit="车")
    assert await dynamic.quantities(house.ctx, project) == []


async def test_nothing_of_another_tenant_is_counted_or_posted_against(platform, house):
    from tests.plugins.cost_center.conftest import House

    other = House(await new_tenant(platform, "bb", modules=("cost_center",)))
    account, project = await house.account(), await house.project()
    made = await house.entry(project, account, "5", source_ref="X")
    mine, own = await other.account(), await other.project()
    await other.entry(own, mine, "5", source_ref="X")
    assert await dynamic.dynamic(other.ctx, project) == {}
    with pytest.raises(Invalid) as refused:
        await other.entry(own, mine, "-5", "E-R", reverses=made.id)
    assert codes(refused) == ["reference"]


async def test_switching_the_module_off_and_on_keeps_changes_and_the_close(platform, house):
    from core.definitions import switch

    account, project = await house.account(), await house.project(closed_through="2026-01-31")
    await house.contract(project, account, "900")
    await switch(house.ctx, "progress", False)
    await switch(await refreshed(platform, house.ctx), "cost_center", False)
    await switch(await refreshed(platform, house.ctx), "cost_center", True)
    again = await refreshed(platform, house.ctx)
    assert (await figures.by(again, "project"))[project].committed == 900
    found = (await again.records.list(PROJECT, Query(where=(Condition("closed_through", "filled"),)))).records
    assert [one.id for one in found] == [project]
