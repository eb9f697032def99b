"""A form while it is being filled in: what is computed, shown, required and read-only by what was typed so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.context import Context
from core.forms import Field, Form, defaults, format_value
from core.records import Record, Trial
from ui import entry
from ui.entry import Posted, Reading
from ui.naming import names_of
from ui.widgets import Entry, plainly, typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the page is told of one control. None: nothing."""

    name: str  # of the control: "amount", "lines.3.price"
    shown: str | None = None  # of a computed field, in words
    value: str | None = None  # to be put into the control
    text: str = ""  # what a reference or person is called
    given: bool = False  # the value is a default that nobody has touched
    state: Any = None


async def begun(ctx: Context, form: Form, said: Mapping[str, Any], *, names: Sequence[str]) -> Entry:
    """A new record's form: defaults, what was `said` of it in the address or copied, and what follows from both."""
    if not ctx.records.worth_trying(form):
        data = {name: value for name, value in defaults(form, me=ctx.member.id).items() if name in names}
        return Entry(data=data | dict(said))
    tried = await ctx.records.trial(form.name, said)
    given = frozenset(name for name in names if form.fields[name].default_formula and name not in said)
    return replace(_entry(tried, names), given=given)


async def opened(ctx: Context, form: Form, stored: Record, *, names: Sequence[str]) -> Entry:
    """A stored record's form."""
    if not ctx.records.worth_trying(form):
        return Entry(data=stored.data)
    return _entry(await ctx.records.trial(form.name, {}, id=stored.id), names)


def _entry(tried: Trial, names: Sequence[str]) -> Entry:
    return Entry(data={name: value for name, value in tried.data.items() if name in names}, standings=tried.standings)


async def tried_out(
    ctx: Context, form: Form, reading: Reading, posted: Posted, *, stored: Record | None
) -> Trial | None:
    """What was typed as it would be stored; None where nothing of the form depends on that."""
    if not ctx.records.worth_trying(form):
        return None
    said = dict(reading.data) if stored else entry.mentioned(form, reading, posted)
    unread = {path for path in reading.problems if path in form.fields}
    return await ctx.records.trial(form.name, {**said, **dict.fromkeys(unread)}, id=stored.id if stored else None)


async def again(ctx: Context, form: Form, filled: Entry, reading: Reading, posted: Posted, stored: Any) -> Entry:
    """A form shown once more as it was typed, with what follows from that."""
    tried = await tried_out(ctx, form, reading, posted, stored=stored)
    if tried is None:
        return filled
    quiet = frozenset() if stored else entry.untouched(form, posted)
    shown = {name: value for name, value in filled.typed.items() if name not in quiet}
    return replace(filled, data={**filled.data, **tried.data}, typed=shown, standings=tried.standings, given=quiet)


def out_of_mind(form: Form, reading: Reading, tried: Trial | None) -> None:
    """Forget what could not be read in fields that are not shown and are to be emptied."""
    for name, state in (tried.standings if tried else {}).items():
        when = form.fields[name].when if name in form.fields else None
        if when and not state.visible and when.hidden == "clear":
            for path in [path for path in reading.problems if path.partition(".")[0] == name]:
                del reading.problems[path]
            reading.data[name] = None


async def answers(
    ctx: Context, form: Form, reading: Reading, tried: Trial, *, names: Sequence[str], quiet: frozenset[str]
) -> list[Answer]:
    """What the page must be told after each change."""
    items = [form.fields[name] for name in names]
    pointing = any(item.type in ("reference", "person") and (item.computed or item.name in quiet) for item in items)
    labels = await names_of(ctx, form, [tried.data]) if pointing else {}
    found = []
    for item in items:
        if item.type == "rows":
            found += _cells(item, reading, tried)
        found += [one for one in [_answer(item, tried, labels, quiet)] if one is not None]
    return found


def _answer(item: Field, tried: Trial, labels: Mapping[str, str], quiet: frozenset[str]) -> Answer | None:
    value, state = tried.data.get(item.name), tried.standings.get(item.name)
    if item.computed:
        return Answer(name=item.name, shown=format_value(item, value, labels=labels), state=state)
    if item.formula or item.name in quiet:
        text = labels.get(value, "") if isinstance(value, str) else ""
        put = plainly(typed(item, value))
        return Answer(name=item.name, value=put, text=text, given=item.name in quiet, state=state)
    return Answer(name=item.name, state=state) if state else None


def _cells(item: Field, reading: Reading, tried: Trial) -> list[Answer]:
    lines, numbers = entry.values_of(tried.data.get(item.name)), reading.lines.get(item.name, [])
    if len(lines) != len(numbers):
        return []
    worked_out = [column for column in item.columns if column.computed or column.formula]
    return [
        Answer(name=f"{item.name}.{number}.{column.name}", value=plainly(typed(column, line.get(column.name))))
        for number, line in zip(numbers, lines, strict=True)
        for column in worked_out
    ]
