"""A new field type is one entry in the registry: everything else reads it there."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.forms import (
    FIELD_TYPES,
    Kind,
    check,
    clean,
    compile_form,
    format_value,
    json_schema,
    parse_value,
    slot_values,
)
from core.forms.jsonschemas import reference_validator
from core.forms.law import form_law, write
from core.forms.sense import sense
from tests.forms.samples import small

PLATE = Kind(
    name="plate",  # type: ignore[arg-type]
    title="车牌号",
    hint="车辆的号牌",
    icon="truck",
    widget="text",
    json_type="string",
    slot="t",
    may_be_key=True,
    expects="应是车牌号，例如 苏E12345",
    schema=lambda field: {"type": "string", "pattern": r"^\p{Han}[A-Z][A-Z0-9]{5,6}$"},
    parse=lambda field, given: str(given).strip().upper(),
    show=lambda field, value, labels, lang: f"{value[:2]}·{value[2:]}",
    clean=lambda field, value: value.upper() if isinstance(value, str) else value,
    explain=lambda field, value: ("plate", "不是车牌号"),
    law={"x-region": {"type": "string"}},
    properties=("title", "help", "required", "key", "listed"),
)


def test_a_new_type_is_one_entry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(FIELD_TYPES, "plate", PLATE)  # type: ignore[misc]
    body = small(car={"x-type": "plate", "x-slot": "t1", "x-region": "苏"})
    reference = reference_validator(form_law())
    assert reference.is_valid(body)
    assert not reference.is_valid(small(car={"x-type": "plate", "x-slot": "n1"}))
    assert not reference.is_valid(small(car={"x-type": "text", "x-region": "苏"}))
    assert list(sense({**body, "x-key": ["car"], "required": ["car"]}, name="x.x", known_forms=())) == []

    form = compile_form("x.x", body, version="1")
    field = form.fields["car"]
    data = clean(form, {"car": parse_value(field, " 苏e12345 ")})
    assert data == {"car": "苏E12345"}
    assert check(form, data) == []
    assert [(p.code, p.message) for p in check(form, {"car": "x"})] == [("plate", "“car”不是车牌号")]
    assert [p.message for p in check(form, {"car": 5})] == ["“car”应是车牌号，例如 苏E12345"]
    assert format_value(field, "苏E12345") == "苏E·12345"
    assert slot_values(form, data) == {"t1": "苏E12345"}
    assert "car" in json_schema(form)["properties"]
    assert '"plate"' in write(tmp_path).read_text(encoding="utf-8")
