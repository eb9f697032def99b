"""From a Query, as people ask it, to the store's RecordQuery: fields to operands, rights to conditions; no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.errors import Invalid, Problem
from core.forms import filter_of, operand_of, places
from core.formulas import condition
from core.i18n import _
from core.records.model import SYSTEM_FIELDS, Aggregate, Condition, Query
from core.records.sight import Reach, scene_of, showing
from core.store.record_query import AllOf, AnyOf, Compare, Group, Operand, RecordQuery, Sort, Total
from core.store.record_query import Condition as Filter

if TYPE_CHECKING:
    from core.forms.model import Field, Form
    from core.people.model import Access, Rights

LIMIT = 1000  # records in one page
LOCAL_HOURS = 8  # months and days of an instant are those of China
_LISTS = frozenset({"choices", "file", "photo"})
_PARTS = ("year", "month", "day")
_COMPARING = frozenset({"eq", "ne", "in", "empty", "filled"})
_ORDERING = frozenset({"lt", "le", "gt", "ge"})
_TEXTS = frozenset({"text", "longtext", "phone", "idcard", "uscc", "choice"})
_SYSTEM_TITLES = {
    "_id": "编号",
    "_created_at": "创建时间",
    "_updated_at": "修改时间",
    "_created_by": "创建人",
    "_updated_by": "修改人",
    "_department": "部门",
}


def title_of(form: Form, name: str) -> str:
    """The title of a field of the form or of SYSTEM_FIELDS."""
    return _(_SYSTEM_TITLES[name]) if name in _SYSTEM_TITLES else form.fields[name].title


def operators_of(form: Form, name: str) -> frozenset[str]:
    """The operators that fit a field: what a filter may offer."""
    if name in SYSTEM_FIELDS:
        return _COMPARING | _ORDERING if name.endswith("_at") else _COMPARING
    kind = form.fields[name].type
    if kind in ("rows", "place"):
        return frozenset({"empty", "filled"})
    if kind in _LISTS:
        return frozenset({"contains", "eq", "ne", "in", "empty", "filled"})
    if kind in ("reference", "person", "boolean"):
        return _COMPARING
    if kind == "longtext":
        return frozenset({"contains", "empty", "filled"})
    return _COMPARING | _ORDERING | ({"contains"} if kind in _TEXTS else frozenset())


def sortable(form: Form, name: str) -> bool:
    """Whether a list may be sorted and totals grouped by the field."""
    return name in SYSTEM_FIELDS or form.fields[name].type not in ("rows", "place", "longtext", *_LISTS)


def operand(form: Form, name: str) -> Operand:
    """Where the store finds the field's value."""
    if name in SYSTEM_FIELDS:
        return Operand(column=name[1:])
    return operand_of(form, name)


def rows_within(given: Rights, access: Access, form: Form) -> Filter | None:
    """The rights as a condition on rows; None where every row is within reach."""
    kinds = dict.fromkeys((right.rows, right.when) for right in given)
    if ("all", "") in kinds:
        return None
    parts: list[Filter] = []
    for rows, when in kinds:
        makers = _made_by(rows, access)
        chosen = _chosen(form, when, access)
        both = [one for one in (makers, chosen) if one is not None]
        parts.append(both[0] if len(both) == 1 else AllOf(tuple(both)))
    return AnyOf(tuple(parts))


def _made_by(rows: str, access: Access) -> Filter | None:
    """Whose rows; None: everybody's."""
    member = access.member
    if rows == "own" and member.id:
        return Compare(Operand(column="created_by"), "eq", member.id)
    if rows == "department" and member.departments:
        return Compare(Operand(column="department"), "in", tuple(sorted(member.departments)))
    return None if rows == "all" else AnyOf(())


def _chosen(form: Form, when: str, access: Access) -> Filter | None:
    """A right's condition; None: there is none. What cannot be worked out (any more) grants nothing."""
    if not when:
        return None
    formula = filter_of(form, when)
    found = condition(formula, scene_of(access), places(form)) if formula is not None else []
    return AnyOf(()) if isinstance(found, list) else found


def guards(form: Form, names: Iterable[str], *, reach: Reach, access: Access) -> list[Filter]:
    """The row conditions of all rights, and those of the rights that show each field of `names`.

    Without the second, filtering by a field would tell what it is in rows where it is hidden. A field that
    nobody shows is as good as not there.
    """
    used = list(dict.fromkeys(names))
    by_field = [_of_field(form, name, rights) for rights in reach.viewing for name in used]
    conditions = [rows_within(rights, access, form) for rights in (*reach.viewing, *reach.rows, *by_field)]
    found: list[Filter] = []
    for one in conditions:
        if one is not None and one not in found:
            found.append(one)
    return found


def _of_field(form: Form, name: str, rights: Rights) -> Rights:
    if name in SYSTEM_FIELDS:
        return rights
    shows = showing(rights, name)
    if name not in form.fields or not shows:
        raise Invalid([no_field(form, name)])
    return shows


def no_field(form: Form, name: str) -> Problem:
    return Problem(name, "unknown", _("“{form}”没有“{field}”这一项", form=form.title, field=name))


def used_fields(query: Query) -> list[str]:
    """The fields whose values decide what a list shows, or in which order."""
    return [condition.field for condition in query.where] + [name for name, _descending in query.sort]


def build(form: Form, query: Query, *, tenant: int, guards: Sequence[Filter]) -> RecordQuery:
    """The store's query; Invalid with everything in it that makes no sense. Search is added by the caller."""
    problems = [problem for condition in query.where for problem in _condition_problems(form, condition)]
    problems += [
        Problem(name, "sort", _("不能按“{field}”排序", field=title_of(form, name)))
        for name, _descending in query.sort
        if not sortable(form, name)
    ]
    if problems:
        raise Invalid(problems)
    where = tuple(Compare(operand(form, c.field), c.op, c.value) for c in query.where)
    return RecordQuery(
        tenant=tenant,
        form=form.name,
        where=(*guards, *where),
        sort=tuple(Sort(operand(form, name), descending) for name, descending in query.sort),
        after=query.after,
        limit=max(1, min(query.limit, LIMIT)),
        deleted=query.deleted,
    )


def _condition_problems(form: Form, condition: Condition) -> Iterator[Problem]:
    title = title_of(form, condition.field)
    if condition.op not in operators_of(form, condition.field):
        yield Problem(condition.field, "operator", _("“{field}”不能用“{op}”来筛选", field=title, op=condition.op))
    elif condition.op == "in":
        if not isinstance(condition.value, tuple | list) or not all(_fits(form, condition, v) for v in condition.value):
            yield Problem(condition.field, "type", _("“{field}”的筛选值不对", field=title))
    elif condition.op not in ("empty", "filled") and not _fits(form, condition, condition.value):
        yield Problem(condition.field, "type", _("“{field}”的筛选值不对", field=title))


def _fits(form: Form, condition: Condition, value: Any) -> bool:
    field = form.fields.get(condition.field)
    if field is not None and field.numeric:
        return isinstance(value, int | Decimal) and not isinstance(value, bool) and Decimal(value).is_finite()
    if field is not None and field.type == "boolean":
        return isinstance(value, bool)
    return isinstance(value, str)


def total_of(form: Form, aggregate: Aggregate) -> Total:
    """The store's total; Invalid where the function does not fit the field."""
    if not aggregate.field:
        if aggregate.function != "count":
            raise Invalid([Problem("", "field", _("请说明要对哪一项做合计"))])
        return Total(aggregate.name, "count")
    field = form.fields.get(aggregate.field)
    if field is None or not _summable(field, aggregate.function):
        title = title_of(form, aggregate.field) if field or aggregate.field in SYSTEM_FIELDS else aggregate.field
        raise Invalid([Problem(aggregate.field, "function", _("“{field}”不能做这种合计", field=title))])
    return Total(aggregate.name, aggregate.function, operand(form, aggregate.field))


def _summable(field: Field, function: str) -> bool:
    if function in ("sum", "avg"):
        return field.numeric
    if function in ("min", "max"):
        return field.numeric or field.type in ("date", "datetime")
    return field.type not in ("rows", "place", *_LISTS)


def group_of(form: Form, name: str) -> tuple[str, Group]:
    """The field and the store's group for "field" or, of dates, "field:year", "field:month", "field:day"."""
    field, _colon, part = name.partition(":")
    if field not in form.fields and field not in SYSTEM_FIELDS:
        raise Invalid([no_field(form, field)])
    kind = form.fields[field].type if field in form.fields else ("datetime" if field.endswith("_at") else "text")
    if not sortable(form, field) or (part and (part not in _PARTS or kind not in ("date", "datetime"))):
        raise Invalid([Problem(field, "group", _("不能按“{field}”分组", field=title_of(form, field)))])
    shift = LOCAL_HOURS if kind == "datetime" and part else 0
    return field, Group(operand(form, field), part or "value", shift)  # type: ignore[arg-type]
