"""Forms for the tests of this room: one with a field of every type, and short ways to make others."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

from core.forms import Field, Form, compile_form

ID, OTHER_ID = "01HZX3V9K4ABCDEF", "01HZX3V9K4ABCDEG"
CARD = "11010519491231002X"  # the standard's own example
CREDIT = "91350100M000100Y43"  # the standard's own example

EVERYTHING: dict[str, Any] = {
    "title": "样表",
    "description": "每种字段一个",
    "type": "object",
    "x-version": "3",
    "x-key": ["code"],
    "x-list": ["code", "name", "amount", "day"],
    "x-label": "name",
    "x-icon": "file",
    "required": ["code", "name", "lines"],
    "properties": {
        "code": {"title": "编号", "type": "string", "x-type": "text", "maxLength": 20, "x-slot": "t1"},
        "name": {"title": "名称", "x-type": "text", "x-slot": "t2", "pattern": "^[^<>]+$", "x-help": "不含尖括号"},
        "notes": {"title": "备注", "x-type": "longtext", "maxLength": 100},
        "count": {"title": "户数", "x-type": "integer", "minimum": 0, "maximum": 9999, "x-unit": "户", "x-slot": "n1"},
        "area": {"title": "面积", "x-type": "decimal", "x-decimals": 3, "x-unit": "㎡", "x-slot": "n2"},
        "amount": {"title": "金额", "x-type": "money", "minimum": 0, "x-unit": "元", "x-slot": "n3"},
        "day": {"title": "日期", "x-type": "date", "x-slot": "d1", "x-default": "today"},
        "moment": {"title": "时刻", "x-type": "datetime", "x-slot": "d2", "x-default": "now"},
        "done": {"title": "完成", "x-type": "boolean", "x-slot": "n4", "x-default": False},
        "kind": {
            "title": "类别",
            "x-type": "choice",
            "x-slot": "t3",
            "x-choices": [
                {"value": "road", "title": "道路", "color": "blue"},
                {"value": "water", "title": "供水、排水"},
                {"value": "other", "title": "其他"},
            ],
        },
        "tags": {
            "title": "标签",
            "x-type": "choices",
            "x-choices": [
                {"value": "urgent", "title": "加急"},
                {"value": "green", "title": "绿化"},
                {"value": "both", "title": "供水、排水"},
            ],
        },
        "parent": {"title": "上级", "x-type": "reference", "x-ref": "demo.sample", "x-slot": "r1"},
        "keeper": {"title": "经办人", "x-type": "person", "x-slot": "r2", "x-default": "me"},
        "phone": {"title": "电话", "x-type": "phone", "x-slot": "t4"},
        "card": {"title": "身份证", "x-type": "idcard", "x-slot": "t5"},
        "credit": {"title": "信用代码", "x-type": "uscc", "x-slot": "t6"},
        "papers": {"title": "附件", "x-type": "file", "maxItems": 3},
        "photos": {"title": "照片", "x-type": "photo"},
        "place": {"title": "地点", "x-type": "place"},
        "lines": {
            "title": "明细",
            "x-type": "rows",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["item"],
                "properties": {
                    "item": {"title": "名目", "x-type": "text", "maxLength": 10},
                    "price": {"title": "单价", "x-type": "money"},
                    "due": {"title": "到期", "x-type": "date"},
                },
            },
        },
    },
    "x-translations": {
        "en": {
            "title": "Sample",
            "fields": {
                "name": {"title": "Name"},
                "kind": {"choices": {"road": "Road"}},
                "lines": {"columns": {"item": {"title": "Item"}}},
            },
        }
    },
}


def definition(**changes: Any) -> dict[str, Any]:
    """A copy of EVERYTHING with top-level keys replaced; a value of None removes the key."""
    body = deepcopy(EVERYTHING)
    body.update(changes)
    return {key: value for key, value in body.items() if value is not None}


def with_field(name: str, **changes: Any) -> dict[str, Any]:
    """A copy of EVERYTHING with one field changed; a keyword is written x_slot for x-slot."""
    body = deepcopy(EVERYTHING)
    prop = body["properties"].setdefault(name, {})
    for key, value in changes.items():
        prop["x-" + key[2:].replace("_", "-") if key.startswith("x_") else key] = value
    return body


def small(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"title": "小表", "properties": {name: {"title": name, **prop} for name, prop in fields.items()}}


def form(**changes: Any) -> Form:
    return compile_form("demo.sample", definition(**changes), version="3")


def field(kind: str, **changes: Any) -> Field:
    """A field of `kind` as it is in EVERYTHING, with changes."""
    body = next(prop for prop in EVERYTHING["properties"].values() if prop["x-type"] == kind)
    made = compile_form("demo.one", {"title": "x", "properties": {"it": {**body, **changes}}}, version="1")
    return made.fields["it"]


def whole() -> dict[str, Any]:
    """A record of EVERYTHING with a value in every field, as clean() leaves it."""
    return {
        "code": "A-1", "name": "解放路改造", "notes": "第一行\n第二行", "count": 1200, "area": Decimal("12.345"),
        "amount": Decimal("1234.50"), "day": "2026-03-15", "moment": "2026-03-15T08:30:00Z", "done": False,
        "kind": "road", "tags": ["urgent", "green"], "parent": ID, "keeper": OTHER_ID, "phone": "13800138000",
        "card": CARD, "credit": CREDIT, "papers": [ID], "photos": [ID, OTHER_ID],
        "place": {"address": "人民路 1 号", "lat": Decimal("31.298"), "lng": Decimal("120.585")},
        "lines": [{"item": "石板", "price": Decimal("80.00"), "due": "2026-05-01"}, {"item": "人工"}],
    }  # fmt: skip
