"""The law of definitions: builds schemas/form.schema.json from the registry of types, and reads it back.

`python -m core.forms` writes the file; a test says when it is out of date. Editors, other tools and
check_definition read the file, never this module.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from core.forms.slots import ALL_SLOTS
from core.forms.types import FIELD_TYPES, Kind
from core.formulas import LONGEST_FORMULA
from core.settings import ROOT

NAME = "^[a-z][a-z0-9_]{0,39}$"
MOST_FIELDS, MOST_COLUMNS, MOST_CHOICES, MOST_RULES = 300, 60, 500, 50
MOST_STATES, MOST_STEPS = 30, 100
COMMENTS = ("none", "optional", "required")
COLORS = ("grey", "blue", "green", "purple", "cyan", "pink")
FOLDER = ROOT / "schemas"
_LANGUAGE = {"type": "string", "pattern": "^[a-z]{2}$"}


@cache
def law(name: str) -> dict[str, Any]:
    """One of the meta-schemas: "form", "module", "overlay"."""
    return json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def form_law() -> dict[str, Any]:
    """The meta-schema of forms."""
    names = {"$ref": "#/$defs/names"}
    properties = {
        "$schema": {"type": "string"},
        "type": {"const": "object"},
        "title": _text(60),
        "description": _text(500),
        "properties": _fields(MOST_FIELDS, "#/$defs/field_or_borrowed"),
        "required": names,
        "additionalProperties": {"const": False},
        "$defs": {"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": {"type": "object"}},
        "x-version": {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)*$", "maxLength": 20},
        "x-key": {**names, "maxItems": 3},
        "x-list": {**names, "maxItems": 40},
        "x-label": {"type": "string"},
        "x-icon": {"type": "string", "pattern": "^[a-z0-9-]{1,40}$"},
        "x-menu": {"type": "boolean"},
        "x-offline": {"type": "boolean"},
        "x-rules": {"type": "array", "maxItems": MOST_RULES, "items": {"$ref": "#/$defs/rule"}},
        "x-states": {"$ref": "#/$defs/states"},
        "x-flow": {"type": "array", "maxItems": MOST_STEPS, "items": {"$ref": "#/$defs/step"}},
        "x-translations": {
            "type": "object",
            "propertyNames": _LANGUAGE,
            "additionalProperties": {"$ref": "#/$defs/translation"},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:dougong:form",
        "title": "A form of Dougong",
        "description": "Written by `python -m core.forms`; explained in schemas/README.md.",
        "type": "object",
        "required": ["title", "properties"],
        "properties": properties,
        "additionalProperties": False,
        "$defs": _definitions(),
    }


def _definitions() -> dict[str, Any]:
    types = {kind.name: _type(kind) for kind in FIELD_TYPES.values()}
    columns = [name for name, kind in FIELD_TYPES.items() if kind.in_rows]
    row = {
        "type": "object",
        "required": ["properties"],
        "properties": {
            "type": {"const": "object"},
            "properties": _fields(MOST_COLUMNS, "#/$defs/column_or_borrowed"),
            "required": {"$ref": "#/$defs/names"},
            "additionalProperties": {"const": False},
        },
        "additionalProperties": False,
    }
    column = {
        "properties": {"x-type": {"enum": columns}, "x-slot": {"not": {}}, "x-section": {"not": {}},
                       "x-when": {"not": {}}},
        "$ref": "#/$defs/field",
    }
    return {
        "names": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "choice_list": _choices(),
        "borrowed": _borrowed(),
        "field_or_borrowed": _either("field"),
        "column_or_borrowed": _either("column"),
        "field": _field(),
        "column": column,
        "row": row,
        "rule": _rule(),
        "states": _states(),
        "step": _step(),
        "when": _when(),
        "translation": _translation(),
        **types,
    }


def _rule() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["when", "message"],
        "properties": {"when": _text(LONGEST_FORMULA), "message": _text(200), "field": {"type": "string"}},
        "additionalProperties": False,
    }


def _states() -> dict[str, Any]:
    names = {"$ref": "#/$defs/names"}
    state = {
        "type": "object",
        "properties": {
            "final": {"type": "boolean"},
            "read_only": {"anyOf": [{"const": True}, names]},
            "required": names,
        },
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "required": ["field", "initial"],
        "properties": {
            "field": {"type": "string"},
            "initial": {"type": "string"},
            "states": {"type": "object", "maxProperties": MOST_STATES, "additionalProperties": state},
        },
        "additionalProperties": False,
    }


def _step() -> dict[str, Any]:
    names = {"$ref": "#/$defs/names"}
    return {
        "type": "object",
        "required": ["code", "title", "from", "to"],
        "properties": {
            "code": {"type": "string", "pattern": NAME},
            "title": _text(20),
            "from": {**names, "minItems": 1},
            "to": {"type": "string"},
            "roles": {**names, "maxItems": 20},
            "when": _text(LONGEST_FORMULA),
            "message": _text(200),
            "required": {**names, "maxItems": 20},
            "comment": {"enum": list(COMMENTS)},
            "apart": names,
        },
        "additionalProperties": False,
    }


def _when() -> dict[str, Any]:
    conditions = {name: _text(LONGEST_FORMULA) for name in ("visible", "required", "readonly")}
    return {
        "description": "Conditions of a field; `hidden` says what becomes of its value while it is not visible.",
        "type": "object",
        "minProperties": 1,
        "properties": {**conditions, "hidden": {"enum": ["clear", "keep"]}},
        "additionalProperties": False,
    }


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _fields(most: int, each: str) -> dict[str, Any]:
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": most,
        "propertyNames": {"pattern": NAME},
        "additionalProperties": {"$ref": each},
    }


def _choices() -> dict[str, Any]:
    choice = {
        "type": "object",
        "required": ["value", "title"],
        "properties": {
            "value": {"type": "string", "pattern": "^[^\\s,，、;；|/:]{1,60}$"},
            "title": _text(60),
            "color": {"enum": list(COLORS)},
        },
        "additionalProperties": False,
    }
    return {"type": "array", "minItems": 1, "maxItems": MOST_CHOICES, "items": choice}


def _borrowed() -> dict[str, Any]:
    return {
        "description": "A field that takes what it does not say itself from the form's own $defs.",
        "type": "object",
        "properties": {"$ref": {"type": "string", "pattern": "^#/\\$defs/[a-z][a-z0-9_]{0,39}$"}},
    }


def _either(name: str) -> dict[str, Any]:
    return {
        "if": {"type": "object", "required": ["$ref"]},
        "then": {"$ref": "#/$defs/borrowed"},
        "else": {"$ref": f"#/$defs/{name}"},
    }


def _field() -> dict[str, Any]:
    branches = [
        {"if": {"properties": {"x-type": {"const": name}}}, "then": {"$ref": f"#/$defs/{name}"}} for name in FIELD_TYPES
    ]
    known = {
        "type": "object",
        "required": ["title", "x-type"],
        "properties": {"x-type": {"enum": list(FIELD_TYPES)}},
    }
    apart = {"required": ["x-type"], "properties": {"x-type": {"enum": list(FIELD_TYPES)}}}
    return {**known, "if": apart, "then": {"allOf": branches}}


def _type(kind: Kind) -> dict[str, Any]:
    slots = [slot for slot in ALL_SLOTS if slot[0] == kind.slot]
    properties = {
        "title": _text(60),
        "type": {"const": kind.json_type},
        "x-type": {"const": kind.name},
        "x-help": _text(300),
        "x-section": _text(40),
        "x-pii": {"type": "boolean"},
        "x-computed": {"type": "boolean"},
        "x-formula": _text(LONGEST_FORMULA),
        "x-default": True,
        "x-when": {"$ref": "#/$defs/when"},
        **({"x-slot": {"enum": slots}} if slots else {}),
        **kind.law,
    }
    needs = {"required": list(kind.needs)} if kind.needs else {}
    return {"description": kind.title, "properties": properties, **needs, "additionalProperties": False}


def _translation() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1}
    words = {
        "type": "object",
        "properties": {
            "title": text,
            "help": text,
            "section": text,
            "unit": text,
            "choices": {"type": "object", "additionalProperties": text},
            "columns": {"type": "object", "additionalProperties": {"$ref": "#/$defs/translation/$defs/words"}},
        },
        "additionalProperties": False,
    }
    fields = {"type": "object", "additionalProperties": {"$ref": "#/$defs/translation/$defs/words"}}
    step = {"type": "object", "properties": {"title": text, "message": text}, "additionalProperties": False}
    steps = {"type": "object", "additionalProperties": step}
    return {
        "type": "object",
        "properties": {"title": text, "description": text, "fields": fields, "steps": steps},
        "additionalProperties": False,
        "$defs": {"words": words},
    }


def written(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def write(folder: Path = FOLDER) -> Path:
    path = folder / "form.schema.json"
    path.write_text(written(form_law()), encoding="utf-8")
    return path
