"""What the macros of `macros/fields.html` draw: plain values made from a form; no HTML, no reading of requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.forms import Field, Form, Standing, format_value
from core.i18n import _
from ui.values import ZONE

SHORT = frozenset(
    "text integer decimal money date datetime boolean choice reference person phone idcard uscc".split()
)  # types that may stand two in a line on a wide screen


@dataclass(frozen=True, slots=True)
class Upload:
    """A file already stored, as the widget shows it."""

    id: str
    name: str
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One field on the screen. `value` is as typed: text; a list of texts (choices, files); a bool;
    {"address", "lat", "lng"} (place)."""

    field: Field
    name: str  # of the HTML control: "amount", "lines.0.price"
    value: Any = ""
    text: str = ""  # reference, person: what the id is called
    problems: tuple[str, ...] = ()
    options_url: str = ""
    uploads: tuple[Upload, ...] = ()
    rows: tuple[tuple[Widget, ...], ...] = ()
    blank: tuple[Widget, ...] = ()
    readonly: bool = False
    shown: str = ""  # computed: its value in words
    away: bool = False  # a condition says that it is not shown now
    required: bool = False
    given: str | None = None  # the default that was worked out for it, as typed, while nobody has changed it

    @property
    def id(self) -> str:
        return "f-" + self.name.replace(".", "-")

    @property
    def short(self) -> bool:
        return self.field.type in SHORT and (self.field.max_length or 0) <= 200

    @property
    def wrong(self) -> bool:
        """Something is wrong here or in a row below."""
        return bool(self.problems) or any(cell.problems for row in self.rows for cell in row)


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    widgets: tuple[Widget, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the widgets are filled with. `typed` wins over `data`: what could not be read is shown as typed."""

    data: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by field path
    labels: Mapping[str, str] = field(default_factory=dict)  # id -> name of a record or person
    uploads: Mapping[str, Upload] = field(default_factory=dict)  # file id -> file
    readonly: frozenset[str] = frozenset()
    standings: Mapping[str, Standing] = field(default_factory=dict)  # of fields with conditions
    given: frozenset[str] = frozenset()  # fields that show a default which was worked out

    def standing(self, item: Field) -> Standing:
        return self.standings.get(item.name) or Standing(required=item.required)

    def locked(self, item: Field) -> bool:
        return item.name in self.readonly or self.standing(item).readonly


def sections(form: Form, entry: Entry, *, names: Sequence[str] | None = None) -> tuple[Section, ...]:
    """The form's fields (or only `names`) as widgets, gathered under their headings in the form's order."""
    found: dict[str, list[Widget]] = {}
    for name in form.fields if names is None else names:
        item = form.fields[name]
        found.setdefault(item.section, []).append(widget(form, item, entry))
    return tuple(Section(title, tuple(widgets)) for title, widgets in found.items())


def widget(form: Form, item: Field, entry: Entry) -> Widget:
    """The widget of one field of the form itself (not of a column of rows)."""
    value = entry.typed[item.name] if item.name in entry.typed else typed(item, entry.data.get(item.name))
    if item.type != "rows":
        return _plain(form, item, entry, name=item.name, path=item.name, value=value)
    lines = list(value or ())
    rows = tuple(_line(form, item, entry, number=n, values=line) for n, line in enumerate(lines))
    return Widget(
        field=item, name=item.name, value=lines, rows=rows,
        blank=_line(form, item, entry, number="#", values={}),
        problems=tuple(entry.problems.get(item.name, ())), readonly=entry.locked(item),
        away=not entry.standing(item).visible, required=entry.standing(item).required,
    )  # fmt: skip


def _line(form: Form, item: Field, entry: Entry, *, number: int | str, values: Mapping[str, Any]) -> tuple[Widget, ...]:
    cells = []
    for column in item.columns:
        name = f"{item.name}.{number}.{column.name}"
        cells.append(
            _plain(
                form, column, entry, name=name, path=name, value=values.get(column.name, ""),
                options=f"{item.name}.{column.name}", readonly=column.computed or entry.locked(item),
            )
        )  # fmt: skip
    return tuple(cells)


def _plain(
    form: Form, item: Field, entry: Entry, *, name: str, path: str, value: Any,
    options: str = "", readonly: bool = False,
) -> Widget:  # fmt: skip
    text, url, uploads = "", "", ()
    if item.type in ("reference", "person"):
        value, text = value if isinstance(value, tuple) else (value, entry.labels.get(value, ""))
        url = f"/forms/{form.name}/options/{options or item.name}"
    elif item.type in ("file", "photo"):
        uploads = tuple(entry.uploads.get(id, Upload(id, _("文件"))) for id in value or ())
    state, shown = entry.standing(item), ""
    if item.computed and item.name in entry.data and name == item.name:
        shown = format_value(item, entry.data[item.name], labels=entry.labels)
    return Widget(
        field=item, name=name, value=value, text=text, options_url=url, uploads=uploads,
        problems=tuple(entry.problems.get(path, ())), readonly=readonly or (name == item.name and entry.locked(item)),
        shown=shown, away=name == item.name and not state.visible,
        required=state.required if name == item.name else item.required,
        given=plainly(value) if name in entry.given else None,
    )  # fmt: skip


def plainly(value: Any) -> str:
    """A typed value as the one text that its control posts."""
    return ("1" if value else "") if isinstance(value, bool) else str(value or "")


def typed(item: Field, value: Any) -> Any:
    """`value` of a record as a person would type it into the widget."""
    if item.type == "rows":
        lines = value if isinstance(value, list) else []
        return [{c.name: typed(c, line.get(c.name)) for c in item.columns} for line in lines]
    if item.type in ("choices", "file", "photo"):
        return list(value) if isinstance(value, list | tuple) else []
    if item.type == "boolean":
        return value is True
    if item.type == "place":
        place = value if isinstance(value, Mapping) else {}
        return {key: str(place.get(key, "")) for key in ("address", "lat", "lng")}
    if value is None:
        return ""
    if item.type == "datetime":
        return local_minute(str(value))
    if item.numeric and isinstance(value, int | Decimal):
        return grouped(item, value)
    return str(value)


def grouped(item: Field, value: int | Decimal) -> str:
    """A number with thousands separators and its own decimals: 1234567.5 -> "1,234,567.50"."""
    return f"{value:,.{item.decimals}f}" if item.type != "integer" else f"{value:,}"


def local_minute(moment: str) -> str:
    """A stored instant as the local minute a datetime input takes; as it is where it cannot be read."""
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return when.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
