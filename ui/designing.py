"""What the designer's templates draw: the sheet with its cards, the panel of one field; nothing is changed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.context import Context
from core.definitions import (
    CONDITIONS,
    FORMULAS,
    Draft,
    by_property,
    draft_form,
    formula_example,
    kindred,
    properties_of,
    shown_formula,
    value_of,
    wrong_paths,
)
from core.errors import Problem
from core.forms import FIELD_TYPES, PROPERTIES, Field, Form, Kind, format_value
from core.i18n import _
from core.records import Query
from ui.widgets import Entry, Widget, widget

NUMBERED = frozenset("decimals minimum maximum max_length min_items max_items".split())
SWITCHES = frozenset("required listed key label pii keep_hidden".split())
PLAIN = frozenset("title help default section".split())  # they explain themselves
NOW = {"date": "today", "datetime": "now", "person": "me"}
EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One field on the sheet."""

    path: str
    widget: Widget
    kind: Kind
    marks: tuple[tuple[str, str], ...]  # icon, what it means
    wrong: bool
    hidden: bool = False
    own: bool = False  # a field of the tenant in a module's form


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One line of the panel. `value` is as typed."""

    name: str
    title: str
    hint: str
    kind: str  # text, longtext, number, switch, pattern, section, ref, default, choices, columns
    value: Any = ""
    error: str = ""
    options: tuple[tuple[str, str], ...] = ()
    choices: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The properties of one field, or of the form where `path` is ""."""

    path: str
    title: str
    kind: Kind | None = None
    types: tuple[Kind, ...] = ()  # that the field may become
    code: str = ""
    code_fixed: bool = True
    code_error: str = ""
    properties: tuple[Property, ...] = ()
    columns: tuple[tuple[str, Field, Kind], ...] = ()  # of a rows field
    within: str = ""  # the rows field a column belongs to
    within_title: str = ""
    shipped: bool = False
    hidden: bool = False
    can_hide: bool = True
    errors: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[Property, ...] = ()
    examples: tuple[str, ...] = ()  # labels of records the reference would show
    target: Form | None = None


def cards(draft: Draft, form: Form, problems: Sequence[Problem]) -> list[tuple[str, list[Card]]]:
    """The fields as cards under their headings, in the form's order; hidden ones stay in their place."""
    wrong, found = wrong_paths(problems), {}
    every = {**form.fields, **form.hidden}
    names = [name for name in draft.definition.get("properties", {}) if name in every]
    for name in names:
        item = every[name]
        found.setdefault(item.section, []).append(
            Card(
                path=name, widget=widget(form, item, Entry(data=_sample(item))), kind=FIELD_TYPES[item.type],
                marks=_marks(form, item), wrong=name in wrong, hidden=name in form.hidden,
                own=draft.overlay and item.owner == "tenant",
            )
        )  # fmt: skip
    return list(found.items())


def _sample(item: Field) -> dict[str, Any]:
    """What the preview is filled with: a fixed default, and one row for a table."""
    if item.type == "rows":
        return {item.name: [{}]}
    fixed = item.default is not None and item.default not in NOW.values()
    return {item.name: item.default} if fixed else {}


def _marks(form: Form, item: Field) -> tuple[tuple[str, str], ...]:
    marks = []
    if item.name in form.key:
        marks.append(("key", _("唯一标识")))
    if item.name == form.label:
        marks.append(("tag", _("作为名称")))
    if item.name in form.list:
        marks.append(("columns", _("在列表中显示")))
    if item.computed:
        marks.append(("calculator", _("自动计算")))
    if item.when:
        marks.append(("eye-cog", _("有显示、必填或只读的条件")))
    if item.pii:
        marks.append(("shield", _("个人信息")))
    return tuple(marks)


async def panel(
    ctx: Context,
    draft: Draft,
    path: str,
    problems: Sequence[Problem],
    *,
    typed: Mapping[str, Sequence[str]] | None = None,
    refused: Sequence[Problem] = (),
) -> Panel:
    """The panel of the field at `path`; of the form where there is none. What was refused stays as typed."""
    form = draft_form(draft, lang=ctx.language)
    item = _find(form, path)
    if item is None:
        errors = by_property(problems, "") | {p.field.removeprefix("form."): p.message for p in refused}
        return Panel(path="", title=draft.definition.get("title", ""), errors=errors)
    within, _dot, name = path.rpartition(".")
    errors = by_property(problems, path) | {p.field: p.message for p in refused}
    shipped = draft.shipped(path)
    target, examples = await _target(ctx, item)
    types = [FIELD_TYPES[item.type]]
    if not shipped:
        was = _published_type(draft, path)
        allowed = kindred(was) if was else frozenset(FIELD_TYPES)
        types = [kind for kind in FIELD_TYPES.values() if kind.name in allowed and (kind.in_rows or not within)]
    wrong = {p.field: (typed or {}).get(p.field, [""])[-1] for p in refused}
    found = _properties(ctx, draft, form, path, item, errors=errors, wrong=wrong)
    return Panel(
        path=path,
        title=item.title,
        kind=FIELD_TYPES[item.type],
        types=tuple(types),
        code=wrong.get("code", name),
        code_fixed=draft.fixed(path) or shipped,
        code_error=errors.get("code", ""),
        properties=tuple(one for one in found if one.name not in CONDITIONS),
        conditions=tuple(one for one in found if one.name in CONDITIONS),
        columns=tuple((f"{path}.{c.name}", c, FIELD_TYPES[c.type]) for c in item.columns),
        within=within,
        within_title=form.fields[within].title if within and within in form.fields else "",
        shipped=shipped,
        hidden=path in form.hidden,
        can_hide=not shipped or not _needed(draft, path),
        errors=errors,
        examples=examples,
        target=target,
    )


def _needed(draft: Draft, name: str) -> bool:
    base = draft.base or {}
    return name in (*base.get("required", ()), *base.get("x-key", ()), base.get("x-label"))


def _find(form: Form, path: str) -> Field | None:
    head, _dot, column = path.partition(".")
    item = form.fields.get(head) or form.hidden.get(head)
    if item is None or not column:
        return item
    return next((one for one in item.columns if one.name == column), None)


def _published_type(draft: Draft, path: str) -> str:
    if not draft.fixed(path):
        return ""
    fields: Any = (draft.published or {}).get("properties", {})
    head, _dot, column = path.partition(".")
    prop = fields[head]["items"]["properties"][column] if column else fields[head]
    return str(prop["x-type"])


def _properties(
    ctx: Context, draft: Draft, form: Form, path: str, item: Field, *, errors: Mapping[str, str],
    wrong: Mapping[str, str],
) -> list[Property]:  # fmt: skip
    found = []
    for name in properties_of(item.type, in_rows="." in path, shipped=draft.shipped(path)):
        if name == "columns":
            continue
        value = value_of(draft.definition, path, name)
        known = PROPERTIES.get(name)
        common = {
            "name": name,
            "title": _(known.title) if known else _("作为名称"),
            "hint": _(known.hint) if known and known.hint and name not in PLAIN else "",
            "error": errors.get(name, ""),
        }
        if name == "choices":
            found.append(Property(kind="choices", choices=tuple(value or ()), **common))
        elif name == "default":
            shown = wrong.get("default", _typed_default(item, value))
            found.append(Property(kind="default", value=shown, options=_default_options(item), **common))
        elif name == "ref":
            found.append(Property(kind="ref", value=value or "", options=_targets(ctx, draft), **common))
        elif name in FORMULAS:
            if not errors.get(name):
                common["hint"] = formula_example(form, path, name) or common["hint"]
            shown = wrong.get(name, shown_formula(form, path, name))
            found.append(Property(kind="formula", value=shown, **common))
        elif name == "section":
            options = tuple((one, one) for one in dict.fromkeys(f.section for f in form.fields.values()) if one)
            found.append(Property(kind="section", value=wrong.get(name, value or ""), options=options, **common))
        else:
            kind = "switch" if name in SWITCHES else "number" if name in NUMBERED else _KINDS.get(name, "text")
            shown = bool(value) if kind == "switch" else wrong.get(name, "" if value is None else _plain(value))
            found.append(Property(kind=kind, value=shown, **common))
    return found


_KINDS = {"help": "longtext", "pattern": "pattern"}


def _plain(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _typed_default(item: Field, value: Any) -> Any:
    if value is None:
        return [] if item.type == "choices" else ""
    if item.type == "choices":
        return list(value)
    if item.type == "boolean":
        return "1" if value else "0"
    return _plain(value)


def _default_options(item: Field) -> tuple[tuple[str, str], ...]:
    if item.type in ("choice", "choices"):
        return tuple((choice.value, choice.title) for choice in item.choices)
    if item.type == "boolean":
        return (("1", _("是")), ("0", _("否")))
    words = {"date": _("填表当天"), "datetime": _("填表时刻"), "person": _("填表人自己")}
    return ((NOW[item.type], words[item.type]),) if item.type in NOW else ()


def _targets(ctx: Context, draft: Draft) -> tuple[tuple[str, str], ...]:
    """The forms a reference may point at: all that are in force, and the form itself (a tree)."""
    found = {form.name: _grouped(ctx, form) for form in ctx.forms.all()}
    found[draft.form] = _("{title}（本表，用于上下级）", title=draft.definition.get("title", ""))
    return tuple(found.items())


def _grouped(ctx: Context, form: Form) -> str:
    manifest = next((one for one in ctx.modules if one.name == form.module), None)
    return f"{manifest.title(ctx.language)} · {form.title}" if manifest else form.title


async def _target(ctx: Context, item: Field) -> tuple[Form | None, tuple[str, ...]]:
    """The form a reference points at, and how its newest records would be called."""
    target = ctx.forms.find(item.ref) if item.type == "reference" and item.ref else None
    if target is None or not ctx.can(target.name, "read"):
        return target, ()
    found = await ctx.records.list(target.name, Query(limit=EXAMPLES))
    label = target.fields.get(target.label)
    if label is None:
        return target, ()
    shown = [
        format_value(label, record.data[label.name], lang=ctx.language)
        for record in found.records if label.name in record.data
    ]  # fmt: skip
    return target, tuple(shown)


def titles(form: Form) -> dict[str, str]:
    """Path -> title of every field and column, for telling where something is wrong."""
    found = {}
    for name, item in {**form.fields, **form.hidden}.items():
        found[name] = item.title
        found.update({f"{name}.{c.name}": _("{rows}：{column}", rows=item.title, column=c.title) for c in item.columns})
    return found
