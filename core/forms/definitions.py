"""Whether a definition may become a form: first the law (schemas/form.schema.json), then sense."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from core.errors import Problem
from core.forms.formset import FormSet
from core.forms.jsonschemas import reference_validator
from core.forms.law import law
from core.forms.overlays import merge
from core.forms.resolving import dangling, resolved
from core.forms.sense import sense
from core.i18n import _


def check_definition(
    definition: Any, *, name: str, known_forms: Collection[str] | None, forms: FormSet | None = None,
    standing: bool = False,
) -> list[Problem]:
    """Everything wrong with `definition` as the form `name`: place, and what to do. [] where it may be published.

    `known_forms` are the names that x-ref may point at, besides `name` itself; None: not asked now. `forms`: the
    forms among which it is to stand; without them its formulas can read nothing but its own fields. `standing`: it
    is one of them already, and each of the others is asked about by itself.
    """
    if not isinstance(definition, Mapping):
        return [Problem("", "type", _("表单定义应是一个 JSON 对象"))]
    whole = resolved(definition)
    problems = list(broken_rules("form", definition)) or list(_dangling(whole))
    if not problems and whole != definition:  # something was borrowed: what came of it keeps the law too
        problems = list(broken_rules("form", whole))
    return problems or list(
        sense(whole, name=name, known_forms=known_forms, forms=forms, standing=standing)
    )


def _dangling(whole: Mapping[str, Any]) -> Iterator[Problem]:
    for place, target in dangling(whole):
        message = _("“{target}”不存在；$ref 只能指向本表单 $defs 里的一项，写作 #/$defs/名称", target=target)
        yield Problem(f"{place}.$ref", "reference", message)


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Python's $ also matches before a final line break; the standard's does not."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _branches(validator: Any, schemas: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """allOf, without trying the branches of other field types: each begins with `if x-type is …`."""
    kind = instance.get("x-type") if isinstance(instance, Mapping) else None
    for place, branch in enumerate(schemas):
        only = branch.get("if", {}).get("properties", {}).get("x-type", {}).get("const") if kind else None
        if only is None or only == kind:
            yield from validator.descend(instance, branch, schema_path=place)


_LIMITS = (
    "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "minProperties", "maxProperties",
)  # fmt: skip
_Law = extend(Draft202012Validator, {"pattern": _pattern, "allOf": _branches})


@cache
def _validator(name: str) -> Any:
    return reference_validator(law(name), cls=_Law)


def broken_rules(name: str, instance: Any) -> Iterator[Problem]:
    """What of the meta-schema `name` ("form", "module", "overlay") `instance` breaks, each place once."""
    seen = set()
    for error in sorted(_validator(name).iter_errors(instance), key=lambda e: [str(part) for part in e.absolute_path]):
        place = ".".join(str(part) for part in error.absolute_path)
        for problem in _worded(error, place):
            if (problem.field, problem.code) not in seen:
                seen.add((problem.field, problem.code))
                yield problem


def _worded(error: ValidationError, place: str) -> Iterator[Problem]:
    value, limit = error.instance, error.validator_value
    shown = str(value) if len(str(value)) <= 60 else str(value)[:60] + "…"
    match error.validator:
        case "additionalProperties" if isinstance(value, Mapping):
            known = list(error.schema.get("properties") or {})
            for key in value:
                if key not in known:
                    yield Problem(_joined(place, key), "unknown", _unknown(str(key), known))
        case "required":
            for key in limit:
                if key not in value:
                    yield Problem(_joined(place, key), "required", _("缺少“{key}”，请补上", key=key))
        case "enum":
            names = _("、").join(str(one) for one in limit)
            yield Problem(place, "choice", _("“{value}”不在可用的值里：{names}", value=shown, names=names))
        case "const":
            yield Problem(place, "choice", _("这里只能是“{value}”，或者不写", value=limit))
        case "pattern" if len(error.absolute_path) and "propertyNames" in error.absolute_schema_path:
            yield Problem(_joined(place, shown), "name", _name_rule(shown))
        case "pattern" if "propertyNames" in error.absolute_schema_path:
            yield Problem(shown, "name", _name_rule(shown))
        case "pattern":
            yield Problem(place, "pattern", _("“{value}”的写法不对，应符合 {pattern}", value=shown, pattern=limit))
        case "type":
            yield Problem(place, "type", _("这里应是{types}", types=_type_name(limit)))
        case rule if rule in _LIMITS:
            yield Problem(place, "limit", _limit(rule, limit))
        case "uniqueItems":
            yield Problem(place, "repeated", _("有重复的项，请删去一个"))
        case "not" if limit == {}:
            yield Problem(place, "unknown", _("明细的列不能有这个设置，请删去"))
        case "not":
            yield Problem(place, "name", _("名称“{value}”由系统保留，请换一个", value=shown))
        case _:
            yield Problem(place, str(error.validator), _("这里的写法不对：{value}", value=shown))


def _joined(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _unknown(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return _("不认识的设置“{key}”，是不是“{close}”？", key=key, close=close[0])
    return _("不认识的设置“{key}”，请删去；可用的有：{known}", key=key, known=_("、").join(known))


def _name_rule(name: str) -> str:
    return _("名称“{name}”不能用：只能用小写字母、数字和下划线，字母开头，最多 40 个字符", name=name)


def _limit(rule: str, limit: Any) -> str:
    words = {
        "minLength": _("不能为空"), "maxLength": _("最多 {limit} 个字", limit=limit),
        "minimum": _("不能小于 {limit}", limit=limit), "maximum": _("不能大于 {limit}", limit=limit),
        "minItems": _("至少要有 {limit} 项", limit=limit), "maxItems": _("最多 {limit} 项", limit=limit),
        "minProperties": _("至少要有 {limit} 项", limit=limit), "maxProperties": _("最多 {limit} 项", limit=limit),
    }  # fmt: skip
    return words[rule]


def _type_name(types: Any) -> str:
    words = {
        "object": _("一个对象"), "array": _("一个列表"), "string": _("文字"), "integer": _("整数"),
        "number": _("数字"), "boolean": _("true 或 false"),
    }  # fmt: skip
    return _("或").join(words.get(one, one) for one in ([types] if isinstance(types, str) else types))


def check_overlay(
    overlay: Any, *, name: str, base: Mapping[str, Any], known_forms: Collection[str] | None,
    forms: FormSet | None = None,
) -> list[Problem]:  # fmt: skip
    """Everything wrong with a tenant's `overlay` over the module's form `name`. [] where it may be published."""
    problems = list(broken_rules("overlay", overlay))
    if problems:
        return problems
    merged = merge(base, overlay)
    problems = list(merged.findings)
    for added in merged.added:
        if merged.definition["properties"][added].get("x-computed"):
            message = _("自动计算的字段只能由模块提供，请删去这一设置")
            problems.append(Problem(f"properties.{added}.x-computed", "computed", message))
    words = {key: value for key, value in merged.definition.items() if key != "x-translations"}
    return problems + check_definition(words, name=name, known_forms=known_forms, forms=forms)
