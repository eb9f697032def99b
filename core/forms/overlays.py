"""A tenant's changes to a module's form: merged when read, checked when published, compared when the module moves on.

An overlay is {"base_version": "1", "items": [...]}, each item one of
add {name, field, after?} · set {name, property, value, base?} · hide {name} · order {names} ·
state, step {code, property, value, base?}.
It never edits the module's definition. An item that no longer fits is left out and becomes a finding; reading
never fails. `base` in an item is the module's value when the tenant changed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from core.errors import Problem
from core.forms.flow_overlays import flow_value, set_state, set_step
from core.forms.resolving import resolved
from core.i18n import _

SAFE = (
    "title", "help", "required", "listed", "default", "section", "choices", "hidden",
    "max_length", "minimum", "maximum", "pii",
)  # fmt: skip
_KEYWORDS = {
    "title": "title", "help": "x-help", "default": "x-default", "section": "x-section", "choices": "x-choices",
    "max_length": "maxLength", "minimum": "minimum", "maximum": "maximum", "pii": "x-pii",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Merged:
    """What a tenant sees: `definition` with the overlay laid over it. `hidden` fields are still in it."""

    definition: dict[str, Any]
    findings: tuple[Problem, ...] = ()
    added: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Work:
    """The merge under way."""

    base: Mapping[str, Any]
    definition: dict[str, Any]
    added: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    findings: list[Problem] = field(default_factory=list)

    @property
    def properties(self) -> dict[str, Any]:
        return self.definition["properties"]  # type: ignore[no-any-return]

    def find(self, place: int, code: str, message: str) -> None:
        self.findings.append(Problem(f"items.{place}", code, message))


def merge(definition: Mapping[str, Any], overlay: Mapping[str, Any] | None) -> Merged:
    """`definition` with `overlay` over it, and a finding for each item that does not fit."""
    definition = resolved(definition)
    work = _Work(definition, deepcopy(definition))
    work.definition["properties"] = dict(work.definition.get("properties") or {})
    for place, item in enumerate((overlay or {}).get("items") or ()):
        step = _STEPS.get(item.get("op")) if isinstance(item, Mapping) else None
        try:
            if step is None:
                work.find(place, "op", _("这一项改动不认识，请删去"))
            else:
                step(work, place, item)
        except (KeyError, TypeError, ValueError, AttributeError):
            work.find(place, "shape", _("这一项改动不完整，请删去后重做"))
    _free_slots(work)
    return Merged(work.definition, tuple(work.findings), frozenset(work.added), frozenset(work.hidden))


def apply_overlay(definition: Mapping[str, Any], overlay: Mapping[str, Any] | None) -> dict[str, Any]:
    """Only the merged definition."""
    return merge(definition, overlay).definition


def _add(work: _Work, place: int, item: Mapping[str, Any]) -> None:
    name, prop = item["name"], item["field"]
    if name in work.properties:
        message = _("新版模块自己有了字段“{name}”，您加的同名字段不再显示，请改名后重新发布", name=name)
        return work.find(place, "taken", message)
    work.definition["properties"] = _inserted(work.properties, name, deepcopy(dict(prop)), after=item.get("after"))
    work.added.add(name)
    if item.get("required"):
        work.definition["required"] = [*work.definition.get("required", ()), name]
    if item.get("listed"):
        work.definition["x-list"] = [*work.definition.get("x-list", ()), name]
    return None


def _inserted(properties: dict[str, Any], name: str, prop: Any, *, after: str | None) -> dict[str, Any]:
    if after not in properties:
        return {**properties, name: prop}
    found: dict[str, Any] = {}
    for other, value in properties.items():
        found[other] = value
        if other == after:
            found[name] = prop
    return found


def _set(work: _Work, place: int, item: Mapping[str, Any]) -> None:
    name, what, value = item["name"], item["property"], item.get("value")
    if name not in work.properties:
        return work.find(place, "missing", _missing(name))
    prop = work.properties[name] = dict(work.properties[name])
    fault = _unsafe(work, name, what, value)
    if fault:
        return work.find(place, "unsafe", fault)
    match what:
        case "required":
            _toggle(work.definition, "required", name, on=bool(value))
        case "listed":
            _toggle(work.definition, "x-list", name, on=bool(value))
        case "hidden":
            (work.hidden.add if value else work.hidden.discard)(name)
        case "choices" if name not in work.added:
            prop["x-choices"] = _grown(prop.get("x-choices") or [], value)
            prop.pop("enum", None)
        case _ if value is None or value == "":
            prop.pop(_KEYWORDS[what], None)
        case _:
            prop[_KEYWORDS[what]] = value
    _drop_translation(work.definition, name, what)
    return None


def _unsafe(work: _Work, name: str, what: str, value: Any) -> str | None:
    """Why this property may not be set so: a tenant may tighten what the module demands, never loosen it."""
    if what not in SAFE:
        return _("属性“{what}”由模块决定，不能修改", what=what)
    if name in work.added:
        return None
    title = work.properties[name].get("title", name)
    demanded = name in (work.base.get("required") or ())
    if what == "required" and demanded and not value:
        return _("“{title}”是模块必填的，不能改为选填", title=title)
    if what == "hidden" and value and _needed(work.base, name):
        return _("“{title}”是模块必填、关键或名称字段，不能隐藏", title=title)
    if what in ("max_length", "minimum", "maximum"):
        return _looser(work.base["properties"][name], what, value, title)
    if what == "pii" and work.base["properties"][name].get("x-pii") and not value:
        return _("“{title}”含个人信息，这一点不能取消", title=title)
    return None


def _looser(base: Mapping[str, Any], what: str, value: Any, title: str) -> str | None:
    bound = base.get(_KEYWORDS[what])
    if bound is None:
        return None
    if value is None or (value < bound if what == "minimum" else value > bound):
        return _("“{title}”的限制只能比模块的 {bound} 更严", title=title, bound=bound)
    return None


def _needed(base: Mapping[str, Any], name: str) -> bool:
    state = (base.get("x-states") or {}).get("field")
    return name in (*(base.get("required") or ()), *(base.get("x-key") or ()), base.get("x-label"), state)


def _grown(base: list[Any], value: Any) -> list[Any]:
    """Choices of the module, renamed or coloured as the tenant likes, never fewer; new ones behind."""
    wanted = {choice["value"]: choice for choice in value}
    kept = [wanted.get(choice["value"], choice) for choice in base]
    known = {choice["value"] for choice in base}
    return [*kept, *(choice for key, choice in wanted.items() if key not in known)]


def _hide(work: _Work, place: int, item: Mapping[str, Any]) -> None:
    _set(work, place, {"name": item["name"], "property": "hidden", "value": True})


def _order(work: _Work, place: int, item: Mapping[str, Any]) -> None:
    """The named fields in this order; those not named keep their place behind the one before them."""
    names = list(dict.fromkeys(item["names"]))
    for name in names:
        if name not in work.properties:
            work.find(place, "missing", _missing(name))
    ordered: list[str] = [name for name in names if name in work.properties]
    previous = None
    for name in work.properties:
        if name not in ordered:
            ordered.insert(ordered.index(previous) + 1 if previous in ordered else 0, name)
        previous = name
    work.definition["properties"] = {name: work.properties[name] for name in ordered}


def _flow(work: _Work, place: int, item: Mapping[str, Any]) -> None:
    lay = set_step if item["op"] == "step" else set_state
    fault = lay(work.definition, work.base, item)
    if fault:
        gone = item["op"] == "step" and flow_value(work.base, "step", item["code"], "code") is None
        work.find(place, "missing" if gone else "unsafe", fault)


_STEPS = {"add": _add, "set": _set, "hide": _hide, "order": _order, "state": _flow, "step": _flow}


def _missing(name: str) -> str:
    return _("模块里已经没有字段“{name}”，这一项改动不起作用，可以删去", name=name)


def _toggle(definition: dict[str, Any], key: str, name: str, *, on: bool) -> None:
    current = list(definition.get(key) or ())
    if on and name not in current:
        definition[key] = [*current, name]
    elif not on:
        definition[key] = [one for one in current if one != name]


def _drop_translation(definition: dict[str, Any], name: str, what: str) -> None:
    """The tenant's own words win in every language."""
    for words in (definition.get("x-translations") or {}).values():
        (words.get("fields") or {}).get(name, {}).pop(what, None)


def _free_slots(work: _Work) -> None:
    """Where a new version of the module took a tenant's slot, the module keeps it; the field is read through JSON."""
    taken = {prop.get("x-slot") for name, prop in work.properties.items() if name not in work.added}
    for name in work.added:
        prop = work.properties[name]
        if prop.get("x-slot") and prop["x-slot"] in taken:
            work.properties[name] = {key: value for key, value in prop.items() if key != "x-slot"}
            message = _("“{title}”暂时不走快速索引，重新发布后恢复", title=prop.get("title", name))
            work.findings.append(Problem(name, "slot", message))


def three_way_check(
    base_old: Mapping[str, Any], base_new: Mapping[str, Any], overlay: Mapping[str, Any]
) -> list[Problem]:
    """What of a tenant's overlay, made over `base_old`, needs a look now that the module ships `base_new`."""
    before = {finding.field: finding for finding in merge(base_old, overlay).findings}
    findings = [f for f in merge(base_new, overlay).findings if before.get(f.field) != f]
    for place, item in enumerate(overlay.get("items") or ()):
        if isinstance(item, Mapping) and item.get("op") == "set":
            findings.extend(_both_changed(place, item, base_old, base_new))
        if isinstance(item, Mapping) and item.get("op") in ("state", "step"):
            findings.extend(_flow_both_changed(place, item, base_old, base_new))
    return findings


def _both_changed(
    place: int, item: Mapping[str, Any], base_old: Mapping[str, Any], base_new: Mapping[str, Any]
) -> list[Problem]:
    name, what = str(item.get("name")), str(item.get("property"))
    if name not in (base_old.get("properties") or {}) or name not in (base_new.get("properties") or {}):
        return []
    old = item.get("base", base_value(base_old, name, what))
    new = base_value(base_new, name, what)
    if old == new or new == item.get("value"):
        return []
    title = base_new["properties"][name].get("title", name)
    message = _("模块也改了“{title}”的这一属性（现为“{value}”），仍用您的设置，请确认", title=title, value=new)
    return [Problem(f"items.{place}", "changed", message)]


def _flow_both_changed(
    place: int, item: Mapping[str, Any], base_old: Mapping[str, Any], base_new: Mapping[str, Any]
) -> list[Problem]:
    op, code, what = item["op"], str(item.get("code")), str(item.get("property"))
    old = item.get("base", flow_value(base_old, op, code, what))
    new = flow_value(base_new, op, code, what)
    if old == new or new == item.get("value"):
        return []
    message = _("模块也改了“{title}”的这一属性（现为“{value}”），仍用您的设置，请确认", title=code, value=new)
    return [Problem(f"items.{place}", "changed", message)]


def base_value(definition: Mapping[str, Any], name: str, what: str) -> Any:
    """What `definition` says about a property of a field: what an overlay item keeps as `base`."""
    if what == "required":
        return name in (definition.get("required") or ())
    if what == "listed":
        return name in (definition.get("x-list") or ())
    prop = (definition.get("properties") or {}).get(name) or {}
    return prop.get(_KEYWORDS.get(what, ""))
