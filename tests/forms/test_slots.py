"""Slots: the right kind, never twice, kept for ever; and what stands in them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.forms import (
    ALL_SLOTS,
    FIELD_TYPES,
    assign_slots,
    changed_slots,
    check_definition,
    compile_form,
    key_of,
    slot_value,
    slot_values,
)
from tests.forms.samples import ID, OTHER_ID, definition, form, small, whole

SLOTTED = [name for name, kind in FIELD_TYPES.items() if kind.slot and name not in ("choice", "reference")]


def slots(body: dict) -> dict[str, str]:
    return {name: prop["x-slot"] for name, prop in body["properties"].items() if "x-slot" in prop}


def own(**types: str) -> dict:
    """A tenant's form of fields by type, all in its list."""
    return {**small(**{name: {"x-type": kind} for name, kind in types.items()}), "x-list": list(types)}


def test_each_slot_holds_what_the_store_compares():
    assert slot_values(form(), whole()) == {
        "t1": "A-1", "t2": "解放路改造", "n1": 1200, "n2": 12345, "n3": 123450, "d1": "2026-03-15",
        "d2": "2026-03-15T08:30:00Z", "n4": 0, "t3": "road", "r1": ID, "r2": OTHER_ID, "t4": "13800138000",
        "t5": "11010519491231002X", "t6": "91350100M000100Y43",
    }  # fmt: skip


def test_a_slot_of_an_empty_field_is_emptied():
    assert set(slot_values(form(), {}).values()) == {None}
    assert set(slot_values(form(), {})) == set(slot_values(form(), whole()))


@pytest.mark.parametrize("value", ["x", [], {}, True, Decimal("NaN"), Decimal("1e999"), 10**30, Decimal("1.2345678")])
def test_a_value_that_no_longer_fits_leaves_its_slot_empty(value: object):
    made = form()
    assert slot_values(made, {"area": value})["n2"] is None
    assert slot_values(made, {"code": value if not isinstance(value, str) else 5})["t1"] is None


@given(st.decimals(-(10**12), 10**12, places=3))
def test_a_number_slot_is_exact(number: Decimal):
    field = form().fields["area"]
    assert Decimal(slot_value(field, number)) / 1000 == number


def test_the_business_key_joins_the_key_fields():
    assert key_of(form(), whole()) == "A-1"
    both = compile_form("x.x", definition(**{"x-key": ["code", "name"]}), version="1")
    assert key_of(both, whole()) == "A-1\x1f解放路改造"
    assert key_of(both, {"code": "A-1"}) is None
    assert key_of(form(**{"x-key": None}), whole()) is None
    number = compile_form("x.x", {**small(n={"x-type": "integer"}), "x-key": ["n"]}, version="1")
    assert key_of(number, {"n": 0}) == "0"


def test_a_tenants_form_gets_slots_by_type():
    body = assign_slots(own(a="text", b="money", c="date", d="person", e="choices", f="boolean", g="datetime"))
    assert slots(body) == {"a": "t1", "b": "n1", "c": "d1", "d": "r1", "f": "n2", "g": "d2"}


def test_texts_that_are_not_listed_do_without_and_the_important_come_first():
    body = own(**{f"t{n}": "text" for n in range(12)})
    body = {**body, "x-list": ["t11"], "x-key": ["t10"], "x-label": "t9"}
    assert slots(assign_slots(body)) == {"t10": "t1", "t11": "t2", "t9": "t3"}


def test_slots_run_out_without_harm():
    body = assign_slots(own(**{f"m{n}": "money" for n in range(12)}))
    assert sorted(slots(body).values()) == [f"n{n}" for n in range(1, 9)]
    assert check_definition(body, name="own.x", known_forms=()) == []


def test_a_field_keeps_its_slot_for_ever_while_its_type_keeps():
    first = assign_slots(own(a="text", b="text", c="money"))
    changed = own(z="text", b="text", c="money", a="text")
    changed["properties"]["c"]["title"] = "改了名"
    second = assign_slots(changed, first)
    assert slots(second) == {"z": "t3", "b": "t2", "c": "n1", "a": "t1"}
    third = assign_slots(own(b="date", c="money"), second)
    assert slots(third) == {"b": "d1", "c": "n1"}


def test_a_slot_that_is_no_longer_listed_is_kept_too():
    first = assign_slots(own(a="text", b="text"))
    second = assign_slots({**own(a="text", b="text"), "x-list": []}, first)
    assert slots(second) == slots(first)


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.sampled_from(SLOTTED), min_size=1, max_size=40),
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.sampled_from(SLOTTED), min_size=1, max_size=40),
)
def test_slots_are_never_shared_nor_of_the_wrong_kind(before: dict[str, str], after: dict[str, str]):
    old = assign_slots(own(**before))
    new = assign_slots(own(**after), old)
    for body in (old, new):
        given_slots = slots(body)
        assert len(set(given_slots.values())) == len(given_slots)
        assert set(given_slots.values()) <= set(ALL_SLOTS)
        for name, slot in given_slots.items():
            assert FIELD_TYPES[body["properties"][name]["x-type"]].slot == slot[0]
    for name, slot in slots(old).items():
        if after.get(name) == before[name]:
            assert slots(new)[name] == slot


def overlay(**types: str) -> dict:
    items = [{"op": "add", "name": name, "field": {"title": name, "x-type": kind}} for name, kind in types.items()]
    return {"base_version": "3", "items": items}


def added(body: dict) -> dict[str, str | None]:
    return {item["name"]: item["field"].get("x-slot") for item in body["items"] if item["op"] == "add"}


def test_an_overlay_takes_slots_from_the_top_down_round_those_of_the_module():
    base = definition()
    base["properties"]["phone"]["x-slot"] = "t10"
    assert added(assign_slots(overlay(a="text", b="text", c="person", d="longtext"), base)) == {
        "a": "t9", "b": "t8", "c": "r6", "d": None,
    }  # fmt: skip


def test_an_overlays_field_keeps_its_slot_over_versions_even_when_the_page_forgot_it():
    first = assign_slots(overlay(a="text", b="text"), definition())
    second = assign_slots(overlay(c="text", b="text"), definition(), previous=first)
    assert added(second) == {"c": "t10", "b": "t9"}


def test_what_must_be_rebuilt_is_told():
    old = form()
    assert changed_slots(old, form()) == frozenset()
    assert changed_slots(None, old) == set(slot_values(old, {}))
    body = definition()
    body["properties"]["area"]["x-decimals"] = 4
    body["properties"]["code"]["x-slot"], body["properties"]["name"]["x-slot"] = "t2", "t1"
    body["properties"]["fresh"] = {"title": "新", "x-type": "text", "x-slot": "t9"}
    assert changed_slots(old, compile_form("demo.sample", body, version="4")) == {"n2", "t1", "t2", "t9"}
