"""Formulas in a definition: what is refused at publish, and where it is told."""

from __future__ import annotations

import pytest

from core.forms import check_definition, check_overlay, compile_form, described_schema, diff_definitions, json_schema

FIELDS = {
    "a": {"title": "甲", "x-type": "decimal"},
    "b": {"title": "乙", "x-type": "decimal"},
    "t": {"title": "名称", "x-type": "text"},
    "p": {"title": "上级", "x-type": "reference", "x-ref": "own.x"},
    "place": {"title": "地点", "x-type": "place"},
    "lines": {"title": "明细", "x-type": "rows", "items": {"type": "object", "properties": {
        "n": {"title": "数量", "x-type": "integer"}}}},
}  # fmt: skip


def problems(rules=(), **formulas):
    fields = {name: dict(field) for name, field in FIELDS.items()}
    for name, formula in formulas.items():
        if name in fields:
            fields[name]["x-formula"] = formula
        else:
            column = {"title": "算", "x-type": "decimal", "x-formula": formula}
            columns = {**FIELDS["lines"]["items"]["properties"], name: column}
            fields["lines"] = {**FIELDS["lines"], "items": {"type": "object", "properties": columns}}
    definition = {"title": "试", "properties": fields, **({"x-rules": list(rules)} if rules else {})}
    return [(p.field, p.code) for p in check_definition(definition, name="own.x", known_forms=())]


@pytest.mark.parametrize("formula", ["b * 2", "SUM(lines.n)", "IF(ISBLANK(p), NULL, b)", "COALESCE(b, a)", "LEN(t)"])
def test_a_formula_that_works_may_be_published(formula):
    assert problems(a=formula) == []


@pytest.mark.parametrize("formula", ["c", "乙", "t", "place", "b +", "TODAY()", "p.name", "SUM(lines)", "lines.n"])
def test_a_formula_that_cannot_work_is_told_at_its_place(formula):
    assert problems(a=formula) == [("properties.a.x-formula", "formula")]


def test_circles_are_refused_and_a_field_may_work_on_what_was_typed_into_it():
    assert problems(a="b", b="a") == [("properties.a.x-formula", "circle")]
    assert problems(a="COALESCE(b, a)") == []
    form = compile_form("own.x", {"properties": {"a": {**FIELDS["a"], "x-formula": "a + 1"}}}, version="1")
    assert not form.fields["a"].computed


def test_columns_speak_of_their_own_row_only():
    assert problems(c="n * 2") == []
    for wrong in ("a", "OLD(n)", "lines.n"):
        assert problems(c=wrong) == [("properties.lines.items.properties.c.x-formula", "formula")]


def test_types_that_no_formula_gives_take_none():
    assert problems(place="t") == [("properties.place.x-formula", "formula")]
    assert problems(lines="t") == [("properties.lines.x-formula", "formula")]


def test_rules_answer_yes_or_no_and_name_fields_that_are_there():
    assert problems([{"when": "a > b", "message": "甲应大于乙", "field": "a"}]) == []
    assert problems([{"when": "a + b", "message": "x"}]) == [("x-rules.0.when", "formula")]
    assert problems([{"when": "a > 1", "message": "x", "field": "c"}]) == [("x-rules.0.field", "field")]
    assert problems([{"when": "a > 1"}]) == [("x-rules.0.message", "required")]


def test_a_computed_field_is_read_only_to_whoever_sends_records():
    fields = {**FIELDS, "a": {**FIELDS["a"], "x-formula": "b"}}
    form = compile_form("own.x", {"properties": fields, "required": ["a"]}, version="1")
    assert json_schema(form)["properties"]["a"]["readOnly"] is True
    assert described_schema(form, action="create")["required"] == []


def test_a_default_and_a_formula_exclude_each_other():
    fields = {"a": {**FIELDS["a"], "x-formula": "1", "x-default": 2}}
    definition = {"title": "试", "properties": fields}
    assert [p.code for p in check_definition(definition, name="own.x", known_forms=())] == ["default"]


def test_a_tenant_may_add_computed_fields_to_a_form_of_a_module():
    added = {"title": "合计", "x-type": "decimal", "x-formula": "a + b"}
    overlay = {"base_version": "1", "items": [{"op": "add", "name": "x_sum", "field": added}]}
    base = {"title": "试", "x-version": "1", "properties": {"a": FIELDS["a"], "b": FIELDS["b"]}}
    assert check_overlay(overlay, name="m.x", base=base, known_forms=()) == []
    assert compile_form("m.x", base, overlay, version="1").fields["x_sum"].computed


def test_what_changes_in_formulas_and_rules_is_said_in_words():
    def form(formula, rules):
        field = {**FIELDS["a"], **({"x-formula": formula} if formula else {})}
        body = {"title": "试", "properties": {"a": field, "b": FIELDS["b"]}, "x-rules": rules}
        return compile_form("own.x", body, version="1")

    rule = {"when": "a > b", "message": "甲应大于乙"}
    assert diff_definitions(form("", []), form("b", [rule])) == [
        "“甲”改用公式计算：b；已有的内容发布后在后台计算",
        "新增规则：甲应大于乙",
    ]
    assert diff_definitions(form("b", [rule]), form("b * 2", [])) == [
        "“甲”的公式改为 b * 2；已有的内容发布后在后台重新计算",
        "删去规则：甲应大于乙",
    ]
    assert diff_definitions(form("b", []), form("", [])) == ["“甲”不再用公式计算"]
