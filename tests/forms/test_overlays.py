"""A tenant's changes stay over a module's form through every upgrade: they add and tighten, and never crash."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.forms import (
    apply_overlay,
    assign_slots,
    base_value,
    check,
    check_definition,
    check_overlay,
    compile_form,
    merge,
    three_way_check,
)
from tests.forms.samples import EVERYTHING, definition

GRADE = {"title": "等级", "x-type": "choice", "x-choices": [{"value": "a", "title": "甲"}]}


def overlay(*items: dict[str, Any]) -> dict[str, Any]:
    return {"base_version": "3", "items": list(items)}


def put(name: str, what: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"op": "set", "name": name, "property": what, "value": value, **more}


def add(name: str = "grade", **more: Any) -> dict[str, Any]:
    return {"op": "add", "name": name, "field": GRADE, **more}


def codes(*items: dict[str, Any], base: dict[str, Any] = EVERYTHING) -> list[str]:
    return [finding.code for finding in merge(base, overlay(*items)).findings]


def test_without_an_overlay_the_form_is_the_modules():
    assert merge(EVERYTHING, None).definition == EVERYTHING
    assert apply_overlay(EVERYTHING, {"items": []}) == EVERYTHING


def test_the_modules_definition_is_never_edited():
    before = deepcopy(EVERYTHING)
    merge(
        EVERYTHING,
        overlay(add(), put("name", "title", "工程名"), put("kind", "choices", []), put("day", "listed", False)),
    )
    assert before == EVERYTHING


def test_a_field_is_added_where_the_tenant_wants_it():
    body = apply_overlay(EVERYTHING, overlay(add(after="code", required=True, listed=True)))
    assert list(body["properties"])[:3] == ["code", "grade", "name"]
    assert "grade" in body["required"]
    assert body["x-list"][-1] == "grade"
    assert list(apply_overlay(EVERYTHING, overlay(add(after="gone")))["properties"])[-1] == "grade"
    made = compile_form("demo.sample", EVERYTHING, overlay(add(after="code")), version="3+1")
    assert (made.fields["grade"].owner, made.fields["code"].owner) == ("tenant", "module")


@pytest.mark.parametrize(
    ("item", "place", "value"),
    [
        (put("name", "title", "工程名"), ("properties", "name", "title"), "工程名"),
        (put("name", "help", "写全称"), ("properties", "name", "x-help"), "写全称"),
        (put("notes", "section", "其他"), ("properties", "notes", "x-section"), "其他"),
        (put("kind", "default", "road"), ("properties", "kind", "x-default"), "road"),
        (put("code", "max_length", 10), ("properties", "code", "maxLength"), 10),
        (put("count", "minimum", 5), ("properties", "count", "minimum"), 5),
        (put("area", "maximum", 5), ("properties", "area", "maximum"), 5),
        (put("phone", "pii", True), ("properties", "phone", "x-pii"), True),
    ],
)
def test_safe_properties_are_set(item: dict[str, Any], place: tuple[str, ...], value: Any):
    merged = merge(EVERYTHING, overlay(item))
    assert merged.findings == ()
    found: Any = merged.definition
    for step in place:
        found = found[step]
    assert found == value


def test_a_property_can_be_taken_away_again():
    body = apply_overlay(EVERYTHING, overlay(put("name", "help", None), put("day", "default", "")))
    assert "x-help" not in body["properties"]["name"]
    assert "x-default" not in body["properties"]["day"]


def test_required_goes_only_towards_stricter():
    body = apply_overlay(EVERYTHING, overlay(put("day", "required", True)))
    assert body["required"] == ["code", "name", "lines", "day"]
    merged = merge(EVERYTHING, overlay(put("code", "required", False)))
    assert [f.code for f in merged.findings] == ["unsafe"]
    assert merged.definition["required"] == EVERYTHING["required"]
    assert "不能改为选填" in merged.findings[0].message


@pytest.mark.parametrize(
    "item",
    [
        put("code", "max_length", 21),
        put("code", "max_length", None),
        put("count", "minimum", -1),
        put("count", "maximum", 10_000),
        put("name", "pattern", "x"),
        put("code", "x-slot", "t9"),
        put("amount", "decimals", 0),
        put("parent", "ref", "demo.other"),
        put("code", "hidden", True),
        {"op": "hide", "name": "name"},
        {"op": "hide", "name": "lines"},
    ],
)
def test_what_the_module_demands_cannot_be_loosened(item: dict[str, Any]):
    assert codes(item) == ["unsafe"]
    assert merge(EVERYTHING, overlay(item)).definition == EVERYTHING


def test_the_tenants_own_field_may_be_set_freely():
    body = apply_overlay(
        EVERYTHING, overlay(add(required=True), put("grade", "required", False), put("grade", "title", "级"))
    )
    assert "grade" not in body["required"]
    assert body["properties"]["grade"]["title"] == "级"


def test_choices_of_the_module_stay_and_new_ones_follow():
    wanted = [{"value": "new", "title": "新"}, {"value": "road", "title": "公路"}]
    body = apply_overlay(EVERYTHING, overlay(put("kind", "choices", wanted)))
    assert [(c["value"], c["title"]) for c in body["properties"]["kind"]["x-choices"]] == [
        ("road", "公路"), ("water", "供水、排水"), ("other", "其他"), ("new", "新"),
    ]  # fmt: skip


def test_the_list_and_the_order_are_the_tenants():
    body = apply_overlay(EVERYTHING, overlay(put("day", "listed", False), put("kind", "listed", True)))
    assert body["x-list"] == ["code", "name", "amount", "kind"]
    backwards = list(EVERYTHING["properties"])[::-1]
    body = apply_overlay(EVERYTHING, overlay({"op": "order", "names": backwards}))
    assert list(body["properties"]) == backwards


def test_a_field_that_the_tenant_never_ordered_stays_behind_its_neighbour():
    names = [name for name in EVERYTHING["properties"] if name != "notes"][::-1]
    body = apply_overlay(EVERYTHING, overlay({"op": "order", "names": names}))
    assert list(body["properties"])[-3:] == ["name", "notes", "code"]


def test_a_hidden_field_leaves_the_pages_but_not_the_data():
    made = compile_form("demo.sample", EVERYTHING, overlay({"op": "hide", "name": "amount"}), version="3+1")
    assert "amount" not in made.fields
    assert "amount" not in made.list
    assert list(made.hidden) == ["amount"]
    assert made.hidden["amount"].slot == "n3"


def test_the_tenants_words_win_in_every_language():
    made = compile_form("demo.sample", EVERYTHING, overlay(put("name", "title", "工程名")), version="3+1", lang="en")
    assert made.fields["name"].title == "工程名"
    assert compile_form("demo.sample", EVERYTHING, version="3", lang="en").fields["name"].title == "Name"


def test_a_type_that_this_version_does_not_know_leaves_the_field_out():
    """As after going back to an older version: the rest of the form works, stored values stay."""
    body = definition(**{"x-list": ["code", "future"], "x-key": ["code"]})
    body["properties"]["future"] = {"title": "未来", "x-type": "hologram", "x-slot": "t9"}
    made = compile_form("demo.sample", body, version="9")
    assert "future" not in made.fields
    assert made.list == ("code",)


def test_an_upgrade_that_brings_a_field_of_that_name_is_a_finding():
    new = definition()
    new["properties"]["grade"] = {"title": "评级", "x-type": "text", "x-slot": "t9"}
    (found,) = three_way_check(EVERYTHING, new, overlay(add()))
    assert (found.field, found.code) == ("items.0", "taken")
    assert apply_overlay(new, overlay(add()))["properties"]["grade"]["title"] == "评级"


def test_an_upgrade_that_drops_a_field_is_a_finding():
    new = definition()
    del new["properties"]["notes"]
    items = (
        put("notes", "title", "附注"),
        {"op": "hide", "name": "notes"},
        {"op": "order", "names": ["notes", "code"]},
    )
    assert [(f.field, f.code) for f in three_way_check(EVERYTHING, new, overlay(*items))] == [
        ("items.0", "missing"), ("items.1", "missing"), ("items.2", "missing"),
    ]  # fmt: skip
    assert compile_form("demo.sample", new, overlay(*items), version="4+1").fields


def test_an_upgrade_that_changes_what_the_tenant_changed_is_a_finding():
    new = definition()
    new["properties"]["name"]["title"] = "项目名称"
    (found,) = three_way_check(EVERYTHING, new, overlay(put("name", "title", "工程名")))
    assert (found.field, found.code) == ("items.0", "changed")
    assert "项目名称" in found.message
    assert apply_overlay(new, overlay(put("name", "title", "工程名")))["properties"]["name"]["title"] == "工程名"
    assert three_way_check(EVERYTHING, new, overlay(put("name", "title", "项目名称"))) == []


def test_an_item_that_remembers_its_base_needs_no_old_definition():
    item = put("name", "title", "工程名", base="旧名称")
    assert [f.code for f in three_way_check(EVERYTHING, EVERYTHING, overlay(item))] == ["changed"]
    item = put("name", "title", "工程名", base=base_value(EVERYTHING, "name", "title"))
    assert three_way_check(EVERYTHING, EVERYTHING, overlay(item)) == []
    assert base_value(EVERYTHING, "code", "required") is True
    assert base_value(EVERYTHING, "kind", "listed") is False
    assert base_value(EVERYTHING, "gone", "title") is None


def test_an_upgrade_that_makes_required_what_the_tenant_hid_shows_it_again():
    new = definition(required=["code", "name", "lines", "notes"])
    item = {"op": "hide", "name": "notes"}
    assert [f.code for f in three_way_check(EVERYTHING, new, overlay(item))] == ["unsafe"]
    assert "notes" in compile_form("demo.sample", new, overlay(item), version="4+1").fields


def test_a_slot_that_an_upgrade_takes_goes_to_the_module():
    tenant = assign_slots(overlay(add()), EVERYTHING)
    assert tenant["items"][0]["field"]["x-slot"] == "t10"
    new = definition()
    new["properties"]["fresh"] = {"title": "新", "x-type": "text", "x-slot": "t10"}
    assert [f.code for f in three_way_check(EVERYTHING, new, tenant)] == ["slot"]
    made = compile_form("demo.sample", new, tenant, version="4+1")
    assert (made.fields["fresh"].slot, made.fields["grade"].slot) == ("t10", None)
    assert check_definition(made.schema, name="demo.sample", known_forms=()) == []


def test_an_overlay_that_is_right_may_be_published():
    items = (
        add(after="code"),
        put("day", "required", True),
        {"op": "hide", "name": "notes"},
        {"op": "order", "names": ["name"]},
    )
    tenant = assign_slots(overlay(*items), EVERYTHING)
    assert check_overlay(tenant, name="demo.sample", base=EVERYTHING, known_forms=()) == []


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        ([], "", "type"),
        ({}, "items", "required"),
        ({"items": [], "extra": 1}, "extra", "unknown"),
        ({"items": [{"op": "drop", "name": "code"}]}, "items.0.op", "choice"),
        ({"items": [{"op": "add", "name": "Grade", "field": {}}]}, "items.0.name", "pattern"),
        ({"items": [{"op": "set", "name": "code", "property": "pattern", "value": 1}]}, "items.0.property", "choice"),
        ({"items": [{"op": "set", "name": "code", "property": "title"}]}, "items.0.value", "required"),
        ({"items": [{"op": "hide", "name": "gone"}]}, "items.0", "missing"),
        ({"items": [put("code", "required", False)]}, "items.0", "unsafe"),
        ({"items": [put("code", "title", 5)]}, "properties.code.title", "type"),
        (
            {"items": [put("name", "listed", True), put("count", "default", "三")]},
            "properties.count.x-default",
            "default",
        ),
        ({"items": [{"op": "add", "name": "grade", "field": {"title": "x"}}]}, "properties.grade.x-type", "required"),
        (
            {"items": [{"op": "add", "name": "grade", "field": {**GRADE, "x-computed": True}}]},
            "properties.grade.x-computed",
            "computed",
        ),
        ({"items": [add(), add("also")]}, "properties.also.title", "repeated"),
    ],
)
def test_a_wrong_overlay_is_refused_at_publish(body: Any, place: str, code: str):
    found = check_overlay(body, name="demo.sample", base=EVERYTHING, known_forms=())
    assert (place, code) in [(p.field, p.code) for p in found]


ANY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2), st.just({})
)
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "set", "hide", "order", "what", None]),
        "name": st.one_of(st.sampled_from(["code", "kind", "gone", "grade"]), ANY),
        "property": st.sampled_from(["title", "choices", "required", "minimum", "pii", "hidden", "nothing", None]),
        "value": ANY,
        "field": st.one_of(st.just(GRADE), ANY),
        "names": st.one_of(st.just(["kind", "code", "gone"]), ANY),
        "after": ANY,
    },
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(ITEMS, ANY), max_size=6))
def test_no_overlay_however_broken_breaks_reading(items: list[Any]):
    """What is stored may come from an older version: reading it always gives a form, and findings."""
    body = {"items": items}
    made = compile_form("demo.sample", EVERYTHING, body, version="3+1")
    assert set(EVERYTHING["properties"]) <= {*made.fields, *made.hidden}
    assert isinstance(check(made, {}), list)
    assert isinstance(three_way_check(EVERYTHING, definition(), body), list)
    assert isinstance(check_overlay(body, name="demo.sample", base=EVERYTHING, known_forms=()), list)
