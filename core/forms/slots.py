"""Which fields are kept in indexed columns, what goes into them, and the business key of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.forms.model import Field, Form
from core.forms.numerals import scaled
from core.forms.types import FIELD_TYPES

SLOTS = {"t": 10, "n": 8, "d": 6, "r": 6}  # columns of the table `record`, by kind
ALL_SLOTS = tuple(f"{kind}{number}" for kind, most in SLOTS.items() for number in range(1, most + 1))
KEY_JOINT = "\x1f"


def slot_values(form: Form, data: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in each slot that `form` uses; None where the value is empty or does not fit its field."""
    found = {}
    for fields in (form.fields, form.hidden):
        for name, field in fields.items():
            if field.slot:
                found[field.slot] = slot_value(field, data.get(name))
    return found


def slot_value(field: Field, value: Any) -> str | int | None:
    """`value` as its slot holds it: text, or a scaled integer. Also for conditions, whose values are typed."""
    if value is None:
        return None
    if FIELD_TYPES[field.type].slot == "n":
        return scaled(value, field.decimals) if isinstance(value, bool) != field.numeric else None
    return value if isinstance(value, str) else None


def key_of(form: Form, data: Mapping[str, Any]) -> str | None:
    """The business key: the key fields' values joined; None without key fields or while one is empty."""
    if not form.key:
        return None
    parts = [data.get(name) for name in form.key]
    if any(part is None or part == "" for part in parts):
        return None
    return KEY_JOINT.join(str(part) for part in parts)


def changed_slots(old: Form | None, new: Form) -> frozenset[str]:
    """Slots that hold something else in `new`: to be rebuilt, and read through JSON meanwhile."""
    before = _contents(old) if old else {}
    return frozenset(slot for slot, content in _contents(new).items() if before.get(slot) != content)


def _contents(form: Form) -> dict[str, tuple[str, str, int]]:
    """slot -> what is in it: another field, type or number of places needs a rebuild."""
    fields = {**form.fields, **form.hidden}
    return {f.slot: (name, FIELD_TYPES[f.type].slot or "", f.decimals) for name, f in fields.items() if f.slot}


def assign_slots(
    definition: Mapping[str, Any],
    base: Mapping[str, Any] | None = None,
    *,
    previous: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`definition` with slots given to its fields; a field keeps its slot for ever while its type keeps.

    For a tenant's own form, `base` is the version published before. For an overlay (it has "items"), `base` is
    the module's definition and `previous` the overlay published before: its fields take slots from the top
    down, so that the module's next versions, which count up, seldom meet them.
    """
    if "items" in definition:
        return _assign_overlay(definition, base or {}, previous or {})
    properties = dict(definition.get("properties") or {})
    old = (base or {}).get("properties") or {}
    wanted = _by_need(properties, definition)
    given = _assign(properties, wanted, old=old, taken=set(), backwards=False)
    return {**definition, "properties": {name: _with_slot(prop, given.get(name)) for name, prop in properties.items()}}


def _assign_overlay(overlay: Mapping[str, Any], base: Mapping[str, Any], previous: Mapping[str, Any]) -> dict[str, Any]:
    added = {item["name"]: item["field"] for item in overlay["items"] if _adds(item)}
    old = {item["name"]: item["field"] for item in previous.get("items") or [] if _adds(item)}
    taken = {prop.get("x-slot") for prop in (base.get("properties") or {}).values() if isinstance(prop, Mapping)}
    given = _assign(added, list(added), old=old, taken=taken - {None}, backwards=True)
    items = [
        {**item, "field": _with_slot(item["field"], given.get(item["name"]))} if _adds(item) else item
        for item in overlay["items"]
    ]
    return {**overlay, "items": items}


def _adds(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("op") == "add" and isinstance(item.get("field"), Mapping)


def _by_need(properties: Mapping[str, Any], definition: Mapping[str, Any]) -> list[str]:
    """Who gets a slot while they last: key, list, label, then what people filter by; other texts get none."""
    first = [*definition.get("x-key", ()), *definition.get("x-list", ()), definition.get("x-label")]
    often = ("reference", "person", "choice", "date", "datetime", "money", "decimal", "integer", "boolean")
    rank = {kind: place for place, kind in enumerate(often)}
    rest = sorted(
        (name for name in properties if _type(properties[name]) in rank), key=lambda name: rank[_type(properties[name])]
    )
    return [name for name in dict.fromkeys((*first, *rest)) if name in properties]


def _assign(
    fields: Mapping[str, Any], wanted: list[str], *, old: Mapping[str, Any], taken: set[str], backwards: bool
) -> dict[str, str]:
    given: dict[str, str] = {}
    for name in fields:
        kept = _kept(fields[name], old.get(name))
        if kept and kept not in taken:
            given[name] = kept
            taken = taken | {kept}
    for name in wanted:
        kind = _kind(fields[name])
        if kind and name not in given:
            numbers = range(1, SLOTS[kind] + 1)
            free = (f"{kind}{n}" for n in (reversed(numbers) if backwards else numbers))
            slot = next((one for one in free if one not in taken), None)
            if slot:
                given[name] = slot
                taken = taken | {slot}
    return given


def _kept(prop: Any, old: Any) -> str | None:
    """The slot a field has had: from the version before while the type is the same, else its own if it fits."""
    if isinstance(old, Mapping) and old.get("x-slot") and _type(old) == _type(prop):
        return str(old["x-slot"])
    own = prop.get("x-slot") if isinstance(prop, Mapping) and not isinstance(old, Mapping) else None
    return own if own in ALL_SLOTS and own[0] == _kind(prop) else None


def _type(prop: Any) -> str:
    return str(prop.get("x-type", "")) if isinstance(prop, Mapping) else ""


def _kind(prop: Any) -> str | None:
    kind = FIELD_TYPES.get(_type(prop))
    return kind.slot if kind else None


def _with_slot(prop: Any, slot: str | None) -> Any:
    if not isinstance(prop, Mapping):
        return prop
    rest = {key: value for key, value in prop.items() if key != "x-slot"}
    return {**rest, "x-slot": slot} if slot else rest
