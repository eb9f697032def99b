"""A module's form as its tenant edits it: the overlay opened into a whole definition, and folded up again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import Problem
from core.forms.flow_overlays import items_of
from core.forms.overlays import SAFE, base_value, merge, three_way_check

EMPTY: Mapping[str, Any] = {"items": []}
KEPT_FINDINGS = ("missing", "taken")  # items that do nothing now; they stay until the tenant says so


def working(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """The module's definition with the overlay in it, and the names of the fields the tenant hides."""
    merged = merge(base, overlay)
    return merged.definition, merged.hidden


def derive(
    base: Mapping[str, Any],
    definition: Mapping[str, Any],
    hidden: frozenset[str],
    *,
    previous: Mapping[str, Any] = EMPTY,
    accept: bool = False,
) -> dict[str, Any]:
    """The overlay that makes `definition` of `base`.

    Items that were there before keep the module's value they were made over, so that a conflict with a newer
    module is told until the tenant changes the property or accepts (`accept`) what is.
    """
    shipped = base.get("properties", {})
    old = {(i.get("name"), i.get("property")): i for i in previous.get("items", ()) if i.get("op") == "set"}
    items = _added(definition, shipped)
    for name in shipped:
        for what in SAFE:
            if what == "hidden":
                continue
            item = _set_item(base, definition, name, what)
            before = old.get((name, what))
            if item and before and before.get("value") == item["value"] and not accept:
                item["base"] = before.get("base", item["base"])
            items += [item] if item else []
    items += _flow_items(base, definition, previous, accept=accept)
    items += [{"op": "hide", "name": name} for name in shipped if name in hidden]
    if list(merge(base, {"items": items}).definition["properties"]) != list(definition["properties"]):
        items.append({"op": "order", "names": list(definition["properties"])})
    items += [] if accept else _without_effect(base, previous)
    return {"base_version": str(base.get("x-version", "1")), "items": items}


def _flow_items(
    base: Mapping[str, Any], definition: Mapping[str, Any], previous: Mapping[str, Any], *, accept: bool
) -> list[dict[str, Any]]:
    old = {(i["op"], i.get("code"), i.get("property")): i for i in previous.get("items", ()) if "code" in i}
    items = []
    for item in items_of(base, definition):
        before = old.get((item["op"], item["code"], item["property"]))
        if before and before.get("value") == item["value"] and not accept:
            item["base"] = before.get("base", item["base"])
        items.append(item)
    return items


def _added(definition: Mapping[str, Any], shipped: Mapping[str, Any]) -> list[dict[str, Any]]:
    items, behind = [], ""
    for name, field in definition["properties"].items():
        if name not in shipped:
            item: dict[str, Any] = {"op": "add", "name": name, "field": field}
            if behind:
                item["after"] = behind
            for key, flag in (("required", "required"), ("x-list", "listed")):
                if name in definition.get(key, ()):
                    item[flag] = True
            items.append(item)
        behind = name
    return items


def _set_item(base: Mapping[str, Any], definition: Mapping[str, Any], name: str, what: str) -> dict[str, Any] | None:
    was, value = base_value(base, name, what), base_value(definition, name, what)
    if was == value:
        return None
    return {"op": "set", "name": name, "property": what, "value": value, "base": was}


def _without_effect(base: Mapping[str, Any], previous: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Items about fields the module no longer has (or now has itself)."""
    places = {finding.field for finding in merge(base, previous).findings if finding.code in KEPT_FINDINGS}
    return [item for place, item in enumerate(previous.get("items", ())) if f"items.{place}" in places]


def findings(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> list[Problem]:
    """Where a newer module and the tenant's changes meet: what has no effect any more, what both changed."""
    return [*merge(base, overlay).findings, *three_way_check(base, base, overlay)]
