"""What may be typed into the properties of a field and what value it becomes; what they are is in core.forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from core.forms import FIELD_TYPES, MAY_BE_COMPUTED, PROPERTIES, compile_schema, pattern_fault
from core.forms.overlays import SAFE
from core.i18n import _

# properties that are formulas -> what the formula is to its field
FORMULAS: Mapping[str, str] = {
    "formula": "formula", "default_formula": "default", "visible_when": "visible", "required_when": "required",
    "readonly_when": "readonly",
}  # fmt: skip
# properties that are one part of what their key holds
PARTS: Mapping[str, tuple[str, str]] = {
    "default_formula": ("x-default", "formula"), "visible_when": ("x-when", "visible"),
    "keep_hidden": ("x-when", "hidden"), "required_when": ("x-when", "required"),
    "readonly_when": ("x-when", "readonly"),
}  # fmt: skip
CONDITIONS = ("visible_when", "keep_hidden", "required_when", "readonly_when")
# they speak of the whole record
NOT_IN_ROWS = frozenset({"listed", "key", "label", "section", "pii", "default_formula", *CONDITIONS})
LONGEST_TITLE, LONGEST_SECTION, LONGEST_HELP, LONGEST_UNIT, LONGEST_PATTERN = 60, 40, 300, 20, 200
MOST_DECIMALS, LONGEST_TEXT, MOST_ITEMS = 6, 100_000, 500

# Types whose stored values mean the same: a field that holds values may only move among these.
KINDRED = (
    frozenset({"text", "longtext", "phone", "idcard", "uscc", "choice"}),
    frozenset({"integer", "decimal", "money"}),
    frozenset({"file", "photo"}),
)


class WrongProperty(ValueError):
    """The typed value of a property cannot be taken; the message is for the user."""


def _text(longest: int, *, needed: bool = False) -> Callable[[str], str | None]:
    def parse(text: str) -> str | None:
        text = " ".join(text.split()) if longest <= LONGEST_TITLE else text.strip()
        if needed and not text:
            raise WrongProperty(_("请填写名称"))
        if len(text) > longest:
            raise WrongProperty(_("最多 {n} 个字，现在有 {m} 个", n=longest, m=len(text)))
        return text or None

    return parse


def _whole(lowest: int, highest: int) -> Callable[[str], int | None]:
    def parse(text: str) -> int | None:
        text = text.strip()
        if not text:
            return None
        if not (text.isascii() and text.isdigit()) or not lowest <= int(text) <= highest:
            raise WrongProperty(_("请填写 {low} 到 {high} 之间的整数", low=lowest, high=highest))
        return int(text)

    return parse


def _number(text: str) -> Decimal | int | None:
    text = text.strip().replace(",", "").replace("，", "")
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise WrongProperty(_("“{given}”不是数字", given=text[:20])) from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 15:
        raise WrongProperty(_("数字太大"))
    return int(value) if value == value.to_integral_value() else value


def _switch(text: str) -> bool:
    return text in ("1", "on", "true", "yes")


def _pattern(text: str) -> str | None:
    if not text.strip():
        return None
    if len(text) > LONGEST_PATTERN:
        raise WrongProperty(_("最多 {n} 个字，现在有 {m} 个", n=LONGEST_PATTERN, m=len(text)))
    pattern_matches(text, "")
    return text


def pattern_matches(pattern: str, text: str) -> bool:
    """Whether `text` fits `pattern`, by the engine that also checks records; WrongProperty where it is no pattern."""
    fault = pattern_fault(pattern)
    if fault:
        raise WrongProperty(
            _("这个格式太复杂，请写得简单些") if fault == "large"
            else _("这个格式写得不对，或用了不支持的前后查找、反向引用，请改写")
        )  # fmt: skip
    return bool(compile_schema({"type": "string", "pattern": pattern}).is_valid(text))


PARSERS: Mapping[str, Callable[[str], Any]] = {
    "title": _text(LONGEST_TITLE, needed=True),
    "help": _text(LONGEST_HELP),
    "required": _switch,
    "listed": _switch,
    "key": _switch,
    "label": _switch,
    "section": _text(LONGEST_SECTION),
    "unit": _text(LONGEST_UNIT),
    "decimals": _whole(0, MOST_DECIMALS),
    "minimum": _number,
    "maximum": _number,
    "max_length": _whole(1, LONGEST_TEXT),
    "min_items": _whole(1, MOST_ITEMS),
    "max_items": _whole(1, MOST_ITEMS),
    "pattern": _pattern,
    "ref": _text(120),
    "pii": _switch,
    "default": str,  # read by the field it is for
    **dict.fromkeys(FORMULAS, str),  # read among the fields they speak of
    "keep_hidden": _switch,
}


def keyword_of(property_: str) -> str:
    """The dialect's key in the field itself; "" for what stands in a list of the form."""
    known = PROPERTIES.get(property_)
    return known.keyword if known and known.place == "field" else ""


def properties_of(type_: str, *, in_rows: bool = False, shipped: bool = False) -> tuple[str, ...]:
    """The names of the properties a field of this type has, in the order the panel shows them.

    Of a `shipped` field, one that a module brings, only those that its tenant may change.
    """
    names = list(FIELD_TYPES[type_].properties)
    if FIELD_TYPES[type_].may_be_label and "listed" in names:
        names.insert(names.index("listed") + 1, "label")
    names += [*(("default_formula",) if type_ in MAY_BE_COMPUTED else ()), *CONDITIONS]
    if shipped:
        return () if in_rows else tuple(name for name in names if name in SAFE)
    return tuple(name for name in names if not in_rows or name not in NOT_IN_ROWS)


def may(type_: str, property_: str) -> bool:
    """Whether fields of this type have this property."""
    return property_ in properties_of(type_)


def kindred(type_: str) -> frozenset[str]:
    """The types a field with stored values may become without its values losing their meaning."""
    return next((group for group in KINDRED if type_ in group), frozenset({type_}))


def with_part(field: Mapping[str, Any], property_: str, value: Any) -> dict[str, Any]:
    """The field with one part of what a key holds."""
    key, part = PARTS[property_]
    held = field.get(key)
    if not isinstance(held, Mapping):
        if value in (None, False):
            return dict(field)
        held = {}
    value = ("keep" if value else None) if part == "hidden" else value
    parts = {name: one for name, one in {**held, part: value}.items() if one is not None}
    if "visible" not in parts:
        parts.pop("hidden", None)  # it speaks of what is not shown
    rest = {name: one for name, one in field.items() if name != key or parts}
    return {**rest, key: parts} if parts else rest
