"""A formula as an administrator types it: titles become codes, faults are told by place, an example is worked out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.clock import now
from core.definitions.properties import FORMULAS, WrongProperty
from core.forms import Field, Form, compile_form, format_value, scope_of, trial, whole_scope
from core.forms.computing import answer
from core.forms.formulas import rule_faults
from core.formulas import Formula, Gathered, Scene, Scope, TooCostly, compile_formula, to_codes, to_titles
from core.i18n import _

_SAMPLES: Mapping[str, Any] = {"number": Decimal(100), "boolean": True, "date": "2026-03-05",
                               "datetime": "2026-03-05T00:30:00Z"}  # fmt: skip


def siblings(form: Form, path: str) -> tuple[Field | None, Sequence[Field]]:
    """The field or column at `path`, and all that its formula may name."""
    fields = {**form.fields, **form.hidden}
    head, _dot, column = path.partition(".")
    item = fields.get(head)
    if item is None or not column:
        return item, list(fields.values())
    return next((one for one in item.columns if one.name == column), None), item.columns


def scope_at(form: Form, path: str) -> Scope:
    """The names that a formula at `path` may use."""
    return scope_of(siblings(form, path)[1], old=False) if "." in path else whole_scope(form)


def read_formula(form: Form, path: str, text: str, property_: str = "formula") -> str | None:
    """The formula of a property of the field at `path` as it is kept; WrongProperty says where it is wrong."""
    text = text.strip()
    if not text:
        return None
    item, fields = siblings(form, path)
    columns = fields if "." in path else ()
    faults = trial(form, item, text, kind=FORMULAS[property_], fields=columns) if item else []
    if faults:
        words = {"line": faults[0].line, "column": faults[0].column, "message": faults[0].message}
        raise WrongProperty(_("第 {line} 行第 {column} 个字：{message}", **words))
    return to_codes(text, scope_at(form, path))


def read_condition(definition: Mapping[str, Any], text: str) -> str | None:
    """The condition of a step as it is kept; WrongProperty says where it is wrong."""
    text = text.strip()
    if not text:
        return None
    form = compile_form("own.draft", {"properties": {}, **definition}, version="0")
    scope = scope_of([*form.fields.values(), *form.hidden.values()], spoken=True)
    faults = rule_faults(text, scope)
    if faults:
        words = {"line": faults[0].line, "column": faults[0].column, "message": faults[0].message}
        raise WrongProperty(_("条件第 {line} 行第 {column} 个字：{message}", **words))
    return to_codes(text, scope)


def shown_condition(form: Form, text: str) -> str:
    """A kept condition in titles, as it is edited."""
    return to_titles(text, scope_of([*form.fields.values(), *form.hidden.values()])) if text else ""


def text_of(item: Field, property_: str) -> str:
    """The kept formula of a property of a field."""
    if property_ in ("formula", "default_formula"):
        return str(getattr(item, property_))
    return str(getattr(item.when, FORMULAS[property_])) if item.when else ""


def shown_formula(form: Form, path: str, property_: str = "formula") -> str:
    """The kept formula of a property of the field at `path` in titles, as it is edited."""
    item, _fields = siblings(form, path)
    return to_titles(text_of(item, property_), scope_at(form, path)) if item else ""


def formula_example(form: Form, path: str, property_: str = "formula") -> str:
    """What the formula at `path` makes of sample values, in words; "" where there is none that works."""
    item, fields = siblings(form, path)
    text = text_of(item, property_) if item else ""
    formula = compile_formula(text, scope_at(form, path)) if text else []
    if item is None or not isinstance(formula, Formula):
        return ""
    looked = {by for by, _member in formula.lookups}
    values = {one.name: sample(one) for one in fields if one.name in formula.names}
    beyond, around = _beyond(form, formula)
    try:
        scene = Scene(now=now(), me="", department="", old=values, lookups=around[0], gathered=around[1])
        found = formula.value(values, scene)
    except TooCostly:
        return ""
    condition = FORMULAS[property_] in ("visible", "required", "readonly")
    shown = [(one.title, _words(one, values[one.name])) for one in fields if one.name in values.keys() - looked]
    given = _("，").join(f"{title} = {words}" for title, words in (*shown, *beyond))
    result = (_("是") if found is True else _("否")) if condition else _result(item, found)
    if given:
        return _("试算：{given} 时得 {result}", given=given, result=result)
    return _("试算得 {result}", result=result)


def _result(item: Field, found: Any) -> str:
    value = answer(item, found)
    return _("空") if value is None else format_value(item, value)


def _beyond(form: Form, formula: Formula) -> tuple[list[tuple[str, str]], tuple[Any, Any]]:
    """Samples for what is read elsewhere: (titles with words), (look-ups, totals)."""
    names, shown = whole_scope(form).names, []
    lookups: dict[tuple[str, str], Any] = {}
    for by, member in sorted(formula.lookups):
        found = names[by].members[member]
        lookups[by, member] = _SAMPLES.get(found.type, _("示例"))
        shown.append((f"{names[by].title}.{found.title}", _plain(lookups[by, member])))
    gathered: dict[Gathered, Any] = {}
    for what in sorted(formula.gathers, key=str):
        member = names[what.owner].members.get(what.member)
        kind = "number" if member is None or what.function in ("sum", "avg", "count") else member.type
        gathered[what] = Decimal(3) if what.function == "count" else _SAMPLES.get(kind, _("示例"))
        title = f"{names[what.owner].title}.{member.title}" if member else names[what.owner].title
        shown.append((title, _plain(gathered[what])))
    return shown, (lookups, gathered)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def sample(field: Field) -> Any:
    if field.type == "rows":
        return [{column.name: sample(column) for column in field.columns}] * 2
    if field.type in ("choice", "choices") and field.choices:
        return field.choices[0].value if field.type == "choice" else [field.choices[0].value]
    type_ = scope_of([field]).names[field.name].type if scope_of([field]).names else ""
    return _SAMPLES.get(type_, [] if type_.startswith("list:") else _("示例"))


def _words(field: Field, value: Any) -> str:
    if field.type == "rows":
        return _("{n} 行", n=len(value))
    return format_value(field, value)


def every_formula(field: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """(key, part of the key's object or "", formula) of every formula in a field's definition."""
    if field.get("x-formula"):
        yield "x-formula", "", field["x-formula"]
    if isinstance(field.get("x-default"), Mapping):
        yield "x-default", "formula", str(field["x-default"].get("formula", ""))
    for part, text in (field.get("x-when") or {}).items():
        if part != "hidden":
            yield "x-when", part, text
