"""Small differences between two drafts, for undo and redo; what the drafts mean is not known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Patch = list[dict[str, Any]]  # {"at": path, "value": v} · {"at": path, "gone": true} · {"at": path, "order": names}


def difference(old: Any, new: Any) -> Patch:
    """The patch that leads from `old` to `new`. Objects are compared key by key, lists as a whole.

    The order of keys counts: it is the order of the fields.
    """
    return list(_walk(old, new, []))


def _walk(old: Any, new: Any, path: list[str]) -> Sequence[dict[str, Any]]:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return [] if old == new else [{"at": path, "value": new}]
    found: list[dict[str, Any]] = [{"at": [*path, key], "gone": True} for key in old if key not in new]
    for key, value in new.items():
        if key in old:
            found.extend(_walk(old[key], value, [*path, key]))
        else:
            found.append({"at": [*path, key], "value": value})
    patched = [key for key in old if key in new] + [key for key in new if key not in old]
    if patched != list(new):
        found.append({"at": path, "order": list(new)})
    return found


def apply(document: Any, patch: Patch) -> Any:
    """`document` after `patch`; the document given is left as it is."""
    for step in patch:
        document = _apply(document, step["at"], step)
    return document


def _apply(node: Any, path: Sequence[str], step: Mapping[str, Any]) -> Any:
    if not path:
        return {name: node[name] for name in step["order"]} if "order" in step else step["value"]
    head, rest = path[0], path[1:]
    if not rest and step.get("gone"):
        return {key: value for key, value in node.items() if key != head}
    return {**node, head: _apply(node.get(head), rest, step)}
