"""Two people saved one record: which fields differ, who changed which, what was typed; saves nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.forms import Field, Form
from core.records import Change, Record
from ui.entry import Reading
from ui.thread import state_at
from ui.widgets import typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field where mine and theirs differ. `both`: both sides changed it since it was opened."""

    field: Field
    mine: Any
    theirs: Any
    both: bool
    keep_mine: bool  # chosen beforehand: the side that changed it


def changed(form: Form, before: Mapping[str, Any], posted: Mapping[str, Any]) -> dict[str, Any]:
    """The fields whose posted value differs from the stored one; None empties a field."""
    found = {}
    for name, value in posted.items():
        old = before.get(name)
        if form.fields[name].type == "boolean" and old is None and value is False:
            continue  # an unticked box says nothing that was not so before
        if plain(value) != plain(old):
            found[name] = value
    return found


def plain(value: Any) -> Any:
    """A value in a shape that compares: no empty parts, lists of mappings as pairs."""
    if isinstance(value, Mapping):
        return tuple(sorted((key, plain(part)) for key, part in value.items() if part not in (None, "", False)))
    if isinstance(value, list | tuple):
        return tuple(plain(part) for part in value) or None
    return None if value == "" else value


def compare(
    form: Form, current: Record, mine: Mapping[str, Any], changes: Sequence[Change], *, revision: int
) -> list[Difference]:
    """The fields that differ, in the form's order; the state at `revision` tells who changed them."""
    base = state_at(current.data, changes, revision)
    found = []
    for name, value in mine.items():
        theirs = current.data.get(name)
        if plain(value) == plain(theirs) or (value is False and theirs is None):
            continue
        by_me, by_them = plain(value) != plain(base.get(name)), plain(theirs) != plain(base.get(name))
        found.append(
            Difference(field=form.fields[name], mine=value, theirs=theirs, both=by_me and by_them, keep_mine=by_me)
        )
    return found


def as_typed(form: Form, reading: Reading, lines: Sequence[Difference]) -> list[tuple[str, str]]:
    """What was typed in the fields that differ, as names and values of hidden inputs."""
    found: list[tuple[str, str]] = []
    for line in lines:
        found += _inputs(line.field, line.field.name, typed(line.field, line.mine))
    return found


def _inputs(field: Field, name: str, value: Any) -> list[tuple[str, str]]:
    if field.type == "rows":
        found = [(name, "")]
        for number, row in enumerate(value):
            for column in field.columns:
                found += _inputs(column, f"{name}.{number}.{column.name}", row[column.name])
        return found
    if field.type == "place":
        return [(f"{name}.{key}", text) for key, text in value.items()]
    if isinstance(value, list):
        return [(name, ""), *((name, one) for one in value)]
    if field.type == "boolean":
        return [(name, "1" if value else "")]
    return [(name, str(value))]
