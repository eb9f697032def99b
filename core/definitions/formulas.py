"""A formula as an administrator types it: titles become codes, faults are told by place, an example is worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.clock import now
from core.definitions.properties import WrongProperty
from core.forms import Field, Form, compile_form, format_value, scope_of, trial
from core.forms.computing import answer
from core.formulas import Formula, Scene, TooCostly, compile_formula, to_codes, to_titles
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


def read_formula(definition: Mapping[str, Any], path: str, text: str) -> str | None:
    """The formula of the field at `path` as it is kept; WrongProperty says where it is wrong."""
    text = text.strip()
    if not text:
        return None
    item, fields = siblings(compile_form("own.draft", {"properties": {}, **definition}, version="0"), path)
    faults = trial(item, text, fields, column="." in path) if item else []
    if faults:
        words = {"line": faults[0].line, "column": faults[0].column, "message": faults[0].message}
        raise WrongProperty(_("第 {line} 行第 {column} 个字：{message}", **words))
    return to_codes(text, scope_of(fields))


def shown_formula(form: Form, path: str) -> str:
    """The kept formula of the field at `path` in titles, as it is edited."""
    item, fields = siblings(form, path)
    return to_titles(item.formula, scope_of(fields)) if item else ""


def formula_example(form: Form, path: str) -> str:
    """What the formula at `path` makes of sample values, in words; "" where there is none that works."""
    item, fields = siblings(form, path)
    scope = scope_of(fields, old="." not in path)
    formula = compile_formula(item.formula, scope) if item and item.formula else []
    if item is None or not isinstance(formula, Formula):
        return ""
    values = {one.name: sample(one) for one in fields if one.name in formula.names}
    try:
        found = answer(item, formula.value(values, Scene(now=now(), me="", department="", old=values)))
    except TooCostly:
        return ""
    given = _("，").join(f"{one.title} = {_words(one, values[one.name])}" for one in fields if one.name in values)
    result = _("空") if found is None else format_value(item, found)
    if given:
        return _("试算：{given} 时得 {result}", given=given, result=result)
    return _("试算得 {result}", result=result)


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
