"""From a posted HTML form to data: reads every widget, keeps what cannot be read as it was typed; saves nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import Problem
from core.forms import Field, Form, ValueParseError, parse_value
from core.i18n import _
from ui.widgets import Entry

Posted = Mapping[str, Sequence[str]]  # every value of every name, in the page's order
TEXT = "__text"  # suffix: what a reference or person picker shows
GIVEN = "_given."  # prefix: the default that was worked out for a field
UPLOAD = "__upload"  # suffix: files sent with the form itself, without JavaScript


@dataclass(frozen=True, slots=True)
class Lookup:
    """A name typed into a picker that must be turned into an id."""

    path: str  # of the value: "project", "lines.0.account"
    options: str  # of the field: "project", "lines.account"
    text: str


@dataclass(slots=True)
class Reading:
    """What was posted. `data` holds only the fields that were on the page; None empties a field."""

    data: dict[str, Any] = field(default_factory=dict)
    typed: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    lookups: list[Lookup] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)  # records and persons whose labels the page will need
    lines: dict[str, list[str]] = field(default_factory=dict)  # rows that count: their numbers on the page

    def wrong(self, path: str, message: str) -> None:
        self.problems.setdefault(path, []).append(message)


def whole(text: Any, otherwise: int = 0) -> int:
    """A whole number that a page of ours has written into a form or an address; `otherwise` for anything else."""
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text)
    return otherwise


def grouped(pairs: Sequence[tuple[str, Any]]) -> dict[str, list[str]]:
    """Texts by name; files are left out."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if isinstance(value, str):
            found.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return found


def read(form: Form, posted: Posted, *, names: Sequence[str] | None = None) -> Reading:
    """Read every field that was on the page (or only `names`)."""
    reading = Reading()
    for item in form.fields.values():
        if item.computed or (names is not None and item.name not in names):
            continue
        if item.type == "rows":
            if item.name in posted:
                _read_rows(item, posted, reading)
        elif item.type == "place":
            if f"{item.name}.address" in posted:
                _read_place(item, posted, reading)
        elif item.name in posted:
            _read_plain(
                item, posted, reading, name=item.name, options=item.name, into=reading.data, shown=reading.typed
            )
    return reading


def _read_plain(
    item: Field, posted: Posted, reading: Reading, *, name: str, options: str,
    into: dict[str, Any], shown: dict[str, Any],
) -> None:  # fmt: skip
    values = posted.get(name, ())
    last = values[-1] if values else ""
    if item.type in ("choices", "file", "photo"):
        into[item.name] = shown[item.name] = [value for value in dict.fromkeys(values) if value] or None
        shown[item.name] = into[item.name] or []
    elif item.type == "boolean":
        into[item.name] = shown[item.name] = last == "1"
    elif item.type in ("reference", "person"):
        text = (posted.get(name + TEXT) or [""])[-1].strip()
        into[item.name], shown[item.name] = last or None, (last, text)
        if last:
            reading.ids.add(last)
        if text:
            reading.lookups.append(Lookup(name, options, text))
        elif not last:
            into[item.name] = None
    else:
        shown[item.name] = last
        try:
            into[item.name] = parse_value(item, last)
        except ValueParseError as error:
            reading.wrong(name, error.message)


def _read_place(item: Field, posted: Posted, reading: Reading) -> None:
    parts = {key: (posted.get(f"{item.name}.{key}") or [""])[-1].strip() for key in ("address", "lat", "lng")}
    reading.typed[item.name] = parts
    if not any(parts.values()):
        reading.data[item.name] = None
        return
    place: dict[str, Any] = {"address": parts["address"]} if parts["address"] else {}
    degree = Field(name=item.name, type="decimal", title=item.title, decimals=8)
    for key in ("lat", "lng"):
        try:
            if parts[key]:
                place[key] = parse_value(degree, parts[key])
        except ValueParseError as error:
            reading.wrong(item.name, error.message)
    reading.data[item.name] = place


def _read_rows(item: Field, posted: Posted, reading: Reading) -> None:
    """Lines in the order of the page; wholly empty ones are dropped, so paths count only the others."""
    columns = {column.name: column for column in item.columns}
    numbers: dict[str, None] = {}
    for name in posted:
        head, _dot, rest = name.partition(".")
        number = rest.partition(".")[0]
        if head == item.name and number.isdigit():
            numbers[number] = None
    lines: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    for number in numbers:
        line: dict[str, Any] = {}
        look: dict[str, Any] = {}
        found = Reading()
        for column in columns.values():
            name = f"{item.name}.{number}.{column.name}"
            if name in posted and not column.computed:
                options = f"{item.name}.{column.name}"
                _read_plain(column, posted, found, name=name, options=options, into=line, shown=look)
        line = {key: value for key, value in line.items() if value is not None}
        if not (found.problems or found.lookups) and not any(value for value in line.values()):
            continue
        _renumber(found, reading, item.name, number, len(lines))
        lines.append(line)
        shown.append(look)
        reading.lines.setdefault(item.name, []).append(number)
    reading.data[item.name] = lines or None
    reading.typed[item.name] = shown


def _renumber(found: Reading, reading: Reading, name: str, old: str, new: int) -> None:
    before, after = f"{name}.{old}.", f"{name}.{new}."
    for path, messages in found.problems.items():
        reading.problems[path.replace(before, after, 1)] = messages
    reading.lookups += [replace(one, path=one.path.replace(before, after, 1)) for one in found.lookups]
    reading.ids |= found.ids


async def resolve(form: Form, reading: Reading, records: Any, *, labels: Mapping[str, str]) -> None:
    """Turn typed names into ids where a picker had no JavaScript: exactly one match counts.

    A name that is just the label of the id beside it needs no look-up.
    """
    for one in reading.lookups:
        holder, key = _holder(reading.data, one.path)
        id = holder.get(key)
        if id and labels.get(id, one.text) == one.text:
            continue
        found = await records.options(form.name, one.options, one.text, limit=2)
        exact = [option for option in found if option.label == one.text] or found
        if len(exact) == 1:
            holder[key] = exact[0].id
        else:
            holder.pop(key, None)
            reading.wrong(one.path, _("没有找到“{text}”，请从列表中选择", text=one.text) if not exact else
                          _("“{text}”不止一个，请从列表中选择", text=one.text))  # fmt: skip


def _holder(data: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    name, _dot, rest = path.partition(".")
    if not rest:
        return data, name
    number, _dot, column = rest.partition(".")
    return data[name][int(number)], column


def add_problems(problems: dict[str, list[str]], found: Sequence[Problem]) -> dict[str, list[str]]:
    """`problems` by path, with those the records found; a place inside a field that has no widget goes to the field."""
    for problem in found:
        parts = problem.field.split(".")
        path = problem.field if len(parts) == 3 and parts[1].isdigit() else parts[0]
        problems.setdefault(path, [])
        if problem.message not in problems[path]:
            problems[path].append(problem.message)
    return problems


def filled(reading: Reading, entry: Entry) -> Entry:
    """`entry` with what was typed and what is wrong with it."""
    return replace(entry, typed=reading.typed, problems=reading.problems)


def values_of(lines: Any) -> list[Mapping[str, Any]]:
    """The rows of a field, whatever is stored there."""
    return [line for line in lines if isinstance(line, Mapping)] if isinstance(lines, list) else []


def add_blank(reading: Reading, name: str) -> None:
    """One more empty line, asked for by the button that works without JavaScript."""
    reading.typed.setdefault(name, [])
    reading.typed[name] = [*reading.typed[name], {}]


def pointed(form: Form, reading: Reading) -> list[dict[str, Any]]:
    """What was read, as data whose ids can be given names."""
    return [{name: value for name, value in reading.data.items() if value is not None and name in form.fields}]


def untouched(form: Form, posted: Posted) -> frozenset[str]:
    """Fields that still show the default which the page worked out for them: nobody has said anything of them."""
    return frozenset(
        name
        for name, item in form.fields.items()
        if item.default_formula
        and f"{GIVEN}{name}" in posted
        and (posted.get(name) or [""])[-1] == posted[f"{GIVEN}{name}"][-1]
    )


def mentioned(form: Form, reading: Reading, posted: Posted) -> dict[str, Any]:
    """What was said of a new record, without defaults that nobody touched: they are worked out from all the rest."""
    quiet = untouched(form, posted)
    return {name: value for name, value in reading.data.items() if name not in quiet}
