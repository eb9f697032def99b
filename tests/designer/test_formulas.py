"""Formulas in the designer: typed in titles, kept in codes, told where they are wrong, tried at once."""

from __future__ import annotations

from decimal import Decimal

from core import definitions
from core.testing import refreshed
from tests.designer.designing import edit, published

FORM = {
    "title": "采购", "type": "object", "required": ["name"], "x-label": "name",
    "properties": {
        "name": {"title": "名称", "x-type": "text"},
        "quantity": {"title": "数量", "x-type": "decimal"},
        "price": {"title": "单价（元）", "x-type": "money"},
        "amount": {"title": "金额", "x-type": "money"},
    },
}  # fmt: skip


async def test_a_formula_typed_in_titles_is_kept_in_codes_and_computes(platform, two_tenants):
    a, _b = two_tenants
    a, name = await published(platform, a, "purchase", FORM)
    done = await edit(a, name, "set", field="amount", formula="数量 * [单价（元）]")
    assert done.draft.definition["properties"]["amount"]["x-formula"] == "quantity * price"
    form = definitions.draft_form(done.draft)
    assert definitions.shown_formula(form, "amount") == "数量 * [单价（元）]"
    example = definitions.formula_example(form, "amount")
    assert example == "试算：数量 = 100.00，单价（元） = 100.00 时得 10,000.00"
    await definitions.publish(a, name)
    a = await refreshed(platform, a)
    made = await a.records.create(name, {"name": "砂", "quantity": Decimal(2), "price": Decimal("3.5")})
    assert made.data["amount"] == Decimal(7)


async def test_a_wrong_formula_is_told_by_place_and_not_kept(platform, two_tenants):
    a, _b = two_tenants
    a, name = await published(platform, a, "purchase", FORM)
    done = await edit(a, name, "set", field="amount", formula="数量 *\n 单价")
    assert [(p.field, p.message[:12]) for p in done.problems] == [("formula", "第 2 行第 2 个字：")]
    assert "x-formula" not in done.draft.definition["properties"]["amount"]


async def test_a_formula_follows_the_code_of_a_field_that_is_not_published_yet(platform, two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="采购", code="purchase")
    fields = {**FORM["properties"], "amount": {**FORM["properties"]["amount"], "x-formula": "quantity * price"}}
    rules = [{"when": "quantity > 0", "message": "数量应大于零", "field": "quantity"}]
    await definitions.save_draft(a, name, {**FORM, "properties": fields, "x-rules": rules})
    done = await edit(a, name, "set", field="quantity", code="number")
    assert done.draft.definition["properties"]["amount"]["x-formula"] == "number * price"
    assert done.draft.definition["x-rules"] == [{**rules[0], "when": "number > 0", "field": "number"}]


async def test_publishing_names_a_formula_whose_field_is_gone(platform, two_tenants):
    a, _b = two_tenants
    a, name = await published(platform, a, "purchase", FORM)
    await edit(a, name, "set", field="amount", formula="数量 * 2")
    done = await edit(a, name, "remove", field="quantity")
    found = await definitions.preview(a, name)
    assert not found.ready
    assert done.draft.definition["properties"]["amount"]["x-formula"] == "quantity * 2"
