"""Rows of a list as markup: the busiest path of the pages, so plain functions instead of a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from core.forms import Field, Form
from core.i18n import _
from core.records import Page, Record
from ui.listing import Listing
from ui.values import NUMBERS, SYSTEM, field_of, locked, painter, waiting

SIMPLE = frozenset(
    "text integer decimal money date datetime boolean choice choices reference person phone".split()
)  # types that may be edited in their cell
ON_PHONE = 2  # columns shown under the title of a card on a phone


@dataclass(frozen=True, slots=True)
class Column:
    field: Field
    sort_url: str
    direction: str  # "up", "down", ""
    editable: bool

    @property
    def numeric(self) -> bool:
        return self.field.type in NUMBERS


def columns_of(
    state: Listing, *, hidden: frozenset[str], sortable: Callable[[str], bool], editable: frozenset[str]
) -> list[Column]:
    """The columns on screen with the addresses their heads lead to."""
    found = []
    for name in state.shown(hidden):
        field = field_of(state.form, name)
        assert field is not None  # shown() asks the same question
        url = state.sorted_by(name) if sortable(name) else ""
        found.append(Column(field, url, state.direction(name), name in editable and field.type in SIMPLE))
    return found


Cells = Callable[[Record], str]


def cells_of(form: Form, columns: Sequence[Column], labels: Mapping[str, str]) -> Cells:
    """A function that draws the cells of one record; what does not change from row to row is worked out once."""
    link = f'<td class="first"><a href="/forms/{escape(form.name)}/'
    plans, on_phone = [], phone_columns(form, columns)
    for column in columns:
        field = column.field
        card = f' data-t="{escape(field.title)}"' if field.name in on_phone else ""
        number = ' class="num"' if column.numeric else ""
        plans.append((field.name, field.name in SYSTEM, painter(field, labels), f"<td{number}{card}>"))
    nameless, lock = str(escape(_("（未命名）"))), locked()

    def draw(record: Record) -> str:
        parts = []
        for place, (name, system, paint, opening) in enumerate(plans):
            if name in record.hidden:
                inside = lock
            else:
                value = getattr(record, name[1:]) if system else record.data.get(name)
                inside = "" if value is None else paint(value)
                if record.overdue and name in record.overdue:
                    inside = f"{inside}{waiting()}"
            if place == 0:
                parts.append(f'{link}{record.id}">{inside or nameless}</a></td>')
            else:
                parts.append(f"{opening}{inside}</td>")
        return "".join(parts)

    return draw


def phone_columns(form: Form, columns: Sequence[Column]) -> frozenset[str]:
    """What a card on a phone says besides its title: what it is called, how much, then the others in order."""
    rest = columns[1:]
    named = [column for column in rest if column.field.name == form.label]
    money = [column for column in rest if column.field.type == "money"]
    wanted = [column.field.name for column in (*named, *money[:1], *rest)]
    return frozenset(list(dict.fromkeys(wanted))[:ON_PHONE])


def rows_of(form: Form, columns: Sequence[Column], page: Page, *, selectable: bool) -> Markup:
    """All rows of a page of the list."""
    draw = cells_of(form, columns, page.labels)
    rest = f' form="batch" aria-label="{escape(_("选择"))}">'
    found = []
    for record in page.records:
        box = f'<input type="checkbox" name="id" value="{record.id}:{record.revision}"{rest}' if selectable else ""
        found.append(f'<tr data-id="{record.id}"><td class="pickbox">{box}</td>{draw(record)}</tr>\n')
    return Markup("".join(found))
