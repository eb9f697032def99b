"""What the names in a form's formulas stand for: its fields, what is looked up through references, what refers here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from core.forms.model import Field, Form
from core.formulas import RELATED, Named, Scope
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


def scope_of(fields: Iterable[Field], *, spoken: bool = False, old: bool = True) -> Scope:
    """The names of `fields`; `spoken` where titles are understood too."""
    return Scope({field.name: _named(field) for field in fields if field.type in TYPES}, spoken, old)


def _named(field: Field) -> Named:
    members = {column.name: _named(column) for column in field.columns if column.type in TYPES}
    return Named(field.name, TYPES[field.type], field.title, members)


def whole_scope(form: Form, *, spoken: bool = False) -> Scope:
    """The names a formula of `form` may use: its fields, through references those of the forms they point at, and,
    where the form stands among others, the records that refer to it."""
    fields = [*form.fields.values(), *form.hidden.values()]
    names = {field.name: _named(field) for field in fields if field.type in TYPES}
    if form.forms is not None:
        for field in fields:
            if looks_through(field):
                names[field.name] = _through(form, field)
        names |= {one.code: one for one in _related(form)}
    return Scope(names, spoken, True)


def looks_through(field: Field) -> bool:
    """Whether formulas may look through the field: one that people fill in, so that it is known beforehand."""
    return field.type == "reference" and not (field.computed or field.formula or field.default_formula)


def _through(form: Form, field: Field) -> Named:
    target = form if field.ref == form.name else form.forms.find(field.ref)
    plain = [one for one in target.fields.values() if one.type in TYPES and not one.columns] if target else []
    return Named(field.name, "text", field.title, {one.name: _named(one) for one in plain})


def _related(form: Form) -> Iterator[Named]:
    """`[module.form.field]`: the records whose `field` points here; called like their form where that is clear."""
    found = [(other, field) for other, field in form.forms.referring(form.name)]
    for other, field in found:
        alone = sum(one.title == other.title for one, _field in found) == 1
        title = other.title if alone else _("{form}·{field}", form=other.title, field=field.title)
        yield Named(f"{other.name}.{field.name}", RELATED, title, {one.name: _named(one) for one in countable(other)})


def countable(form: Form) -> list[Field]:
    """The fields that may be totalled, or held against a value, over many records at once."""
    return [one for one in form.fields.values() if TYPES.get(one.type, "list:").partition(":")[0] != "list"]


def source_of(owner: str) -> tuple[str, str]:
    """The form and its reference of a name like "cost_center.entry.project"."""
    form, _dot, field = owner.rpartition(".")
    return form, field
