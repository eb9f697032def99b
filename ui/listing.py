"""The address of a list: what it says about filters, sorting, columns and views, and links that change one of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from core.forms import Field, Form, ValueParseError, format_value, parse_value
from core.i18n import _
from core.records import Query, parse_query
from core.records.params import ME, join_list, split_list
from ui.entry import whole
from ui.values import SYSTEM, ZONE, field_of, masked

COLUMNS = 12  # shown unless others are chosen
OPERATORS = {
    "eq": "为", "ne": "不为", "in": "为", "contains": "包含", "empty": "为空", "filled": "不为空",
    "lt": "小于", "le": "不大于", "gt": "大于", "ge": "不小于", "between": "介于",
}  # fmt: skip
_NO_VALUE = ("empty", "filled")
_BY_TYPE = {
    "text": ("contains", "eq", "ne", "empty", "filled"),
    "longtext": ("contains", "empty", "filled"),
    "integer": ("between", "eq", "ne", "empty", "filled"),
    "date": ("between", "empty", "filled"),
    "choice": ("in", "empty", "filled"),
    "boolean": ("eq", "empty", "filled"),
    "file": ("filled", "empty"),
}
_ALIKE = {
    "phone": "text", "idcard": "text", "uscc": "text", "decimal": "integer", "money": "integer", "datetime": "date",
    "choices": "choice", "reference": "choice", "person": "choice", "photo": "file", "place": "file", "rows": "file",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is on screen, in the very words of the address."""

    form: Form
    where: tuple[str, ...] = ()  # "field:op:value"
    formula: str = ""  # that must be true too, as it was typed
    sort: tuple[str, ...] = ()  # "amount", "-amount"
    q: str = ""
    columns: tuple[str, ...] = ()  # () = the form's own
    view: str = ""
    totals: bool = False
    open: str = ""  # the record in the drawer

    @property
    def path(self) -> str:
        return f"/forms/{self.form.name}"

    def pairs(self) -> list[tuple[str, str]]:
        """Everything but `open`, as pairs of the query string."""
        found = [("view", self.view)] if self.view else []
        found += [("q", self.q)] if self.q else []
        found += [("where", condition) for condition in self.where]
        found += [("filter", self.formula)] if self.formula else []
        found += [("sort", ",".join(self.sort))] if self.sort else []
        found += [("columns", ",".join(self.columns))] if self.columns else []
        return found + ([("totals", "1")] if self.totals else [])

    def url(self, suffix: str = "", **changes: Any) -> str:
        """The address after `changes`, under the list's path plus `suffix`."""
        other = replace(self, **changes)
        pairs = other.pairs() + ([("open", other.open)] if other.open else [])
        return other.path + suffix + ("?" + urlencode(pairs, safe=":,/") if pairs else "")

    def sorted_by(self, name: str) -> str:
        """The address when the head of the column is clicked: up, down, not at all."""
        if name in self.sort:
            return self.url(sort=("-" + name,), open="")
        return self.url(sort=() if "-" + name in self.sort else (name,), open="")

    def direction(self, name: str) -> str:
        return "up" if name in self.sort else "down" if "-" + name in self.sort else ""

    def without(self, place: int) -> str:
        """The address without the filter at `place`."""
        return self.url(where=self.where[:place] + self.where[place + 1 :], open="")

    def shown(self, hidden: Iterable[str] = ()) -> list[str]:
        """The columns on screen, in order; those the reader may not see are left out."""
        names = self.columns or self.form.list or tuple(self.form.fields)[:COLUMNS]
        gone = set(hidden)
        found = [name for name in names if field_of(self.form, name) and name not in gone]
        return found or [name for name in self.form.fields if name not in gone][:1]

    def query(self, *, me: str, after: str | None = None, limit: int = 50) -> Query:
        """What to ask the records for; Invalid where the address makes no sense. `me`: the member who asks."""
        params = {"where": list(self.where), "filter": self.formula, "sort": [",".join(self.sort)], "q": self.q}
        return replace(parse_query(self.form, params, me=me), after=after, limit=limit)


def listing(form: Form, pairs: Sequence[tuple[str, str]]) -> Listing:
    """What the address says; what it does not know is left out."""
    last = dict(pairs)
    columns = [name for key, value in pairs if key == "columns" for name in value.split(",") if name]
    return Listing(
        form=form,
        where=tuple(value for key, value in pairs if key == "where" and value),
        formula=last.get("filter", "").strip(),
        sort=tuple(part for part in last.get("sort", "").split(",") if part),
        q=last.get("q", "").strip(),
        columns=tuple(dict.fromkeys(columns)),
        view=last.get("view", ""),
        totals=last.get("totals") == "1",
        open=last.get("open", ""),
    )


def operators(field: Field) -> tuple[str, ...]:
    """The operators that the filter of this field offers, the usual one first."""
    return _BY_TYPE[_ALIKE.get(field.type, field.type)]


def kind_of(field: Field) -> str:
    """Which controls the filter shows: text, number, date, choice, pick, boolean, none."""
    kind = _ALIKE.get(field.type, field.type)
    if field.type in ("reference", "person"):
        return "pick"
    return {"integer": "number", "longtext": "text", "file": "none"}.get(kind, kind)


def fold(state: Listing, given: Mapping[str, Sequence[str]]) -> Listing:
    """The filter just typed (`field`, `op`, `v`, `v2`, and `at` where it replaces one), made part of the address.

    ValueParseError where what was typed cannot be read.
    """
    name = given["field"][0]
    field = field_of(state.form, name)
    if field is None:
        return state
    op = (given.get("op") or [""])[0] or operators(field)[0]
    values = [value.strip() for value in given.get("v", ()) if value.strip()]
    upper = (given.get("v2") or [""])[0].strip()
    fresh = tuple(f"{name}:{rest}" for rest in _conditions(field, op, values, upper=upper))
    places = {whole(place, -1) for place in (given.get("at") or [""])[0].split(",")}
    kept = tuple(condition for place, condition in enumerate(state.where) if place not in places)
    return replace(state, where=kept + fresh, open="")


def _conditions(field: Field, op: str, values: list[str], *, upper: str) -> list[str]:
    if op in _NO_VALUE:
        return [op + ":"]
    if op == "between":
        lower = values[0] if values else ""
        return _span(field, lower, upper)
    if not values:
        return []
    if op == "in" and field.type == "choices":
        return [f"contains:{values[0]}"] if len(values) == 1 else [f"in:{join_list(values)}"]
    if op == "in":
        return [f"in:{join_list(values)}"] if len(values) > 1 else [f"eq:{values[0]}"]
    return [f"{op}:{_plain(field, values[0])}"]


def _span(field: Field, lower: str, upper: str) -> list[str]:
    low, high = _plain(field, lower), _plain(field, upper)
    if low and low == high:
        return [f"eq:{low}"]
    return ([f"ge:{low}"] if low else []) + ([f"le:{high}"] if high else [])


def _plain(field: Field, text: str) -> str:
    """A typed number or date as the address spells it: "1,234.50" becomes 1234.50."""
    if field.type == "datetime" and text:
        return str(parse_value(Field(name=field.name, type="date", title=field.title), text))
    return str(parse_value(field, text)) if text and (field.numeric or field.type == "date") else text


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter as people read it; `places` are its conditions in the address."""

    field: str
    title: str
    words: str
    value: str
    places: tuple[int, ...]
    remove: str  # address without it


def chips(state: Listing, labels: Mapping[str, str]) -> list[Chip]:
    """The filters in words; a lower and an upper bound of one field are one chip."""
    parts = [text.split(":", 2) for text in state.where]
    found: list[Chip] = []
    taken: set[int] = set()
    for place, one in enumerate(parts):
        field = field_of(state.form, one[0])
        if field is None or place in taken or len(one) < 2:
            continue
        other = _partner(parts, place)
        places = (place,) if other is None else (place, other)
        taken.update(places)
        words, value = _said(field, one, None if other is None else parts[other], labels)
        kept = tuple(text for number, text in enumerate(state.where) if number not in places)
        found.append(Chip(one[0], field.title, words, value, places, state.url(where=kept, open="")))
    return found


def _partner(parts: Sequence[Sequence[str]], place: int) -> int | None:
    """The upper bound that belongs to a lower one."""
    if parts[place][1] not in ("ge", "gt"):
        return None
    for other in range(place + 1, len(parts)):
        if parts[other][0] == parts[place][0] and parts[other][1:2] in (["le"], ["lt"]):
            return other
    return None


def _said(field: Field, one: Sequence[str], other: Sequence[str] | None, labels: Mapping[str, str]) -> tuple[str, str]:
    op, text = one[1], one[2] if len(one) > 2 else ""
    if op in _NO_VALUE:
        return _(OPERATORS[op]), ""
    if op in ("ge", "gt", "le", "lt") and kind_of(field) in ("date", "number"):
        low = text if op in ("ge", "gt") else ""
        high = other[2] if other else text if op in ("le", "lt") else ""
        if kind_of(field) == "date":
            return "", _("{a} 至 {b}", a=low[:10] or "…", b=high[:10] or "…")
        if other is None:
            return _(OPERATORS[op]), _name(field, text, labels)
        return "", f"{_name(field, low, labels)} – {_name(field, high, labels)}"
    if op == "in":
        return _(OPERATORS["in"]), _("、").join(_name(field, value, labels) for value in split_list(text))
    return _(OPERATORS[op]), _name(field, text, labels)


def _name(field: Field, text: str, labels: Mapping[str, str]) -> str:
    """A value of the address as people read it; as it stands where it cannot be read."""
    if field.type in ("reference", "person"):
        return _("我") if text == ME and field.type == "person" else labels.get(text, text)
    if field.type in ("choice", "choices"):
        return next((choice.title for choice in field.choices if choice.value == text), text)
    try:
        value = parse_value(field, text) if field.type != "datetime" else text
    except ValueParseError:
        return text
    return masked(field, format_value(field, value)) if value is not None and field.type != "datetime" else text


def spans(today: date) -> list[tuple[str, str, str]]:
    """(title, from, to) of the stretches of time that people filter by."""
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    last_month = (first - timedelta(days=1)).replace(day=1)
    next_month = (first + timedelta(days=32)).replace(day=1)
    found = [
        (_("今天"), today, today),
        (_("最近 7 天"), today - timedelta(days=6), today),
        (_("本周"), monday, monday + timedelta(days=6)),
        (_("本月"), first, next_month - timedelta(days=1)),
        (_("上月"), last_month, first - timedelta(days=1)),
        (_("今年"), today.replace(month=1, day=1), today.replace(month=12, day=31)),
    ]
    return [(title, begin.isoformat(), end.isoformat()) for title, begin, end in found]


def today() -> date:
    return datetime.now(ZONE).date()


def all_columns(form: Form, hidden: Iterable[str] = ()) -> list[Field]:
    """Every field that may be a column: the form's, then those that every record has."""
    gone = set(hidden)
    fields = [field for name, field in form.fields.items() if name not in gone]
    return fields + [field for name in SYSTEM if (field := field_of(form, name))]


__all__ = [
    "OPERATORS", "Chip", "Listing", "ValueParseError", "all_columns", "chips", "fold", "kind_of", "listing",
    "operators", "spans", "today",
]  # fmt: skip
