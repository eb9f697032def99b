"""A tenant's changes to the states and steps of a module's form: what may be set, laid over, and found again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.forms.law import COMMENTS
from core.i18n import _

STEP_SAFE = ("title", "roles", "when", "message", "required", "comment", "apart")
STATE_SAFE = ("read_only", "required")


def set_step(definition: dict[str, Any], base: Mapping[str, Any], item: Mapping[str, Any]) -> str | None:
    """Lay the item over the step it names; why it cannot be, or None. Its roles are the tenant's to say."""
    code, what, value = item["code"], item["property"], item.get("value")
    step, shipped = _step(definition, code), _step(base, code)
    if step is None or shipped is None:
        return _("模块里已经没有步骤“{code}”，这一项改动不起作用，可以删去", code=code)
    fault = _step_fault(shipped, what, value)
    if fault:
        return fault
    fresh = {key: old for key, old in step.items() if key != what}
    if value not in (None, "", []):
        fresh[what] = value
    definition["x-flow"] = [fresh if one["code"] == code else one for one in definition["x-flow"]]
    if what in ("title", "message"):
        for words in (definition.get("x-translations") or {}).values():
            ((words.get("steps") or {}).get(code) or {}).pop(what, None)
    return None


def _step_fault(shipped: Mapping[str, Any], what: str, value: Any) -> str | None:
    was = shipped.get(what)
    if what not in STEP_SAFE:
        return _("属性“{what}”由模块决定，不能修改", what=what)
    if what == "title" and not value:
        return _("步骤“{step}”要有名称", step=shipped["title"])
    if what == "when" and was and value != was:
        return _("步骤“{step}”的条件由模块决定，不能修改", step=shipped["title"])
    if what in ("required", "apart") and not set(was or ()) <= set(value or ()):
        return _("步骤“{step}”的要求只能比模块的更严", step=shipped["title"])
    if what == "comment" and COMMENTS.index(value or "optional") < COMMENTS.index(was or "optional"):
        return _("步骤“{step}”的要求只能比模块的更严", step=shipped["title"])
    return None


def set_state(definition: dict[str, Any], base: Mapping[str, Any], item: Mapping[str, Any]) -> str | None:
    """Lay the item over the state it names; why it cannot be, or None."""
    code, what, value = item["code"], item["property"], item.get("value")
    if what not in STATE_SAFE or "x-states" not in base:
        return _("属性“{what}”由模块决定，不能修改", what=what)
    was = _said(base, code).get(what)
    if value is not True and (was is True or not set(was or ()) <= set(value or ())):
        return _("状态“{state}”的要求只能比模块的更严", state=code)
    said = definition["x-states"]
    fresh = {**_said(definition, code), what: value}
    states = {**(said.get("states") or {}), code: {key: one for key, one in fresh.items() if one}}
    definition["x-states"] = {**said, "states": states}
    return None


def items_of(base: Mapping[str, Any], definition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The items that make the flow of `definition` of that of `base`."""
    for code, what, op in flow_places(base):
        was, value = flow_value(base, op, code, what), flow_value(definition, op, code, what)
        if was != value:
            yield {"op": op, "code": code, "property": what, "value": value, "base": was}


def flow_places(base: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(code, property, op) of everything a tenant may set."""
    said = base.get("x-states")
    if not said:
        return
    for choice in base["properties"][said["field"]].get("x-choices") or ():
        yield from ((choice["value"], what, "state") for what in STATE_SAFE)
    for one in base.get("x-flow") or ():
        yield from ((one["code"], what, "step") for what in STEP_SAFE)


def flow_value(definition: Mapping[str, Any], op: str, code: str, what: str) -> Any:
    return (_said(definition, code) if op == "state" else _step(definition, code) or {}).get(what)


def _step(definition: Mapping[str, Any], code: str) -> dict[str, Any] | None:
    return next((one for one in definition.get("x-flow") or () if one["code"] == code), None)


def _said(definition: Mapping[str, Any], code: str) -> dict[str, Any]:
    return ((definition.get("x-states") or {}).get("states") or {}).get(code) or {}
