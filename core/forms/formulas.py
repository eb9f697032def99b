"""Formulas of a form: what their names stand for, whether they can work, and the order in which they run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from core.errors import Problem
from core.forms.model import Field, Form, Rule
from core.forms.scopes import MAY_BE_COMPUTED, TYPES, scope_of, whole_scope
from core.formulas import Fault, Formula, Gathered, Scope, compared, compile_formula, fault, ordered
from core.i18n import _


@dataclass(frozen=True, slots=True)
class Step:
    """One field when a record is worked out: first whether it is there, then its default, then its formula."""

    field: Field
    formula: Formula | None = None
    visible: Formula | None = None
    default: Formula | None = None

    @property
    def parts(self) -> tuple[Formula, ...]:
        return tuple(one for one in (self.visible, self.default, self.formula) if one is not None)

    @property
    def names(self) -> frozenset[str]:
        return frozenset().union(*(one.names for one in self.parts))


@dataclass(frozen=True, slots=True)
class Condition:
    """The conditions under which a field must be filled in, or may not be changed."""

    field: Field
    visible: Formula | None = None
    required: Formula | None = None
    readonly: Formula | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All formulas of a form, compiled: columns row by row first, then fields in the order of what they need."""

    columns: tuple[tuple[str, tuple[Step, ...]], ...] = ()
    steps: tuple[Step, ...] = ()
    rules: tuple[tuple[Rule, Formula], ...] = ()
    conditions: Mapping[str, Formula] = dataclasses.field(default_factory=dict)  # by code of the form's step
    standing: tuple[Condition, ...] = ()  # of fields
    lookups: frozenset[tuple[str, str]] = frozenset()  # (reference, member): to be fetched before anything runs
    gathers: frozenset[Gathered] = frozenset()


def plan_of(form: Form) -> Plan:
    """The formulas of `form`, compiled when first asked for. One that cannot work (any more) is left out."""
    if form.plan is None:
        object.__setattr__(form, "plan", _plan(form))
    return form.plan  # type: ignore[no-any-return]


def _plan(form: Form) -> Plan:
    fields = every_field(form)
    # else other forms need not be known
    beyond = any(sign in text for text in formula_texts(form, fields) for sign in ".[")
    scope, columns = whole_scope(form) if beyond else scope_of(fields), []
    for field in fields:
        steps = _steps(field.columns, scope_of(field.columns, old=False))
        columns += [(field.name, steps)] if steps else []
    rules = [(rule, one) for rule in form.rules if (one := _compiled(rule.when, scope))]
    wanted = [(step.code, step.when) for step in form.flow.steps if step.when] if form.flow else []
    conditions = {code: one for code, when in wanted if (one := _compiled(when, scope))}
    standing = tuple(_condition(field, scope) for field in fields if field.when)
    steps = _steps(fields, scope)
    every = [one for step in steps for one in step.parts] + [one for _rule, one in rules] + [*conditions.values()]
    every += [one for c in standing for one in (c.required, c.readonly) if one]
    return Plan(
        tuple(columns), steps, tuple(rules), conditions, standing,
        lookups=frozenset().union(*(one.lookups for one in every)),
        gathers=frozenset().union(*(one.gathers for one in every)),
    )  # fmt: skip


def formula_texts(form: Form, fields: Iterable[Field]) -> Iterator[str]:
    """Every text of the form that may read another form; "" among them."""
    yield from (rule.when for rule in form.rules)
    yield from (step.when for step in form.flow.steps if step.when) if form.flow else ()
    for field in fields:
        yield from (field.formula, field.default_formula)
        if field.when:
            yield from (field.when.visible, field.when.required, field.when.readonly)


def every_field(form: Form) -> list[Field]:
    """The form's fields and those that an overlay hides."""
    return [*form.fields.values(), *form.hidden.values()]


def _compiled(text: str, scope: Scope) -> Formula | None:
    found = compile_formula(text, scope) if text else None
    return found if isinstance(found, Formula) else None


def _condition(field: Field, scope: Scope) -> Condition:
    texts = (field.when.visible, field.when.required, field.when.readonly) if field.when else ()
    return Condition(field, *(_compiled(text, scope) for text in texts))


def _steps(fields: Iterable[Field], scope: Scope) -> tuple[Step, ...]:
    found = {}
    for field in fields:
        visible = field.when.visible if field.when else ""
        if field.formula or visible or field.default_formula:
            step = Step(field, *(_compiled(text, scope) for text in (field.formula, visible, field.default_formula)))
            if step.parts:
                found[field.name] = step
    order = ordered({name: step.names for name, step in found.items()})
    return tuple(found[name] for name in order) if isinstance(order, list) else ()


def downstream(plan: Plan, names: Iterable[str]) -> frozenset[str]:
    """`names` and every field that a formula works out from one of them, by however many steps."""
    found = set(names)
    for step in plan.steps:  # each comes after what it needs
        if step.formula and step.formula.names & found:
            found.add(step.field.name)
    return frozenset(found)


def formula_faults(form: Form) -> Iterator[Problem]:
    """What is wrong with the formulas, conditions and rules of a form that is to be published, by place in it."""
    fields, scope = every_field(form), whole_scope(form)
    yield from _faults(fields, "properties", scope)
    for field in fields:
        place = f"properties.{field.name}.items.properties"
        yield from _faults(field.columns, place, scope_of(field.columns, old=False))
    names = {field.name for field in fields}
    for number, step in enumerate(form.flow.steps if form.flow else ()):
        faults = rule_faults(step.when, scope) if step.when else []
        yield from (said(f"x-flow.{number}.when", fault) for fault in faults)
    for number, rule in enumerate(form.rules):
        place = f"x-rules.{number}"
        yield from (said(f"{place}.when", fault) for fault in rule_faults(rule.when, scope))
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


def condition_faults(field: Field, kind: str, text: str, scope: Scope) -> list[Fault]:
    """What keeps `text` from being the condition `kind` ("visible", "required", "readonly") of `field`."""
    found = compile_formula(text, scope)
    if not isinstance(found, Formula):
        return found
    if found.type not in ("boolean", "null"):
        return [Fault(1, 1, _("条件应得出是或否，例如 合同类型 = \"lease\""))]
    if kind != "visible" and field.computed:
        return [Fault(1, 1, _("自动计算的字段没人填写，不需要这个条件"))]
    if kind == "visible" and field.name in found.names:
        return [Fault(1, 1, _("何时显示不能看这个字段自己的值"))]
    return []


def default_faults(field: Field, text: str, scope: Scope) -> list[Fault]:
    """What keeps `text` from being worked out as the default of `field`."""
    faults = field_faults(field, text, scope)
    if faults:
        return faults
    found = compile_formula(text, scope)
    own = isinstance(found, Formula) and field.name in found.names
    return [Fault(1, 1, _("默认值的公式不能用这个字段自己"))] if own else []


def field_faults(field: Field, text: str, scope: Scope) -> list[Fault]:
    """What keeps `text` from computing `field`, circles aside."""
    found = compile_formula(text, scope)
    if not isinstance(found, Formula):
        return found
    if field.type not in MAY_BE_COMPUTED:
        return [Fault(1, 1, _("这种字段不能用公式计算"))]
    if found.type in (TYPES[field.type], "null"):
        return []
    words = {"given": _WORDS.get(found.type, "一列值"), "wanted": _WORDS[TYPES[field.type]]}
    return [Fault(1, 1, _("公式得出的是{given}，这个字段要的是{wanted}", **{k: _(v) for k, v in words.items()}))]


_WORDS = {"number": "数字", "text": "文字", "boolean": "是否", "date": "日期", "datetime": "日期时间"}


def _faults(fields: Iterable[Field], place: str, scope: Scope) -> Iterator[Problem]:
    fields = list(fields)
    for field in fields:
        at = f"{place}.{field.name}"
        if field.formula:
            yield from (said(f"{at}.x-formula", one) for one in field_faults(field, field.formula, scope))
        if field.default_formula:
            found = default_faults(field, field.default_formula, scope)
            yield from (said(f"{at}.x-default.formula", one) for one in found)
        for kind in ("visible", "required", "readonly") if field.when else ():
            text = getattr(field.when, kind)
            if text:
                yield from (said(f"{at}.x-when.{kind}", one) for one in condition_faults(field, kind, text, scope))
    yield from _circles(fields, place, scope)


def _circles(fields: list[Field], place: str, scope: Scope) -> Iterator[Problem]:
    needs: dict[str, frozenset[str]] = {}
    for field in fields:
        texts = (field.formula, field.default_formula, field.when.visible if field.when else "")
        parts = [one for text in texts if (one := _compiled(text, scope))]
        if parts:
            needs[field.name] = frozenset().union(*(one.names for one in parts))
    circle = ordered(needs)
    if isinstance(circle, tuple):
        titles = {field.name: field.title for field in fields}
        way = " → ".join(f"“{titles[name]}”" for name in (*circle, circle[0]))
        message = _("公式互相引用成了一圈：{way}，请改掉其中一个", way=way)
        first = next(field for field in fields if field.name == circle[0])
        key = "x-formula" if first.formula else "x-when.visible" if first.when else "x-default.formula"
        yield Problem(f"{place}.{circle[0]}.{key}", "circle", message)


def trial(form: Form, field: Field, text: str, *, kind: str = "formula", fields: Iterable[Field] = ()) -> list[Fault]:
    """What is wrong with `text`, which speaks of codes or titles, as what `kind` says of `field` in `form`.

    `fields`: of a column, the columns of its rows.
    """
    columns = list(fields)
    scope = replace(scope_of(columns, old=False), spoken=True) if columns else whole_scope(form, spoken=True)
    if kind == "formula":
        faults = field_faults(field, text, scope)
    elif kind == "default":
        faults = default_faults(field, text, scope)
    else:
        faults = condition_faults(field, kind, text, scope)
    return faults or list(_no_such_choice(text, scope, columns or every_field(form)))


def _no_such_choice(text: str, scope: Scope, fields: Iterable[Field]) -> Iterator[Fault]:
    """A choice held against what it can never be, such as the title of one of its options."""
    found, known = compile_formula(text, scope), {field.name: field for field in fields}
    for name, literal in compared(found.tree) if isinstance(found, Formula) else ():
        choices = known[name.word].choices if name.word in known else ()
        if choices and literal.value not in {choice.value for choice in choices}:
            meant = next((choice.value for choice in choices if choice.title == literal.value), "")
            shown = _("、").join(f'"{choice.value}"（{choice.title}）' for choice in choices[:8])
            words = {"title": known[name.word].title, "value": literal.value, "choices": shown}
            message = _("“{title}”不会是“{value}”，选项要写它的值：{choices}", **words)
            yield fault(text, literal.at, message, f'"{meant}"')
