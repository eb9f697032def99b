"""Putting a definition's own "#/$defs/…" in place; nothing outside the definition is ever looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_LOCAL = re.compile(r"#/\$defs/([a-z][a-z0-9_]{0,39})")


def resolved(definition: Mapping[str, Any]) -> dict[str, Any]:
    """`definition` with every "#/$defs/…" put in place; what cannot be resolved stays for the law to refuse."""
    shared = definition.get("$defs")
    shared = shared if isinstance(shared, Mapping) else {}
    rest = {key: value for key, value in definition.items() if key != "$defs"}
    if isinstance(rest.get("properties"), Mapping):
        rest["properties"] = {key: _resolved(prop, shared) for key, prop in rest["properties"].items()}
    return rest


def _resolved(prop: Any, shared: Mapping[str, Any]) -> Any:
    if not isinstance(prop, Mapping):
        return prop
    found = _LOCAL.fullmatch(prop["$ref"]) if isinstance(prop.get("$ref"), str) else None
    lent = shared.get(found[1]) if found else None
    if isinstance(lent, Mapping):
        prop = {**lent, **{key: value for key, value in prop.items() if key != "$ref"}}
    items = prop.get("items")
    if isinstance(items, Mapping) and isinstance(items.get("properties"), Mapping):
        columns = {key: _resolved(column, shared) for key, column in items["properties"].items()}
        prop = {**prop, "items": {**items, "properties": columns}}
    return dict(prop)


def dangling(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(place, target) of every $ref that is still there: it points at nothing that may be pointed at."""
    for name, prop in definition["properties"].items():
        if "$ref" in prop:
            yield f"properties.{name}", str(prop["$ref"])
            continue
        for column_name, column in (prop.get("items", {}).get("properties") or {}).items():
            if "$ref" in column:
                yield f"properties.{name}.items.properties.{column_name}", str(column["$ref"])
