"""Formulas that a query brings along: filters and totals by what is worked out, under the rights of who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import Invalid, Problem
from core.forms import checked_filter, filter_scope, places, said
from core.formulas import LONGEST_FORMULA, Fault, Formula, compile_formula, compiled, condition
from core.i18n import _
from core.records.sight import Reach, scene_of
from core.store.record_query import Condition, Total

if TYPE_CHECKING:
    from core.forms.model import Form
    from core.formulas import Scope
    from core.people.model import Access
    from core.records.model import Aggregate


def known_to(form: Form, reach: Reach) -> frozenset[str]:
    """The fields that who asks sees in some record: a formula names no others."""
    return frozenset(
        name for name in form.fields
        if all(any(right.shows(name) for right in given) for given in reach.viewing)
    )  # fmt: skip


def _scope(form: Form, reach: Reach) -> Scope:
    return filter_scope(form, known_to(form, reach), spoken=True)


def filtered(form: Form, text: str, *, reach: Reach, access: Access) -> tuple[list[Condition], list[str]]:
    """The condition that the formula `text` is, and the fields it reads; Invalid with all that is wrong with it."""
    if not text.strip():
        return [], []
    if len(text) > LONGEST_FORMULA:
        raise Invalid([Problem("filter", "too_long", _("公式太长：最多 {n} 个字符", n=LONGEST_FORMULA))])
    formula = _good(checked_filter(form, text, _scope(form, reach)), "filter")
    found = condition(formula, scene_of(access), places(form))
    if isinstance(found, list):
        raise Invalid([said("filter", fault) for fault in found])
    return [found], sorted(formula.names)


def totalled(form: Form, one: Aggregate, *, reach: Reach, access: Access) -> tuple[Total, list[str]]:
    """The store's total of a formula, and the fields it reads; Invalid where it cannot be totalled."""
    formula = _good(compile_formula(one.formula, _scope(form, reach)), one.name)
    found = compiled(formula, scene_of(access), places(form))
    if isinstance(found, list):
        raise Invalid([said(one.name, fault) for fault in found])
    kinds = ("number",) if one.function in ("sum", "avg") else ("number", "date", "datetime")
    if one.function != "count" and formula.type not in kinds:
        raise Invalid([Problem(one.name, "function", _("这个公式得出的值不能做这种合计"))])
    return Total(one.name, one.function, found), sorted(formula.names)


def _good(found: Formula | list[Fault], place: str) -> Formula:
    if isinstance(found, list):
        raise Invalid([said(place, fault) for fault in found])
    return found
