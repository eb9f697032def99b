"""A record is checked whole: every problem at once, by field and row, in words that name the field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.forms import check, clean, compile_form, described_schema, json_schema
from core.forms.checking import validator
from core.forms.jsonschemas import reference_validator
from tests.forms.samples import ID, OTHER_ID, definition, form, small, whole

D = Decimal


def faults(**data: Any) -> list[tuple[str, str]]:
    """Problems of a record that is right but for `data`; None removes a field."""
    record = {name: value for name, value in {**whole(), **data}.items() if value is not None}
    return [(p.field, p.code) for p in check(form(), record)]


def test_a_right_record_has_no_problem():
    assert check(form(), whole()) == []
    assert check(form(), {"code": "A", "name": "甲", "lines": [{"item": "石板"}]}) == []


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({"code": None}, ("code", "required")),
        ({"lines": None}, ("lines", "required")),
        ({"lines": []}, ("lines", "required")),
        ({"code": 5}, ("code", "type")),
        ({"code": "x" * 21}, ("code", "too_long")),
        ({"name": "<b>"}, ("name", "pattern")),
        ({"notes": "长" * 101}, ("notes", "too_long")),
        ({"count": 1.5}, ("count", "type")),
        ({"count": "5"}, ("count", "type")),
        ({"count": True}, ("count", "type")),
        ({"count": -1}, ("count", "too_small")),
        ({"count": 10000}, ("count", "too_big")),
        ({"count": 10**30}, ("count", "too_big")),
        ({"area": D("1.2345")}, ("area", "places")),
        ({"area": D("1e13")}, ("area", "too_big")),
        ({"area": D("NaN")}, ("area", "type")),
        ({"area": float("inf")}, ("area", "type")),
        ({"amount": D("0.001")}, ("amount", "places")),
        ({"amount": D("-0.01")}, ("amount", "too_small")),
        ({"amount": "12"}, ("amount", "type")),
        ({"day": "2026-02-30"}, ("day", "date")),
        ({"day": "2026-2-3"}, ("day", "date")),
        ({"day": "0026-02-03"}, ("day", "date")),
        ({"day": 20260203}, ("day", "type")),
        ({"moment": "2026-03-15T08:30:00"}, ("moment", "datetime")),
        ({"moment": "2026-03-15T08:30:00+08:00"}, ("moment", "datetime")),
        ({"moment": "2026-03-15T24:30:00Z"}, ("moment", "datetime")),
        ({"done": "yes"}, ("done", "type")),
        ({"done": 1}, ("done", "type")),
        ({"kind": "bridge"}, ("kind", "choice")),
        ({"kind": ["road"]}, ("kind", "type")),
        ({"tags": "urgent"}, ("tags", "type")),
        ({"tags": ["bridge"]}, ("tags", "choice")),
        ({"tags": ["urgent", "urgent"]}, ("tags", "repeated")),
        ({"parent": "甲"}, ("parent", "reference")),
        ({"parent": ID.lower()}, ("parent", "reference")),
        ({"parent": ID + "\n"}, ("parent", "reference")),
        ({"keeper": "U" * 16}, ("keeper", "reference")),
        ({"phone": "13800"}, ("phone", "phone")),
        ({"card": "1"}, ("card", "shape")),
        ({"papers": ID}, ("papers", "type")),
        ({"papers": ["x"]}, ("papers", "file")),
        ({"papers": [ID, ID]}, ("papers", "repeated")),
        ({"papers": [ID[:-1] + c for c in "ABCD"]}, ("papers", "too_many")),
        ({"place": "人民路"}, ("place", "type")),
        ({"place": {"lat": 1, "lng": 1}}, ("place", "place")),
        ({"place": {"address": "x", "lat": 1}}, ("place", "place")),
        ({"place": {"address": "x", "lat": 91, "lng": 1}}, ("place", "too_big")),
        ({"place": {"address": "x", "zip": 1}}, ("place", "unknown")),
        ({"other": 1}, ("other", "unknown")),
        ({"lines": [{"item": "石"}, {"price": 1}]}, ("lines.1.item", "required")),
        ({"lines": [{"item": "石", "price": D("1.001")}]}, ("lines.0.price", "places")),
        ({"lines": [{"item": "石", "due": "x"}]}, ("lines.0.due", "date")),
        ({"lines": [{"item": "石", "zzz": 1}]}, ("lines.0.zzz", "unknown")),
        ({"lines": ["石"]}, ("lines.0", "type")),
        ({"lines": [{"item": "石"}] * 501}, ("lines", "too_many")),
    ],
)
def test_each_kind_of_fault_has_its_place_and_code(data: dict[str, Any], fault: tuple[str, str]):
    assert faults(**data) == [fault]


def test_all_problems_come_at_once_in_the_forms_order():
    data = {"zzz": 1, "lines": [{}, {"item": 5, "price": "x"}], "amount": "x", "name": "<"}
    assert [p.field for p in check(form(), data)] == [
        "code", "name", "amount", "lines.0.item", "lines.1.item", "lines.1.price", "zzz",
    ]  # fmt: skip


def test_messages_name_the_field_and_what_to_do():
    said = {p.field: p.message for p in check(form(), {
        "name": "<", "amount": D("1.001"), "kind": "bridge",
        "lines": [{"item": "石"}, {"item": "x" * 11, "price": "x"}],
    })}  # fmt: skip
    assert said == {
        "code": "“编号”必须填写",
        "name": "“名称”格式不对：不含尖括号",
        "amount": "“金额”最多 2 位小数",
        "kind": "“类别”不能是“bridge”，请从这些里选：道路、供水、排水、其他",
        "lines.1.item": "“明细”第 2 行的“名目”最多 10 个字，现在有 11 个",
        "lines.1.price": "“明细”第 2 行的“单价”应是数字，例如 1234.50",
    }


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_what_is_no_record_at_all_is_refused(data: Any):
    assert [p.code for p in check(form(), data)] == ["type"]


@pytest.mark.parametrize("amount", ["0.01", "0.07", "4.35", "19.99", "9999999999999.99", "0.29", "1.10"])
def test_cents_are_exact(amount: str):
    """A float's 19.99 is no multiple of 0.01; ours is, and a tenth of a cent more is not."""
    assert faults(amount=D(amount)) == []
    assert faults(amount=D(amount) + D("0.001"))[0][1] in ("places", "too_big")


@pytest.mark.parametrize("places", range(7))
def test_a_number_keeps_fifteen_digits_wherever_the_point_is(places: int):
    made = compile_form("x.x", small(it={"x-type": "decimal", "x-decimals": places}), version="1")
    most = (D(10) ** 15 - 1).scaleb(-places)
    assert check(made, clean(made, {"it": most})) == []
    assert check(made, clean(made, {"it": -most})) == []
    assert [p.code for p in check(made, clean(made, {"it": most + 1}))] == ["too_big"]


def test_the_compiled_validator_and_the_reference_agree_on_records():
    """Also about Decimals, our formats and nested rows."""
    schema = json_schema(form())
    reference = reference_validator(schema)
    rights = [whole(), {"code": "A", "name": "甲", "lines": [{"item": "石"}]}]
    wrongs = [
        {**whole(), **change}
        for change in (
            {"amount": D("1.001")}, {"amount": "1"}, {"card": "1"}, {"credit": "2"}, {"day": "2026-02-30"},
            {"tags": ["urgent", "urgent"]}, {"lines": [{}]}, {"lines": []}, {"zzz": 1}, {"place": {"lat": 1}},
        )
    ]  # fmt: skip
    for record in rights + wrongs:
        assert validator(form()).is_valid(record) == reference.is_valid(record) == (record in rights), record


def test_tenants_with_the_same_form_share_one_validator():
    assert validator(form()) is validator(form())
    assert validator(form()) is not validator(form(required=["code"]))


def test_the_schema_of_an_update_asks_for_nothing_and_lets_fields_be_emptied():
    schema = json_schema(form(), action="update")
    reference = reference_validator(schema)
    assert reference.is_valid({})
    assert reference.is_valid({"notes": None, "kind": None, "count": 5})
    assert not reference.is_valid({"code": None})
    assert not reference.is_valid({"zzz": None})
    assert json_schema(form(), action="read")["properties"].keys() == form().fields.keys()
    assert "required" not in json_schema(form(), action="read")


def test_a_computed_field_is_checked_but_nobody_is_asked_to_send_it():
    body = definition(required=["code", "name", "lines", "amount"])
    body["properties"]["amount"]["x-computed"] = True
    made = compile_form("demo.sample", body, version="4")
    assert made.fields["amount"].computed
    assert [p.code for p in check(made, {**whole(), "amount": D("-1")})] == ["too_small"]
    described = described_schema(made, action="create")
    assert described["properties"]["amount"]["readOnly"]
    assert described["required"] == ["code", "name", "lines"]
    assert json_schema(made)["required"] == ["code", "name", "amount", "lines"]


def test_a_hidden_field_is_still_accepted_and_checked():
    overlay = {"items": [{"op": "hide", "name": "notes"}]}
    made = compile_form("demo.sample", definition(), overlay, version="3+1")
    assert "notes" not in made.fields
    assert made.hidden["notes"].title == "备注"
    assert check(made, whole()) == []
    assert [p.code for p in check(made, {**whole(), "notes": "长" * 101})] == ["too_long"]
    assert "notes" not in json_schema(made, action="read")["properties"]


def test_ids_of_members_and_records_look_alike():
    assert faults(parent=OTHER_ID, keeper=ID) == []
