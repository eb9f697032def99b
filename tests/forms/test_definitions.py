"""Wrong definitions are refused with the place at fault and what to do; right ones are not."""

from __future__ import annotations

import json
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.forms import FIELD_TYPES, PROPERTIES, check, check_definition, compile_form
from core.forms.definitions import broken_rules
from core.forms.law import FOLDER, form_law, law, written
from core.forms.model import FieldType
from tests.forms.samples import EVERYTHING, definition, small, with_field


def faults(body: Any, known: Any = ()) -> list[tuple[str, str]]:
    return [(p.field, p.code) for p in check_definition(body, name="demo.sample", known_forms=known)]


def message(body: Any) -> str:
    return " ".join(p.message for p in check_definition(body, name="demo.sample", known_forms=()))


def test_a_form_with_a_field_of_every_type_is_right():
    assert faults(EVERYTHING) == []


def test_the_law_is_itself_a_schema_and_up_to_date():
    """`python -m core.forms` writes it from the registry of field types."""
    for name in ("form", "module", "overlay", "translation"):
        jsonschema.Draft202012Validator.check_schema(law(name))
    assert (FOLDER / "form.schema.json").read_text(encoding="utf-8") == written(form_law())


def test_every_type_is_known_everywhere():
    assert tuple(FIELD_TYPES) == get_args(FieldType)
    assert set(law("form")["$defs"]) >= set(FIELD_TYPES)
    for kind in FIELD_TYPES.values():
        assert set(kind.properties) <= set(PROPERTIES), kind.name
        keywords = {PROPERTIES[name].keyword for name in kind.properties if PROPERTIES[name].place == "field"}
        assert keywords <= set(law("form")["$defs"][kind.name]["properties"]), kind.name
        assert kind.title
        assert kind.hint
        assert ("key" in kind.properties) == kind.may_be_key, kind.name


def test_a_definition_is_an_object():
    for body in (None, [], "x", 5):
        assert faults(body) == [("", "type")]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"x-lable": "name"}, ("x-lable", "unknown")),
        ({"$ref": "#/properties/name"}, ("$ref", "unknown")),
        ({"allOf": []}, ("allOf", "unknown")),
        ({"title": None}, ("title", "required")),
        ({"title": ""}, ("title", "limit")),
        ({"title": "长" * 61}, ("title", "limit")),
        ({"type": "array"}, ("type", "choice")),
        ({"properties": {}}, ("properties", "limit")),
        ({"x-version": "v1"}, ("x-version", "pattern")),
        ({"x-menu": "yes"}, ("x-menu", "type")),
        ({"x-icon": "<svg>"}, ("x-icon", "pattern")),
        ({"additionalProperties": True}, ("additionalProperties", "choice")),
        ({"x-key": ["code", "code"]}, ("x-key", "repeated")),
        ({"x-key": ["code", "name", "day", "kind"]}, ("x-key", "limit")),
        ({"x-list": ["code", "nmae"]}, ("x-list.1", "field")),
        ({"x-list": ["lines"]}, ("x-list.0", "field")),
        ({"x-label": "nmae"}, ("x-label", "field")),
        ({"x-label": "lines"}, ("x-label", "field")),
        ({"x-key": ["nmae"]}, ("x-key.0", "field")),
        ({"x-key": ["kind"]}, ("x-key.0", "key")),
        ({"required": ["code", "name", "lines", "nmae"]}, ("required.3", "field")),
    ],
)
def test_a_wrong_form_is_refused_at_its_place(changes: dict[str, Any], fault: tuple[str, str]):
    assert faults(definition(**changes)) == [fault]


@pytest.mark.parametrize(
    ("name", "changes", "place", "code"),
    [
        ("name", {"x_type": "texts"}, "x-type", "choice"),
        ("name", {"title": 5}, "title", "type"),
        ("name", {"x_slots": "t1"}, "x-slots", "unknown"),
        ("name", {"minimum": 5}, "minimum", "unknown"),
        ("name", {"maxLength": 0}, "maxLength", "limit"),
        ("name", {"maxLength": 501}, "maxLength", "limit"),
        ("name", {"type": "number"}, "type", "choice"),
        ("name", {"pattern": "["}, "pattern", "pattern"),
        ("name", {"pattern": "(?<=a)b"}, "pattern", "pattern"),
        ("name", {"x_slot": "n5"}, "x-slot", "choice"),
        ("name", {"x_slot": "t11"}, "x-slot", "choice"),
        ("name", {"x_slot": "t1"}, "x-slot", "slot"),
        ("notes", {"x_slot": "t9"}, "x-slot", "unknown"),
        ("count", {"x_slot": "d3"}, "x-slot", "choice"),
        ("day", {"x_slot": "t9"}, "x-slot", "choice"),
        ("parent", {"x_slot": "t9"}, "x-slot", "choice"),
        ("tags", {"x_slot": "t9"}, "x-slot", "unknown"),
        ("parent", {"x_ref": "demo.other"}, "x-ref", "reference"),
        ("kind", {"x_choices": []}, "x-choices", "limit"),
        ("kind", {"x_choices": [{"value": "a b", "title": "甲"}]}, "x-choices.0.value", "pattern"),
        ("kind", {"x_choices": [{"value": "a,b", "title": "甲"}]}, "x-choices.0.value", "pattern"),
        ("kind", {"x_choices": [{"value": "a", "title": "甲", "color": "red"}]}, "x-choices.0.color", "choice"),
        ("kind", {"enum": ["road"]}, "enum", "choice"),
        ("count", {"minimum": 5, "maximum": 4}, "minimum", "limit"),
        ("amount", {"maximum": 10**15}, "maximum", "limit"),
        ("area", {"x_decimals": 7}, "x-decimals", "limit"),
        ("area", {"multipleOf": 5}, "multipleOf", "unknown"),
        ("papers", {"maxItems": 51}, "maxItems", "limit"),
        ("papers", {"minItems": 5}, "minItems", "limit"),
        ("code", {"x_default": "x" * 21}, "x-default", "default"),
        ("count", {"x_default": "三"}, "x-default", "default"),
        ("amount", {"x_default": 1.005}, "x-default", "default"),
        ("day", {"x_default": "2026-02-30"}, "x-default", "default"),
        ("kind", {"x_default": "bridge"}, "x-default", "default"),
        ("phone", {"x_default": "13800138000"}, "x-default", "default"),
        ("day", {"title": "名称"}, "title", "repeated"),
    ],
)
def test_a_wrong_field_is_refused_at_its_place(name: str, changes: dict[str, Any], place: str, code: str):
    found = faults(with_field(name, **changes))
    assert (f"properties.{name}.{place}", code) in found
    assert {field.split(".")[1] for field, _ in found} == {name}


@pytest.mark.parametrize("value", ["today", 5, 0.25, True, [], "2026-01-01", None])
def test_no_default_breaks_the_check(value: Any):
    for name in EVERYTHING["properties"]:
        assert isinstance(faults(with_field(name, x_default=value)), list)


@pytest.mark.parametrize("name", ["Name", "1a", "名称", "a-b", "a.b", "_a", "a" * 41, "", "a\n"])
def test_a_field_name_is_plain(name: str):
    body = small(**{name: {"x-type": "text", "title": "字段"}})
    assert faults(body) == [(f"properties.{name}", "name")]
    assert "小写字母" in message(body)


def test_there_are_limits_to_fields_and_columns():
    many = {f"f{n}": {"x-type": "boolean"} for n in range(301)}
    assert faults(small(**many)) == [("properties", "limit")]
    columns = {f"c{n}": {"title": f"c{n}", "x-type": "text"} for n in range(61)}
    assert faults(small(lines={"x-type": "rows", "items": {"properties": columns}})) == [
        ("properties.lines.items.properties", "limit")
    ]


@pytest.mark.parametrize("kind", ["rows", "file", "photo", "place"])
def test_rows_have_one_level_and_plain_columns(kind: str):
    column = {"title": "列", "x-type": kind, **({"items": {"properties": {}}} if kind == "rows" else {})}
    body = small(lines={"x-type": "rows", "items": {"properties": {"inner": column}}})
    assert ("properties.lines.items.properties.inner.x-type", "choice") in faults(body)


@pytest.mark.parametrize("key", ["x-slot", "x-section"])
def test_a_column_has_no_place_of_its_own(key: str):
    column = {"title": "列", "x-type": "text", key: "t1"}
    body = small(lines={"x-type": "rows", "items": {"properties": {"inner": column}}})
    assert faults(body)[0][0] == f"properties.lines.items.properties.inner.{key}"


def test_columns_are_checked_like_fields():
    column = {"title": "列", "x-type": "integer", "minimum": 5, "maximum": 1}
    items = {"required": ["other"], "properties": {"inner": column}}
    assert faults(small(lines={"x-type": "rows", "items": items})) == [
        ("properties.lines.items.required.0", "field"),
        ("properties.lines.items.properties.inner.minimum", "limit"),
    ]


def test_a_key_field_is_required_of_a_fitting_type_and_not_too_long():
    assert faults({**small(a={"x-type": "text"}), "x-key": ["a"]}) == [("x-key.0", "key")]
    long = small(a={"x-type": "text", "maxLength": 300}, b={"x-type": "text", "maxLength": 300})
    assert faults({**long, "x-key": ["a", "b"], "required": ["a", "b"]}) == [("x-key", "key")]
    body = {**small(a={"x-type": "money"}), "x-key": ["a"], "required": ["a"]}
    assert faults(body) == [("x-key.0", "key")]
    assert "文本、整数、日期" in message(body)


def test_choices_are_unique_by_value_and_by_title():
    twice = [{"value": "a", "title": "甲"}, {"value": "a", "title": "乙"}, {"value": "c", "title": "甲"}]
    assert faults(small(it={"x-type": "choice", "x-choices": twice})) == [
        ("properties.it.x-choices.1.value", "repeated"),
        ("properties.it.x-choices.2.title", "repeated"),
    ]


def test_a_field_may_borrow_from_the_forms_own_defs():
    shared = {"grade": {"x-type": "choice", "x-choices": [{"value": "a", "title": "甲"}]}}
    body = {**small(one={"$ref": "#/$defs/grade"}, two={"$ref": "#/$defs/grade", "x-help": "同上"}), "$defs": shared}
    assert faults(body) == []
    made = compile_form("demo.sample", body, version="1")
    assert made.fields["one"].choices == made.fields["two"].choices
    assert (made.fields["two"].help, made.fields["two"].title) == ("同上", "two")
    wrong = {**body, "$defs": {"grade": {"x-type": "choice", "x-choices": []}}}
    assert ("properties.one.x-choices", "limit") in faults(wrong)


def test_only_a_module_computes_a_field_and_then_without_a_default():
    assert faults(with_field("amount", x_computed=True)) == []
    own = check_definition(with_field("amount", x_computed=True), name="own.sample", known_forms=("demo.sample",))
    assert [(p.field, p.code) for p in own] == [("properties.amount.x-computed", "computed")]
    assert faults(with_field("day", x_computed=True)) == [("properties.day.x-default", "default")]


def test_a_suggestion_is_made_for_a_key_that_is_nearly_right():
    assert "是不是“x-label”" in message(definition(**{"x-lable": "name"}))
    assert "是不是“maxLength”" in message(with_field("name", maxlength=5))


def test_translations_name_only_what_exists():
    words = {"en": {"fields": {"nmae": {"title": "x"}, "kind": {"choices": {"bridge": "x"}},
                               "lines": {"columns": {"prize": {"title": "x"}}}}}}  # fmt: skip
    assert faults(definition(**{"x-translations": words})) == [
        ("x-translations.en.fields.nmae", "field"),
        ("x-translations.en.fields.kind.choices.bridge", "choice"),
        ("x-translations.en.fields.lines.columns.prize", "field"),
    ]


def test_messages_say_what_to_do():
    said = message(with_field("parent", x_ref="demo.other"))
    assert said == "没有叫“demo.other”的表单，请从已有的表单中选"
    assert "可用的值" in message(with_field("name", x_type="colour"))


def everywhere(body: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a definition, for breaking it there."""
    found = [path]
    if isinstance(body, dict):
        found += [deep for key, value in body.items() for deep in everywhere(value, (*path, key))]
    elif isinstance(body, list):
        found += [deep for place, value in enumerate(body) for deep in everywhere(value, (*path, place))]
    return found


PLACES = everywhere(EVERYTHING)[1:]
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 10**20), st.text(max_size=4),
    st.sampled_from(["text", "rows", "t1", "code"]),
    st.just({}), st.just([]), st.just({"$ref": "#/$defs/x"}), st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.sampled_from(["title", "x-type", "items", "properties", "$ref"]), st.text(max_size=3)),
)  # fmt: skip


def broken(path: tuple[Any, ...], junk: Any) -> dict[str, Any]:
    body = json.loads(json.dumps(EVERYTHING))
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = junk
    return body


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PLACES), JUNK)
def test_no_broken_definition_breaks_the_check(path: tuple[Any, ...], junk: Any):
    """It answers with problems, or the definition works: compiles, and checks records."""
    body = broken(path, junk)
    if not check_definition(body, name="demo.sample", known_forms=()):
        made = compile_form("demo.sample", body, version="1")
        assert isinstance(check(made, {"code": "A"}), list)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PLACES), JUNK)
def test_our_way_of_running_the_law_says_what_the_library_says(path: tuple[Any, ...], junk: Any):
    """definitions.py skips branches of other types and closes patterns at the end: never another verdict."""
    body = broken(path, junk)
    plain = jsonschema.Draft202012Validator(law("form"))
    assert bool(list(broken_rules("form", body))) == (not plain.is_valid(body))
