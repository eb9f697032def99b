"""Formulas that choose records of a form: conditions of rights, filters of lists; checked, kept and explained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.forms.model import Field, Form
from core.forms.scopes import scope_of
from core.formulas import Fault, Formula, Places, Scene, Scope, compile_formula, condition, to_codes
from core.i18n import _
from core.store.record_query import Operand

KEPT = 100  # formulas of one form; what a list is filtered by is typed by anybody
LISTS = frozenset({"choices", "file", "photo", "rows"})


def operand_of(form: Form, name: str) -> Operand:
    """Where the store finds the value of a field."""
    field = form.fields.get(name) or form.hidden[name]
    if field.type in LISTS:
        return Operand(json=name, kind="list")
    slot = form.slot_of(name)
    column, json = (slot, None) if slot else (None, name)
    if field.numeric:
        return Operand(column, json, "number", places_of(field))
    return Operand(column, json, "boolean" if field.type == "boolean" else "text")


def places_of(field: Field) -> int:
    """How many decimals a number of the field has."""
    return field.decimals if field.type != "integer" else 0


def places(form: Form) -> Places:
    """Where the store finds what a formula over `form` names."""

    def decimals(rows: str, column: str) -> int:
        field = form.fields.get(rows) or form.hidden[rows]
        return places_of(next(one for one in field.columns if one.name == column))

    return Places(lambda name: operand_of(form, name), decimals)


def filter_scope(form: Form, names: Iterable[str] | None = None, *, spoken: bool = False) -> Scope:
    """What a filter may name: the fields `names`, or every field, hidden ones too."""
    fields = [*form.fields.values(), *form.hidden.values()]
    if names is not None:
        kept = frozenset(names)
        fields = [field for field in form.fields.values() if field.name in kept]
    return scope_of(fields, spoken=spoken, old=False)


def filter_of(form: Form, text: str) -> Formula | None:
    """The formula of a condition as it is kept; None where it cannot choose records (any more)."""
    if text not in form.filters:
        while len(form.filters) >= KEPT:
            form.filters.pop(next(iter(form.filters)))
        found = checked_filter(form, text, filter_scope(form))
        form.filters[text] = found if isinstance(found, Formula) else None
    return form.filters[text]


def checked_filter(form: Form, text: str, scope: Scope) -> Formula | list[Fault]:
    """The formula, or why records of `form` cannot be chosen by it: the database must be able to, too."""
    found = compile_formula(text, scope)
    if not isinstance(found, Formula):
        return found
    if found.type not in ("boolean", "null"):
        return [Fault(1, 1, _("筛选公式应得出是或否，例如 金额 > 100"))]
    said = condition(found, Scene(), places(form))
    return said if isinstance(said, list) else found


def typed_filter(form: Form, text: str, names: Iterable[str] | None = None) -> tuple[str, list[Fault]]:
    """What was typed, in codes, and what is wrong with it. `names`: the fields its writer knows."""
    scope = filter_scope(form, names, spoken=True)
    found = checked_filter(form, text, scope)
    return to_codes(text.strip(), replace(scope, spoken=False)), found if isinstance(found, list) else []
