"""Running a form's formulas on a record: computed values, and the rules it breaks; formulas.py checks them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from core.errors import Problem
from core.forms.formulas import Step, plan_of
from core.forms.model import Field, Form, Rule
from core.formulas import Scene, TooCostly
from core.i18n import _

Values = Mapping[str, Any]


def compute(form: Form, data: Values, scene: Scene) -> tuple[dict[str, Any], list[Problem]]:
    """What the form's formulas make of `data` by field (None: nothing), and which of them were too costly."""
    plan = plan_of(form)
    if not plan.steps and not plan.columns:
        return {}, []
    values, found, problems = dict(data), {}, []
    for name, steps in plan.columns:
        rows = values.get(name)
        if isinstance(rows, list | tuple):
            try:
                values[name] = found[name] = [_row(row, steps, scene) for row in rows]
            except TooCostly as error:
                problems.append(Problem(name, error.code, error.message))
    for step in plan.steps:
        try:
            values[step.field.name] = found[step.field.name] = answer(step.field, step.formula.run(values, scene))
        except TooCostly as error:
            problems.append(Problem(step.field.name, error.code, error.message))
    return found, problems


def _row(row: Any, steps: tuple[Step, ...], scene: Scene) -> Any:
    if not isinstance(row, Mapping):
        return row
    cells = dict(row)
    for step in steps:
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
