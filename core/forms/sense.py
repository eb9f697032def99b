"""What a meta-schema cannot say: names that must exist, slots that must fit, defaults that must be values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from core.errors import Problem
from core.forms.checking import check
from core.forms.compiling import OWN, compile_form
from core.forms.dependence import across_faults, broken_elsewhere
from core.forms.flows import flow_faults, step_words_faults
from core.forms.formset import FormSet
from core.forms.formulas import formula_faults
from core.forms.jsonschemas import pattern_fault
from core.forms.model import Form
from core.forms.numerals import limit
from core.forms.texts import TEXT_LENGTH
from core.forms.types import FIELD_TYPES
from core.forms.values import clean, defaults
from core.formulas import names_in
from core.i18n import _

KEY_LENGTH = 500  # characters of all key fields together: they share one index entry


def sense(
    definition: Mapping[str, Any], *, name: str, known_forms: Collection[str] | None, forms: FormSet | None = None,
    standing: bool = False,
) -> Iterator[Problem]:
    """Problems of a definition that keeps the law and has no $ref left; the rest is as check_definition has it."""
    properties = definition["properties"]
    yield from _named(definition, properties)
    yield from _key(definition, properties)
    yield from _required("required", definition.get("required", ()), properties)
    yield from _slots(properties)
    for field_name, prop in properties.items():
        place = f"properties.{field_name}"
        yield from _field(place, prop, name=name, known_forms=known_forms)
        yield from _conditions(definition, place, prop)
        if prop["x-type"] == "rows":
            items = prop["items"]
            yield from _required(f"{place}.items.required", items.get("required", ()), items["properties"])
            for column_name, column in items["properties"].items():
                where = f"{place}.items.properties.{column_name}"
                yield from _field(where, column, name=name, known_forms=known_forms)
    yield from _same_titles(properties)
    yield from flow_faults(definition)
    if standing and forms is not None:
        yield from _standing(forms.get(name))
    else:
        yield from _formulas(compile_form(name, definition, version="0"), forms)
    yield from translation_faults(definition)


def _standing(form: Form) -> Iterator[Problem]:
    found = list(formula_faults(form))
    yield from found or across_faults(form)


def _formulas(form: Form, forms: FormSet | None) -> Iterator[Problem]:
    placed = forms.including(form) if forms is not None else form
    found = list(formula_faults(placed))
    yield from found
    if not found and forms is not None:
        yield from across_faults(placed)
        yield from broken_elsewhere(placed, forms)


def _named(definition: Mapping[str, Any], properties: Mapping[str, Any]) -> Iterator[Problem]:
    for place, field_name in enumerate(definition.get("x-list", ())):
        if field_name not in properties:
            yield Problem(f"x-list.{place}", "field", _no_field(field_name))
        elif properties[field_name]["x-type"] == "rows":
            message = _("明细不能作为列表的列，请从 x-list 中删去“{name}”", name=field_name)
            yield Problem(f"x-list.{place}", "field", message)
    label = definition.get("x-label")
    if label is not None and label not in properties:
        yield Problem("x-label", "field", _no_field(label))
    elif label is not None and not FIELD_TYPES[properties[label]["x-type"]].may_be_label:
        yield Problem("x-label", "field", _("名称字段应是文本、编号一类的字段，请换一个"))


def _no_field(name: str) -> str:
    return _("没有叫“{name}”的字段，请核对写法或先添加它", name=name)


def _key(definition: Mapping[str, Any], properties: Mapping[str, Any]) -> Iterator[Problem]:
    length = 0
    for place, field_name in enumerate(definition.get("x-key", ())):
        prop = properties.get(field_name)
        if prop is None:
            yield Problem(f"x-key.{place}", "field", _no_field(field_name))
            continue
        title = prop["title"]
        if not FIELD_TYPES[prop["x-type"]].may_be_key:
            kinds = _("、").join(_(kind.title) for kind in FIELD_TYPES.values() if kind.may_be_key)
            message = _("“{title}”的类型不能作唯一标识，可用的类型有：{kinds}", title=title, kinds=kinds)
            yield Problem(f"x-key.{place}", "key", message)
        if field_name not in definition.get("required", ()):
            message = _("“{title}”是唯一标识，必须设为必填", title=title)
            yield Problem(f"x-key.{place}", "key", message)
        length += prop.get("maxLength", TEXT_LENGTH) if prop["x-type"] == "text" else 60
    if length > KEY_LENGTH:
        message = _("唯一标识各字段加起来最长 {n} 个字，超过 {most}，请减小最大长度", n=length, most=KEY_LENGTH)
        yield Problem("x-key", "key", message)


def _required(place: str, names: Collection[str], properties: Mapping[str, Any]) -> Iterator[Problem]:
    for number, name in enumerate(names):
        if name not in properties:
            yield Problem(f"{place}.{number}", "field", _no_field(name))


def _slots(properties: Mapping[str, Any]) -> Iterator[Problem]:
    used: dict[str, str] = {}
    for name, prop in properties.items():
        slot = prop.get("x-slot")
        if slot in used:
            message = _("索引位 {slot} 已被“{title}”占用，请换一个", slot=slot, title=used[slot])
            yield Problem(f"properties.{name}.x-slot", "slot", message)
        if slot:
            used[slot] = prop["title"]


def _field(place: str, prop: Mapping[str, Any], *, name: str, known_forms: Collection[str] | None) -> Iterator[Problem]:
    low, high = prop.get("minimum"), prop.get("maximum")
    if low is not None and high is not None and low > high:
        yield Problem(f"{place}.minimum", "limit", _("最小值不能大于最大值"))
    most = limit(prop.get("x-decimals", 2) if prop["x-type"] in ("decimal", "money") else 0)
    for key in ("minimum", "maximum"):
        if prop.get(key) is not None and abs(prop[key]) > most:
            yield Problem(f"{place}.{key}", "limit", _("不能超出 ±{most}", most=f"{most:,}"))
    if prop.get("minItems", 0) > prop.get("maxItems", prop.get("minItems", 0)):
        yield Problem(f"{place}.minItems", "limit", _("最少项数不能大于最多项数"))
    yield from _pattern(place, prop)
    yield from _reference(place, prop, name=name, known_forms=known_forms)
    yield from _choices(place, prop)
    yield from _computed(place, prop, name=name)
    yield from _default(place, prop)


def _pattern(place: str, prop: Mapping[str, Any]) -> Iterator[Problem]:
    if "pattern" not in prop:
        return
    fault = pattern_fault(prop["pattern"])
    if fault == "large":
        yield Problem(f"{place}.pattern", "pattern", _("这个格式太复杂，请写得简单些"))
    elif fault:
        message = _("这个格式写得不对，或用了不支持的前后查找、反向引用，请改写")
        yield Problem(f"{place}.pattern", "pattern", message)


def _reference(
    place: str, prop: Mapping[str, Any], *, name: str, known_forms: Collection[str] | None
) -> Iterator[Problem]:
    if prop["x-type"] == "reference" and known_forms is not None:
        target = prop["x-ref"]
        if target != name and target not in known_forms:
            message = _("没有叫“{form}”的表单，请从已有的表单中选", form=target)
            yield Problem(f"{place}.x-ref", "reference", message)


def _choices(place: str, prop: Mapping[str, Any]) -> Iterator[Problem]:
    choices = prop.get("x-choices", ())
    for key, words in (("value", _("选项的值“{one}”重复了")), ("title", _("选项“{one}”重复了"))):
        seen = set()
        for number, choice in enumerate(choices):
            if choice[key] in seen:
                yield Problem(f"{place}.x-choices.{number}.{key}", "repeated", words.format(one=choice[key]))
            seen.add(choice[key])
    values = [choice["value"] for choice in choices]
    listed = prop.get("enum") if "enum" in prop else (prop.get("items") or {}).get("enum")
    if choices and listed is not None and sorted(listed) != sorted(values):
        yield Problem(f"{place}.enum", "choice", _("enum 与 x-choices 的值不一致；删去 enum 即可"))


def _computed(place: str, prop: Mapping[str, Any], *, name: str) -> Iterator[Problem]:
    typed = prop.get("x-formula") and place.rpartition(".")[2] in names_in(prop["x-formula"])
    if typed or not (prop.get("x-computed") or prop.get("x-formula")):
        return
    if prop.get("x-computed") and name.startswith(f"{OWN}."):
        yield Problem(f"{place}.x-computed", "computed", _("自动计算的字段只能由模块提供，请删去这一设置"))
    if "x-default" in prop:
        yield Problem(f"{place}.x-default", "default", _("自动计算的字段不需要默认值，请删去"))


def _default(place: str, prop: Mapping[str, Any]) -> Iterator[Problem]:
    """A default must be a value that the field itself would accept."""
    if "x-default" not in prop or isinstance(prop["x-default"], Mapping):
        yield from _worked_out_default(place, prop)
        return
    allowed = {key: value for key, value in prop.items() if key not in ("x-slot", "x-formula", "x-when")}
    form = compile_form("x.x", {"title": "x", "properties": {"it": allowed}}, version="0")
    data = defaults(form, me="0" * 16)
    if "default" not in FIELD_TYPES[prop["x-type"]].properties:
        yield Problem(f"{place}.x-default", "default", _("这种字段不能有默认值，请删去"))
    elif not data or check(form, clean(form, data)):
        message = _("默认值“{value}”不是这个字段能填的值", value=prop["x-default"])
        yield Problem(f"{place}.x-default", "default", message)


def _worked_out_default(place: str, prop: Mapping[str, Any]) -> Iterator[Problem]:
    """`{"formula": "…"}`; whether the formula can work is said with the others."""
    default = prop.get("x-default")
    if not isinstance(default, Mapping):
        return
    if set(default) != {"formula"} or not isinstance(default["formula"], str) or not default["formula"].strip():
        yield Problem(f"{place}.x-default", "default", _("算出的默认值写作 {shape}", shape='{"formula": "…"}'))
    elif ".items.properties." in place:
        yield Problem(f"{place}.x-default", "default", _("明细的列不能有算出的默认值，请删去"))


def _conditions(definition: Mapping[str, Any], place: str, prop: Mapping[str, Any]) -> Iterator[Problem]:
    when, name = prop.get("x-when") or {}, place.rpartition(".")[2]
    if when.get("visible") and name in definition.get("x-key", ()):
        yield Problem(f"{place}.x-when.visible", "key", _("“{title}”是唯一标识，要一直显示", title=prop["title"]))
    if "hidden" in when and "visible" not in when:
        yield Problem(f"{place}.x-when.hidden", "condition", _("没有“何时显示”的条件，这一项不起作用，请删去"))


def _same_titles(properties: Mapping[str, Any]) -> Iterator[Problem]:
    """Import matches columns by title: two fields of one title could not be told apart."""
    seen: dict[str, str] = {}
    for name, prop in properties.items():
        if prop["title"] in seen:
            message = _("已有一个字段叫“{title}”，请换个名称", title=prop["title"])
            yield Problem(f"properties.{name}.title", "repeated", message)
        seen.setdefault(prop["title"], name)


def translation_faults(definition: Mapping[str, Any]) -> Iterator[Problem]:
    """Translations of what does not exist: a field that was renamed or a choice that went."""
    for lang, words in (definition.get("x-translations") or {}).items():
        yield from _translated(f"x-translations.{lang}.fields", words.get("fields") or {}, definition["properties"])
    yield from step_words_faults(definition)


def _translated(place: str, words: Mapping[str, Any], properties: Mapping[str, Any]) -> Iterator[Problem]:
    for name, word in words.items():
        prop = properties.get(name)
        if prop is None:
            yield Problem(f"{place}.{name}", "field", _no_field(name))
            continue
        values = {choice["value"] for choice in prop.get("x-choices", ())}
        for value in word.get("choices") or {}:
            if value not in values:
                yield Problem(f"{place}.{name}.choices.{value}", "choice", _("没有值为“{value}”的选项", value=value))
        columns = (prop.get("items") or {}).get("properties") or {}
        yield from _translated(f"{place}.{name}.columns", word.get("columns") or {}, columns)
