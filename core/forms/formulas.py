"""Formulas of a form: what their names stand for, whether they can work, and the order in which they run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from core.errors import Problem
from core.forms.model import Field, Form, Rule
from core.formulas import Fault, Formula, Named, Scope, compile_formula, ordered
from core.i18n import _

# What a value of each type of field is to a formula; a place is nothing to one.
TYPES: Mapping[str, str] = {
    **dict.fromkeys(("text", "longtext", "choice", "reference", "person", "phone", "idcard", "uscc"), "text"),
    **dict.fromkeys(("integer", "decimal", "money"), "number"),
    **dict.fromkeys(("choices", "file", "photo"), "list:text"),
    "date": "date", "datetime": "datetime", "boolean": "boolean", "rows": "list:row",
}  # fmt: skip
MAY_BE_COMPUTED = frozenset(
    {"text", "longtext", "choice", "reference", "person", "integer", "decimal", "money", "date", "datetime", "boolean"}
)


@dataclass(frozen=True, slots=True)
class Step:
    field: Field
    formula: Formula


@dataclass(frozen=True, slots=True)
class Plan:
    """All formulas of a form, compiled: columns row by row first, then fields in the order of what they need."""

    columns: tuple[tuple[str, tuple[Step, ...]], ...] = ()
    steps: tuple[Step, ...] = ()
    rules: tuple[tuple[Rule, Formula], ...] = ()


def scope_of(fields: Iterable[Field], *, spoken: bool = False, old: bool = True) -> Scope:
    """The names of `fields`; `spoken` where titles are understood too."""
    return Scope({field.name: _named(field) for field in fields if field.type in TYPES}, spoken, old)


def _named(field: Field) -> Named:
    members = {column.name: _named(column) for column in field.columns if column.type in TYPES}
    return Named(field.name, TYPES[field.type], field.title, members)


def plan_of(form: Form) -> Plan:
    """The formulas of `form`, compiled when first asked for. One that cannot work (any more) is left out."""
    if form.plan is None:
        object.__setattr__(form, "plan", _plan(form))
    return form.plan  # type: ignore[no-any-return]


def _plan(form: Form) -> Plan:
    fields = _every(form)
    columns = []
    for field in fields:
        steps = _steps(field.columns, old=False)
        columns += [(field.name, steps)] if steps else []
    scope, rules = scope_of(fields), []
    for rule in form.rules:
        formula = compile_formula(rule.when, scope)
        if isinstance(formula, Formula):
            rules.append((rule, formula))
    return Plan(tuple(columns), _steps(fields, old=True), tuple(rules))


def _every(form: Form) -> list[Field]:
    return [*form.fields.values(), *form.hidden.values()]


def _steps(fields: Iterable[Field], *, old: bool) -> tuple[Step, ...]:
    fields = list(fields)
    if not any(field.formula for field in fields):
        return ()
    scope, found = scope_of(fields, old=old), {}
    for field in fields:
        formula = compile_formula(field.formula, scope) if field.formula else []
        if isinstance(formula, Formula):
            found[field.name] = Step(field, formula)
    order = ordered({name: step.formula.names for name, step in found.items()})
    return tuple(found[name] for name in order) if isinstance(order, list) else ()


def formula_faults(form: Form) -> Iterator[Problem]:
    """What is wrong with the formulas and rules of a form that is to be published, by place in its definition."""
    fields = _every(form)
    yield from _faults(fields, "properties", old=True)
    for field in fields:
        yield from _faults(field.columns, f"properties.{field.name}.items.properties", old=False)
    names = {field.name for field in fields}
    for number, rule in enumerate(form.rules):
        place = f"x-rules.{number}"
        yield from (said(f"{place}.when", fault) for fault in rule_faults(rule.when, scope_of(fields)))
        if rule.field and rule.field not in names:
            message = _("没有叫“{name}”的字段，请核对写法或先添加它", name=rule.field)
            yield Problem(f"{place}.field", "field", message)


def said(place: str, fault: Fault) -> Problem:
    words = {"line": fault.line, "column": fault.column, "message": fault.message}
    return Problem(place, "formula", _("公式第 {line} 行第 {column} 个字：{message}", **words))


def rule_faults(text: str, scope: Scope) -> list[Fault]:
    found = compile_formula(text, scope)
    if not isinstance(found, Formula):
        return found
    return [] if found.type in ("boolean", "null") else [Fault(1, 1, _("规则应得出是或否，例如 完工 >= 开工"))]


def field_faults(field: Field, text: str, scope: Scope) -> list[Fault]:
    """What keeps `text` from computing `field`, circles aside."""
    found = compile_formula(text, scope)
    if not isinstance(found, Formula):
        return found
    if field.type not in MAY_BE_COMPUTED:
        return [Fault(1, 1, _("这种字段不能用公式计算"))]
    if found.lookups:
        return [Fault(1, 1, _("计算字段不能取关联的内容"))]
    if found.type in (TYPES[field.type], "null"):
        return []
    words = {"given": _WORDS.get(found.type, "一列值"), "wanted": _WORDS[TYPES[field.type]]}
    return [Fault(1, 1, _("公式得出的是{given}，这个字段要的是{wanted}", **{k: _(v) for k, v in words.items()}))]


_WORDS = {"number": "数字", "text": "文字", "boolean": "是否", "date": "日期", "datetime": "日期时间"}


def _faults(fields: Iterable[Field], place: str, *, old: bool) -> Iterator[Problem]:
    fields = list(fields)
    scope, needs = scope_of(fields, old=old), {}
    for field in fields:
        if not field.formula:
            continue
        faults = field_faults(field, field.formula, scope)
        yield from (said(f"{place}.{field.name}.x-formula", fault) for fault in faults)
        formula = compile_formula(field.formula, scope)
        if isinstance(formula, Formula):
            needs[field.name] = formula.names
    circle = ordered(needs)
    if isinstance(circle, tuple):
        titles = {field.name: field.title for field in fields}
        way = " → ".join(f"“{titles[name]}”" for name in (*circle, circle[0]))
        message = _("公式互相引用成了一圈：{way}，请改掉其中一个", way=way)
        yield Problem(f"{place}.{circle[0]}.x-formula", "circle", message)


def trial(field: Field, text: str, fields: Iterable[Field], *, column: bool = False) -> list[Fault]:
    """What is wrong with `text`, which speaks of codes or titles, as the formula of `field` among `fields`."""
    return field_faults(field, text, replace(scope_of(fields, old=not column), spoken=True))
