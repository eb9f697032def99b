"""What a new definition means for the records that are stored: a scan in chunks, with a bound; nothing is changed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core import exact
from core.definitions.model import Fitness, Unfit
from core.errors import Problem
from core.forms import Form, check, clean, format_value, key_of
from core.i18n import _, language
from core.people import rights
from core.records.sight import reaching, shown
from core.store import records as rows

if TYPE_CHECKING:
    from core.people import Access
    from core.store import Database

CHUNK = 500
BOUND = 50_000  # records looked at before publishing; the statement says so where there are more
SAMPLES = 5


@dataclass(slots=True)
class _Tally:
    checked: int = 0
    unfit: int = 0
    already: int = 0
    same_key: int = 0
    samples: list[Unfit] = field(default_factory=list)
    same_key_samples: list[str] = field(default_factory=list)
    by_field: Counter[str] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)


async def stored_data(
    db: Database, tenant: int, form: str
) -> AsyncIterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """(row, data) of every live record, oldest first."""
    last = ""
    while chunk := await rows.after(db, tenant, form, id=last, limit=CHUNK):
        for row in chunk:
            if row["deleted_at"] is None:
                yield row, exact.loads(row["data"])
        last = chunk[-1]["id"]
        await asyncio.sleep(0)  # a long scan lets other requests through


async def fitness(
    db: Database, reader: Access, old: Form | None, new: Form, *, bound: int = BOUND
) -> Fitness:
    """How many stored records would no longer fit `new`, and which values would be out of sight.

    Records are also looked at for equal business keys where `new` has another key than `old`.
    All records are counted; as examples only those are named that the reader may see whole.
    """
    if old is None:
        return Fitness()
    tally, complete = _Tally(), True
    removed = _removed(old, new)
    moved = {name for name, item in new.fields.items() if name in old.fields and item.ref != old.fields[name].ref}
    given = rights(reader, old.name, "read")
    async for row, data in stored_data(db, reader.tenant.id, old.name):
        if tally.checked >= bound:
            complete = False
            break
        seen = shown(reaching(given, reader, old, row), old.fields) == old.fields.keys()
        label = label_of(old, row["id"], data) if seen else None
        _look(tally, old, new, id=row["id"], label=label, data=data, removed=removed, moved=moved)
    titles = {**{n: f.title for n, f in old.fields.items()}, **{n: f.title for n, f in new.fields.items()}}
    return Fitness(
        checked=tally.checked,
        complete=complete,
        unfit=tally.unfit,
        unfit_already=tally.already,
        samples=tuple(tally.samples),
        by_field=tuple((titles.get(name, name), number) for name, number in tally.by_field.most_common()),
        hidden_values=tuple((removed[path], tally.hidden[path]) for path in removed if tally.hidden[path]),
        same_key=tally.same_key,
        same_key_samples=tuple(tally.same_key_samples),
    )


def _removed(old: Form, new: Form) -> dict[str, str]:
    """Paths and titles of what the new form no longer shows, columns of rows included."""
    found = {}
    for name, item in old.fields.items():
        if name not in new.fields:
            found[name] = item.title
            continue
        kept = {column.name for column in new.fields[name].columns}
        for column in item.columns:
            if column.name not in kept:
                found[f"{name}.{column.name}"] = _("{rows}：{column}", rows=item.title, column=column.title)
    return found


def _look(
    tally: _Tally, old: Form, new: Form, *, id: str, label: str | None, data: Mapping[str, Any],
    removed: Mapping[str, str], moved: set[str],
) -> None:  # fmt: skip
    """Count the record; `label` None: it is not to be named."""
    tally.checked += 1
    for path in removed:
        if _has(data, path):
            tally.hidden[path] += 1
    problems = [_told(old, p) for p in check(new, clean(new, _known(new, data)))]
    problems += [
        (name, _("“{title}”指向的表单变了", title=new.fields[name].title)) for name in moved if name in data
    ]
    if problems and not moved & data.keys() and check(old, clean(old, _known(old, data))):
        tally.already += 1
    elif problems:
        tally.unfit += 1
        tally.by_field.update({name for name, _message in problems})
        if label is not None and len(tally.samples) < SAMPLES:
            reasons = tuple(dict.fromkeys(message for _name, message in problems))[:3]
            tally.samples.append(Unfit(id=id, label=label, reasons=reasons))
    if new.key and new.key != old.key:
        _look_at_key(tally, new, label, key_of(new, data))


def _told(old: Form, problem: Problem) -> tuple[str, str]:
    """The field and the message; a choice that goes is called by its title, which only the old form knows."""
    name, message = problem.field.partition(".")[0], problem.message
    item = old.fields.get(name)
    for choice in item.choices if item else ():
        message = message.replace(f"“{choice.value}”", f"“{choice.title}”")
    return name, message


def _look_at_key(tally: _Tally, new: Form, label: str | None, key: str | None) -> None:
    if key is None:
        return
    if key in tally.keys:
        tally.same_key += 1
        if label is not None and len(tally.same_key_samples) < SAMPLES:
            tally.same_key_samples.append(label)
    tally.keys.add(key)


def _known(form: Form, data: Mapping[str, Any]) -> dict[str, Any]:
    """Only what the form knows: values of removed fields and columns are kept aside, they are no fault."""
    known: dict[str, Any] = {}
    for name, value in data.items():
        item = form.fields.get(name) or form.hidden.get(name)
        if item is None:
            continue
        if item.type == "rows" and isinstance(value, list):
            columns = {column.name for column in item.columns}
            value = [
                {k: v for k, v in line.items() if k in columns} if isinstance(line, Mapping) else line for line in value
            ]
        known[name] = value
    return known


def _has(data: Mapping[str, Any], path: str) -> bool:
    name, _dot, column = path.partition(".")
    value = data.get(name)
    if not column:
        return value is not None
    return isinstance(value, list) and any(isinstance(line, Mapping) and column in line for line in value)


def label_of(form: Form, id: str, data: Mapping[str, Any]) -> str:
    """What a record is called in its form; its key, or its id, where its name is empty."""
    for name in (form.label, *form.key):
        item = form.fields.get(name)
        if item and item.type not in ("reference", "person") and data.get(name) not in (None, ""):
            return format_value(item, data[name], lang=language.get())[:80]
    return id


async def values_of(db: Database, tenant: int, form: str, path: str, *, bound: int = BOUND) -> tuple[int, bool]:
    """How many live records hold a value under `path`, and whether all were looked at."""
    number = looked = 0
    async for _row, data in stored_data(db, tenant, form):
        if looked >= bound:
            return number, False
        looked += 1
        number += _has(data, path)
    return number, True
