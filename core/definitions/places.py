"""Where a problem of a definition lies for the one who designs it: which field, which property, in his words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.definitions.properties import PARTS
from core.errors import Problem
from core.forms import PROPERTIES
from core.i18n import _

_FIELD = re.compile(r"properties\.([^.]+)(?:\.items\.properties\.([^.]+))?\.?(.*)")
_PARTS = {f"{key}.{part}": name for name, (key, part) in PARTS.items()}
_WHOLE = [p for p in PROPERTIES.values() if p.place == "field" and p.name not in PARTS]
_BY_KEY = {p.keyword: p.name for p in _WHOLE} | {name: name for name in PARTS} | {"enum": "choices"}


def placed(problems: Sequence[Problem], definition: Mapping[str, Any]) -> tuple[Problem, ...]:
    """The problems with `field` as "path:property", ":property" for the form itself."""
    return tuple(Problem(_place(p.field, definition), p.code, _words(p)) for p in problems)


def _place(field: str, definition: Mapping[str, Any]) -> str:
    found = _FIELD.fullmatch(field)
    if found:
        name, column, rest = found.groups()
        key = _PARTS.get(rest, rest.partition(".")[0])
        property_ = "columns" if not column and key == "items" else _BY_KEY.get(key, key or "title")
        return f"{name}.{column}:{property_}" if column else f"{name}:{property_}"
    head, _dot, rest = field.partition(".")
    if head in ("x-key", "x-list") and rest.isdigit() and int(rest) < len(definition.get(head, ())):
        name = definition[head][int(rest)]
        if name in definition.get("properties", {}):
            return f"{name}:{'key' if head == 'x-key' else 'listed'}"
    names = {"properties": "fields", "x-key": "key", "x-list": "listed", "x-label": "label"}
    return f":{names.get(head, head)}"


def _words(problem: Problem) -> str:
    """What the law says of keys, said of what is on the screen."""
    key = problem.field.rpartition(".")[2]
    if key == "x-ref" and problem.code in ("required", "type"):
        return _("请选择要关联的表单")
    if key == "x-choices" and problem.code in ("required", "limit"):
        return _("请至少添加一个选项")
    if key == "properties" and problem.code in ("required", "limit"):
        return _("还没有字段，请先从左边添加")
    if key == "title" and problem.code in ("required", "limit"):
        return _("请填写名称，最多 60 个字")
    return problem.message


def by_property(problems: Sequence[Problem], path: str) -> dict[str, str]:
    """The messages of one field (of the form where `path` is ""), by property."""
    found: dict[str, str] = {}
    for problem in problems:
        where, _colon, property_ = problem.field.rpartition(":")
        if where == path:
            found[property_] = f"{found[property_]}；{problem.message}" if property_ in found else problem.message
    return found


def wrong_paths(problems: Sequence[Problem]) -> frozenset[str]:
    """The fields with a problem; a rows field also where one of its columns has one."""
    paths = {problem.field.rpartition(":")[0] for problem in problems}
    return frozenset(paths | {path.partition(".")[0] for path in paths})
