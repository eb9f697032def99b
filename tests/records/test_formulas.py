"""Formulas in the write path: computed before anything is checked, in order, whoever writes and however."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from core.errors import Invalid
from core.records import Query
from tests.records.houses import form_set, house, rule

ORDER = {
    "title": "订单",
    "properties": {
        "code": {"title": "编号", "x-type": "text"},
        "total": {"title": "合计", "x-type": "money", "x-formula": "SUM(lines.amount)"},
        "taxed": {"title": "含税", "x-type": "money", "x-formula": "ROUND(total * (1 + rate%), 2)"},
        "words": {"title": "大写", "x-type": "text", "x-formula": "大写金额(taxed)"},
        "rate": {"title": "税率", "x-type": "decimal", "x-default": 9},
        "due": {"title": "到期", "x-type": "date", "x-formula": "WORKDAY(day, 5)"},
        "day": {"title": "日期", "x-type": "date"},
        "who": {"title": "经手", "x-type": "person", "x-formula": "ME()"},
        "parts": {"title": "项数", "x-type": "integer", "x-formula": "COUNT(lines) / 2"},
        "raised": {"title": "比上次多", "x-type": "money", "x-formula": "total - OLD(total)"},
        "limit": {"title": "限额", "x-type": "money"},
        "lines": {"title": "明细", "x-type": "rows", "items": {"type": "object", "required": ["amount"], "properties": {
            "quantity": {"title": "数量", "x-type": "decimal"},
            "price": {"title": "单价", "x-type": "decimal", "x-decimals": 4},
            "amount": {"title": "金额", "x-type": "money", "x-formula": "COALESCE(ROUND(quantity * price, 2), amount)"},
            "large": {"title": "大额", "x-type": "boolean", "x-formula": "amount >= 1000"}}}},
    },
    "required": ["code"],
    "x-key": ["code"],
    "x-rules": [
        {"when": "total <= limit", "message": "合计超过限额，请减少明细或提高限额", "field": "limit"},
        {"when": "due > day", "message": "到期应晚于日期"},
    ],
}  # fmt: skip
LINES = [{"quantity": D(3), "price": D("0.335")}, {"amount": D("2000.10")}]


@pytest.fixture
async def orders(db):
    return await house(db, "home", form_set(order=ORDER))


@pytest.fixture
async def me(orders):
    return await orders.member()


async def test_formulas_are_computed_when_a_record_is_made_each_after_what_it_needs(me):
    made = (await me.create("own.order", {"code": "1", "day": "2025-09-30", "lines": LINES})).data
    assert made["lines"] == [
        {"quantity": D(3), "price": D("0.335"), "amount": D("1.01"), "large": False},
        {"amount": D("2000.10"), "large": True},
    ]
    assert (made["total"], made["taxed"]) == (D("2001.11"), D("2181.21"))
    assert made["words"] == "人民币贰仟壹佰捌拾壹元贰角壹分"
    assert (made["due"], made["who"], made["parts"]) == ("2025-10-14", me.member_id, 1)
    assert "raised" not in made


async def test_what_is_given_for_a_computed_field_is_dropped_and_what_it_needs_moves_it(me):
    made = await me.create("own.order", {"code": "1", "total": D(5), "lines": LINES})
    assert made.data["total"] == D("2001.11")
    moved = await me.update("own.order", made.id, {"lines": [{"amount": D(7), "large": True}]}, revision=1)
    assert moved.data["lines"] == [{"amount": D(7), "large": False}]
    assert (moved.data["total"], moved.data["raised"]) == (D(7), D("-1994.11"))
    change = (await me.history("own.order", made.id))[0]
    assert {"lines", "total", "taxed", "words", "raised"} <= set(change.changes)


async def test_a_rule_is_checked_with_the_forms_own_checks_and_names_its_field(me):
    with pytest.raises(Invalid) as refused:
        await me.create("own.order", {"limit": D(1), "lines": LINES})
    found = {(problem.field, problem.code) for problem in refused.value.problems}
    assert found == {("code", "required"), ("limit", "rule")}
    made = await me.create("own.order", {"code": "1", "limit": D(3000), "lines": LINES})
    with pytest.raises(Invalid) as refused:
        await me.update("own.order", made.id, {"lines": [{"amount": D(3001)}]}, revision=1)
    assert refused.value.message == "合计超过限额，请减少明细或提高限额"
    await me.update("own.order", made.id, {"limit": None, "lines": [{"amount": D(3001)}]}, revision=1)


async def test_a_rule_about_a_hidden_field_holds_and_tells_nothing(orders, me):
    made = await me.create("own.order", {"code": "1", "limit": D(3000), "lines": LINES})
    other = orders.again(me, rule(hides=["limit"]))
    with pytest.raises(Invalid) as refused:
        await other.update("own.order", made.id, {"lines": [{"amount": D(3001)}]}, revision=1)
    assert [(p.field, p.code) for p in refused.value.problems] == [("", "refused")]
    assert "限额" not in refused.value.message


async def test_many_at_once_are_computed_and_checked_as_one_by_one(me):
    rows = [{"code": str(n), "lines": [{"quantity": D(n), "price": D(2)}], "limit": D(100)} for n in range(1, 60)]
    done = await me.bulk("own.order", rows, mode="create")
    assert (done.new, done.wrong) == (50, 9)
    assert done.rows[50].problems[0].code == "rule"
    again = await me.bulk("own.order", [{"code": "7", "rate": D(0)}])
    assert again.changed == 1
    found = await me.list("own.order", Query(sort=(("taxed", True),), limit=1))
    assert found.records[0].data["taxed"] == D(109)
    assert (await me.bulk("own.order", [{"code": "8", "rate": D(9)}])).same == 0  # what it was raised by is 0 now


async def test_formulas_see_what_modules_compute_and_modules_what_formulas_do(orders, me):
    async def compute(ctx, form, data):
        return {"rate": D(10) if data["total"] > 100 else D(0)}

    orders.hooks.set["record_compute"] = [compute]
    made = await me.create("own.order", {"code": "1", "lines": [{"amount": D(200)}]})
    assert (made.data["rate"], made.data["taxed"]) == (D(10), D(220))


async def test_a_computed_value_that_does_not_fit_is_told_at_its_field(me):
    with pytest.raises(Invalid) as refused:
        await me.create("own.order", {"code": "1", "lines": [{"quantity": D(10) ** 8, "price": D(10) ** 9}]})
    assert {problem.field for problem in refused.value.problems} >= {"lines.0.amount"}


async def test_tenants_compute_apart(db, me):
    away = await (await house(db, "away", form_set(order={**ORDER, "x-rules": []}))).member()
    made = await away.create("own.order", {"code": "1", "limit": D(1), "lines": LINES})
    assert made.data["who"] == away.member_id
    assert (await me.list("own.order")).records == ()
