"""Names and values that the tests of formulas share."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

from core.formulas import Formula, Named, Scene, Scope, compile_formula

ROWS = {
    "amount": Named("amount", "number", "金额"),
    "quantity": Named("quantity", "number", "数量"),
    "kind": Named("kind", "text", "类别"),
    "day": Named("day", "date", "日期"),
}
SCOPE = Scope({
    "amount": Named("amount", "number", "合同金额（含税）"),
    "rate": Named("rate", "number", "税率"),
    "none": Named("none", "number", "没有填"),
    "name": Named("name", "text", "名称"),
    "note": Named("note", "text", "说明"),
    "start": Named("start", "date", "开工"),
    "finish": Named("finish", "date", "完工"),
    "met": Named("met", "datetime", "会议时间"),
    "ok": Named("ok", "boolean", "通过"),
    "open": Named("open", "boolean", "未定"),
    "tags": Named("tags", "list:text", "标签"),
    "lines": Named("lines", "list:row", "明细", ROWS),
    "project": Named("project", "text", "项目", {"name": Named("name", "text", "名称")}),
    "twin_a": Named("twin_a", "number", "同名"),
    "twin_b": Named("twin_b", "number", "同名"),
})  # fmt: skip
VALUES: dict[str, Any] = {
    "amount": D("109.00"), "rate": D(9), "name": "解放路排水", "start": "2025-09-30", "finish": "2026-02-12",
    "met": "2026-03-05T16:30:00Z", "ok": True, "tags": ["road", "water"], "project": "0" * 16,
    "lines": [
        {"amount": D("1.50"), "quantity": 2, "kind": "a", "day": "2026-01-02"},
        {"amount": D("3.25"), "kind": "b", "day": "2026-01-01"},
        {"amount": D(10), "quantity": D("0.5"), "kind": "a"},
    ],
}  # fmt: skip
SCENE = Scene(
    now="2026-03-05T16:30:59.123456Z", me="MEMBER0000000001", department="DEPARTMENT000001",
    old={"amount": D(100), "lines": [{"amount": D(4)}]}, lookups={("project", "name"): "解放路"},
)  # fmt: skip


def answer(text: str, values: dict[str, Any] = VALUES, scene: Scene = SCENE) -> Any:
    found = compile_formula(text, SCOPE)
    assert isinstance(found, Formula), found
    return found.value(values, scene)


def faults(text: str, scope: Scope = SCOPE) -> list[tuple[int, int, str]]:
    found = compile_formula(text, scope)
    assert isinstance(found, list), found
    return [(one.line, one.column, one.suggestion) for one in found]
