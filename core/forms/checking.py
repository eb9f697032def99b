"""Checking a record against its form: all problems at once, by path, in the user's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import Problem
from core.forms.jsonschemas import compiled, json_schema
from core.forms.model import Field, Form
from core.forms.texts import choice_hint
from core.forms.types import FIELD_TYPES
from core.i18n import _


def check(form: Form, data: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with `data` (as clean() leaves it), in the form's order; [] where nothing is.

    Whether what is referred to exists is for records to say; here only its shape counts.
    """
    try:
        if validator(form).is_valid(data):
            return []
        found = list(_problems(form, data))
    except (ValueError, TypeError, OverflowError):  # a value that is not JSON at all: NaN, bytes, a set
        found = [_not_json(form, name, value) for name, value in data.items() if not _is_json(value)]
    mistyped = {problem.field for problem in found if problem.code == "type"}
    said = (problem for problem in found if problem.code == "type" or problem.field not in mistyped)
    return sorted(dict.fromkeys(said), key=_order(form))


def validator(form: Form) -> Any:
    """The compiled validator of `form`: made on first use and kept with it."""
    if form.machine is None:
        object.__setattr__(form, "machine", compiled(json_schema(form)))
    return form.machine


def _problems(form: Form, data: Mapping[str, Any]) -> Iterator[Problem]:
    for error in validator(form).iter_errors(data):
        path = list(error.instance_path)
        kind = error.kind
        if kind.name == "required":
            path.append(kind.property)
        if kind.name == "additionalProperties":
            for name in kind.unexpected:
                yield _unknown(form, [*path, name])
            continue
        yield _problem(form, path, kind, error.instance)


def _problem(form: Form, path: list[Any], kind: Any, value: Any) -> Problem:
    field = form.fields.get(path[0]) or form.hidden.get(path[0]) if path else None
    if field is None:
        return Problem("", "type", _("提交的内容应是一组字段"))
    place, title = str(path[0]), _("“{title}”", title=field.title)
    if field.type == "rows" and len(path) > 1:
        column = next((c for c in field.columns if len(path) > 2 and c.name == path[2]), None)
        title = _row_title(field, path[1], column)
        place = ".".join(str(part) for part in path[:3])
        field = column or field
    code, words = _sentence(field, kind, value)
    return Problem(place, code, title + words)


def _row_title(field: Field, row: int, column: Field | None) -> str:
    if column is None:
        return _("“{title}”第 {n} 行", title=field.title, n=row + 1)
    return _("“{title}”第 {n} 行的“{column}”", title=field.title, n=row + 1, column=column.title)


def _sentence(field: Field, kind: Any, value: Any) -> tuple[str, str]:
    """(code, what is wrong and what to do), to stand behind the field's title."""
    match kind.name:
        case "required" | "minLength":
            return ("place", _("请填写地址")) if field.type == "place" else ("required", _("必须填写"))
        case "maxLength":
            return "too_long", _("最多 {most} 个字，现在有 {n} 个", most=kind.limit, n=len(value))
        case "minimum":
            return "too_small", _("不能小于 {limit}", limit=f"{kind.limit:,}")
        case "maximum":
            return "too_big", _("不能大于 {limit}", limit=f"{kind.limit:,}")
        case "multipleOf":
            return "places", _("最多 {n} 位小数", n=field.decimals)
        case "enum":
            return "choice", _("不能是“{value}”，{hint}", value=value, hint=choice_hint(field))
        case "minItems":
            return ("required", _("必须填写")) if kind.limit == 1 else ("too_few", _("至少要有 {n} 项", n=kind.limit))
        case "maxItems":
            return "too_many", _("最多 {most} 项，现在有 {n} 项", most=kind.limit, n=len(value))
        case "uniqueItems":
            return "repeated", _("有重复的项")
        case "dependentRequired":
            return "place", _("的经度和纬度要一起填")
        case "type":
            return "type", expected(field)
    explain = FIELD_TYPES[field.type].explain  # a pattern or a format: each type has its own words
    return explain(field, value) if explain else ("type", expected(field))


def expected(field: Field) -> str:
    """What a value of `field` looks like, to stand behind its title."""
    return _(FIELD_TYPES[field.type].expects)


def _unknown(form: Form, path: list[Any]) -> Problem:
    place = ".".join(str(part) for part in path)
    if len(path) == 2:  # inside a place
        return Problem(str(path[0]), "unknown", _("“{name}”不是地点的一部分，请删去", name=path[-1]))
    return Problem(place, "unknown", _("没有叫“{name}”的字段，请删去或核对写法", name=path[-1]))


def _not_json(form: Form, name: str, value: Any) -> Problem:
    field = form.fields.get(name) or form.hidden.get(name)
    if field is None:
        return _unknown(form, [name])
    return Problem(name, "type", _("“{title}”", title=field.title) + expected(field))


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(_is_json(one) for one in value)
    if isinstance(value, str):
        return value.isprintable() or not any("\ud800" <= c <= "\udfff" for c in value)
    if value is None or isinstance(value, bool | int):
        return True
    return hasattr(value, "as_tuple") and value.is_finite()


def _order(form: Form) -> Any:
    places = {name: place for place, name in enumerate((*form.fields, *form.hidden))}

    def key(problem: Problem) -> tuple[int, int]:
        parts = problem.field.split(".")
        row = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else -1
        return places.get(parts[0], len(places)), row

    return key
