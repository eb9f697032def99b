"""Running a form's formulas on a record: computed values, and the rules it breaks; formulas.py checks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from core.errors import Problem
from core.forms.formulas import Step, plan_of
from core.forms.model import Field, Form, Rule
from core.formulas import Formula, Scene, TooCostly
from core.i18n import _

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the conditions of a field say of it now."""

    visible: bool = True
    required: bool = False
    readonly: bool = False


def standings(form: Form, data: Values, scene: Scene) -> dict[str, Standing]:
    """How the fields that have conditions stand, `data` being as compute() leaves it.

    A condition holds where it is TRUE. What is not seen need not be filled in, nor what may not be changed unless
    its form always asks for it. A condition that left its budget hides and demands nothing: compute() says so.
    """
    found = {}
    for one in plan_of(form).standing:
        visible = _holds(one.visible, data, scene, otherwise=True)
        readonly = visible and _holds(one.readonly, data, scene, otherwise=False)
        needed = not readonly and _holds(one.required, data, scene, otherwise=False)
        found[one.field.name] = Standing(visible, visible and (needed or one.field.required), readonly)
    return found


def _holds(formula: Formula | None, data: Values, scene: Scene, *, otherwise: bool) -> bool:
    try:
        return otherwise if formula is None else formula.run(data, scene) is True
    except TooCostly:
        return otherwise


def compute(
    form: Form, data: Values, scene: Scene, *, fresh: frozenset[str] = frozenset(), only: frozenset[str] | None = None
) -> tuple[dict[str, Any], list[Problem]]:
    """What the form's formulas make of `data` by field (None: nothing), and which of them were too costly.

    `fresh` are fields that take their default now; `only`: no other fields are worked out.
    """
    plan = plan_of(form)
    if not plan.steps and not plan.columns:
        return {}, []
    values, found, problems = dict(data), {}, []
    for name, steps in plan.columns:
        rows = values.get(name) if only is None or name in only else None
        if isinstance(rows, list | tuple):
            try:
                values[name] = found[name] = [_row(row, steps, scene) for row in rows]
            except TooCostly as error:
                problems.append(Problem(name, error.code, error.message))
    for step in plan.steps:
        name = step.field.name
        if only is not None and name not in only:
            continue
        try:
            changed = _worked_out(step, values, scene, fresh=name in fresh)
        except TooCostly as error:
            problems.append(Problem(name, error.code, error.message))
        else:
            if changed is not _AS_IS:
                values[name] = found[name] = changed
    return found, problems


_AS_IS = object()


def _worked_out(step: Step, values: Values, scene: Scene, *, fresh: bool) -> Any:
    """The field's value: nothing where a condition takes it away, else by its default and its formula."""
    field, name = step.field, step.field.name
    clears = step.visible is not None and field.when is not None and field.when.hidden == "clear"
    if clears and step.visible.run(values, scene) is not True:  # type: ignore[union-attr]
        return None if name in values else _AS_IS
    value = _AS_IS
    if step.default is not None and fresh and values.get(name) is None:
        value = answer(field, step.default.run(values, scene))
    if step.formula is not None:
        before = values if value is _AS_IS else {**values, name: value}
        value = answer(field, step.formula.run(before, scene))
    return value


def _row(row: Any, steps: tuple[Step, ...], scene: Scene) -> Any:
    if not isinstance(row, Mapping):
        return row
    cells = dict(row)
    for step in steps:
        if step.formula is not None:
            cells[step.field.name] = answer(step.field, step.formula.run(cells, scene))
    return {name: value for name, value in cells.items() if value is not None}


def answer(field: Field, value: Any) -> Any:
    """A formula's value as `field` keeps it: numbers rounded half up to its places, moments as text."""
    if isinstance(value, Decimal):
        return _rounded(value, field.decimals if field.type != "integer" else 0, whole=field.type == "integer")
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return None if value == "" else value


def _rounded(value: Decimal, places: int, *, whole: bool) -> Decimal | int:
    if value.adjusted() > 20:
        return value  # far beyond what a field holds: the form's check says so
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding="ROUND_HALF_UP")
    return int(rounded) if whole else rounded


def broken(form: Form, data: Values, scene: Scene) -> list[tuple[Rule, frozenset[str], Problem]]:
    """The form's rules that `data` breaks, each with the fields it speaks of. An open answer breaks nothing."""
    found = []
    for rule, formula in plan_of(form).rules:
        try:
            if formula.run(data, scene) is not False:
                continue
            problem = Problem(rule.field, "rule", _(rule.message))
        except TooCostly as error:
            problem = Problem(rule.field, error.code, error.message)
        names = formula.names | ({rule.field} if rule.field else frozenset())
        found.append((rule, names, problem))
    return found


def allowed(form: Form, code: str, data: Values, scene: Scene) -> bool:
    """Whether the condition of the step `code` is true. One that gives no answer, or cannot work any more, is not."""
    step = form.flow.step(code) if form.flow else None
    if step is None or not step.when:
        return step is not None
    formula = plan_of(form).conditions.get(code)
    try:
        return formula is not None and formula.run(data, scene) is True
    except TooCostly:
        return False
