"""Reading under rights: one record, lists, counts, totals, history, pickers, what refers here; nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core import exact
from core.errors import Invalid, Problem
from core.i18n import _
from core.people import rights
from core.records import drafts, formulas, matching, queries, references
from core.records.model import (
    Aggregate,
    Change,
    Condition,
    Count,
    Option,
    Page,
    Query,
    Record,
    Related,
)  # fmt: skip
from core.records.recomputing import overdue_fields
from core.records.sight import Reach, reach, reaching, shown
from core.records.writing import NOTES, change_of, missing, record_of
from core.store import changes as stored_changes
from core.store import record_query
from core.store import records as stored
from core.store import search as stored_search
from core.store.record_query import BadCursor

if TYPE_CHECKING:
    from core.forms.model import Field, Form
    from core.people.model import Access, Action
    from core.records.records import Records
    from core.store.record_query import Total

RELATED = 10  # records shown of each form that refers here
_WRITERS = ("_created_by", "_updated_by")  # the system fields that point to members


async def get(records: Records, name: str, id: str, *, deleted: bool) -> Record:
    form = records.forms.get(name)
    row = await stored.fetch(records.db, records.tenant, id)
    if row is None or row["form"] != name or (row["deleted_at"] and not deleted):
        raise missing(form)
    seen = reaching(rights(records.access, name, "read"), records.access, form, row)
    if row["deleted_at"]:
        seen = seen if reaching(rights(records.access, name, "delete"), records.access, form, row) else ()
    if not seen:
        raise missing(form)
    return (await marked(records, form, [row], [record_of(form, row, visible=shown(seen, form.fields))]))[0]


async def hold(records: Records, name: str, id: str) -> Record:
    """The record once nobody else changes it; SQLite has one writer at a time, so there nobody does."""
    await stored.fetch(records.db, records.tenant, id, lock="change")
    return await get(records, name, id, deleted=True)


async def marked(records: Records, form: Form, rows: Sequence[Any], found: Sequence[Record]) -> Sequence[Record]:
    """The records, each with the fields that wait to be worked out again."""
    overdue = await overdue_fields(records, form, rows)
    return [replace(one, overdue=overdue[one.id] - one.hidden) if one.id in overdue else one for one in found]


async def list_page(
    records: Records, name: str, query: Query, *, action: Action, labelled: Collection[str] | None = None
) -> Page:
    form = records.forms.get(name)
    within = reach(records.access, form, action=action, deleted=query.deleted)
    rows, after = await _fetch_rows(records, form, query, within=within)
    visible = within.viewer(records.access, form)
    found = list(await marked(records, form, rows, [record_of(form, row, visible=visible(row)) for row in rows]))
    return Page(tuple(found), after, await labels(records, name, found, fields=labelled))


async def _fetch_rows(
    records: Records, form: Form, query: Query, *, within: Reach
) -> tuple[list[Any], str | None]:
    """The rows of one page and the cursor of the next."""
    chosen, names = formulas.filtered(form, query.formula, reach=within, access=records.access)
    guards = queries.guards(form, [*queries.used_fields(query), *names], reach=within, access=records.access)
    wanted = queries.build(form, query, tenant=records.tenant, guards=[*guards, *chosen])
    try:
        return await matching.fetch_page(records, form, wanted, search=query.search, within=within)
    except BadCursor:
        raise Invalid([Problem("after", "cursor", _("翻页的位置已失效，请从第一页看起"))]) from None


async def count(records: Records, name: str, query: Query, *, bound: int | None, action: Action) -> Count:
    form = records.forms.get(name)
    within = reach(records.access, form, action=action, deleted=query.deleted)
    chosen, names = formulas.filtered(form, query.formula, reach=within, access=records.access)
    fields = [condition.field for condition in query.where] + names
    guards = queries.guards(form, fields, reach=within, access=records.access)
    unsorted = Query(where=query.where, deleted=query.deleted)
    wanted = queries.build(form, unsorted, tenant=records.tenant, guards=[*guards, *chosen])
    number, whole = await matching.count(records, form, wanted, search=query.search, within=within, bound=bound)
    return Count(number, whole)


async def totals(
    records: Records, name: str, query: Query, *, aggregates: Sequence[Aggregate], by: Sequence[str]
) -> list[dict[str, Any]]:
    form = records.forms.get(name)
    within = reach(records.access, form, deleted=query.deleted)
    groups = [queries.group_of(form, one) for one in by]
    chosen, fields = formulas.filtered(form, query.formula, reach=within, access=records.access)
    fields += [condition.field for condition in query.where] + [field for field, _group in groups]
    sums = []
    for one in aggregates:
        total, names = _total(form, one, reach=within, access=records.access)
        sums.append(total)
        fields += names
    guards = queries.guards(form, fields, reach=within, access=records.access)
    unsorted = Query(where=query.where, deleted=query.deleted)
    wanted = queries.build(form, unsorted, tenant=records.tenant, guards=[*guards, *chosen])
    wanted = await matching.narrowed(records, form, wanted, search=query.search, within=within)
    lines = await record_query.totals(records.db, wanted, totals=sums, by=[group for _field, group in groups])
    return [_line(line, by=by, groups=groups, sums=sums) for line in lines]


def _total(form: Form, one: Aggregate, *, reach: Reach, access: Access) -> tuple[Total, list[str]]:
    """The store's total, and the fields it reads."""
    if one.formula:
        return formulas.totalled(form, one, reach=reach, access=access)
    return queries.total_of(form, one), [one.field] if one.field else []


def _line(line: dict[str, Any], *, by: Sequence[str], groups: Sequence[Any], sums: Sequence[Any]) -> dict[str, Any]:
    found = {}
    for name, (_field, group), value in zip(by, groups, line["by"], strict=True):
        boolean = group.operand.kind == "boolean" and value is not None
        found[name] = bool(value) if boolean else value
    return found | {total.name: line[total.name] for total in sums}


async def labels(
    records: Records, name: str, found: Iterable[Record], *, fields: Collection[str] | None = None
) -> dict[str, str]:
    """Names of every record, person and file that these records of one form point to, or that `fields` do."""
    form = records.forms.get(name)
    pointing = [n for n, field in form.fields.items() if references.pointing(field) and (fields is None or n in fields)]
    writers = [one for one in _WRITERS if fields is None or one in fields]
    pointed, members = [], set()
    for record in found:
        if pointing:
            pointed += references.pointers(form.fields, record.data, names=pointing)
        members.update(getattr(record, one[1:]) for one in writers)
    return await references.labels(records, pointed, members=members)


async def history(records: Records, name: str, id: str) -> list[Change]:
    """What happened to one record, newest first, as far as its fields may be seen."""
    form = records.forms.get(name)
    record = await get(records, name, id, deleted=True)
    gone = not record.hidden  # who sees every field also sees what the form no longer knows
    found = []
    for line in reversed(await stored_changes.of_record(records.db, records.tenant, id)):
        changes = {
            field: tuple(pair)
            for field, pair in exact.loads(line["changes"]).items()
            if (field in form.fields and field not in record.hidden)
            or (field not in form.fields and gone)
            or field in NOTES
        }
        found.append(change_of(line, changes=changes, place=line["place"]))
    return found


def field_at(form: Form, path: str) -> Field:
    """A field by name, or a column of rows by "field.column"."""
    name, _dot, column = path.partition(".")
    field = form.fields.get(name)
    if field is not None and column:
        field = next((one for one in field.columns if one.name == column), None)
    if field is None or field.type not in ("reference", "person"):
        raise Invalid([queries.no_field(form, path)])
    return field


async def options(records: Records, name: str, path: str, *, text: str, limit: int) -> list[Option]:
    """What a reference or person field may be set to, by a piece of its name."""
    form = records.forms.get(name)
    field = field_at(form, path)
    if not any(right.shows(path.partition(".")[0]) for action in ("create", "update", "read")
               for right in rights(records.access, name, action)):
        raise Invalid([queries.no_field(form, path)])
    if field.type == "person":
        rows = await stored.pick_members(records.db, records.tenant, text.strip(), limit=limit)
        return [Option(row["id"], row["name"], row["login"]) for row in rows]
    target = records.forms.get(field.ref or "")
    if not rights(records.access, target.name, "read"):
        return []
    page = await list_page(records, target.name, _picking(records, target, text, limit), action="read")
    return [option_of(target, record) for record in page.records]


def _picking(records: Records, target: Form, text: str, limit: int) -> Query:
    order = [*target.key, target.label] if target.key else [target.label]
    given = rights(records.access, target.name, "read")
    sort = next(
        (one for one in order if one in target.fields and queries.sortable(target, one)
         and all(right.shows(one) for right in given)),
        None,
    )
    return Query(search=text, sort=((sort, False),) if sort else (), limit=limit)


def option_of(form: Form, record: Record) -> Option:
    visible = frozenset(form.fields) - record.hidden
    label = references.label_of(form, record.data, visible=visible, id=record.id)
    return Option(record.id, label, references.detail_of(form, record.data, visible=visible))


async def related(records: Records, name: str, id: str, *, limit: int = RELATED) -> list[Related]:
    """For each field of any form that refers to this form: the records that refer to this record."""
    await get(records, name, id, deleted=True)
    found = []
    for form in records.forms.all():
        given = rights(records.access, form.name, "read")
        for field in form.fields.values():
            if field.type != "reference" or field.ref != name or not any(r.shows(field.name) for r in given):
                continue
            query = Query(where=(Condition(field.name, "eq", id),), limit=limit)
            page = await list_page(records, form.name, query, action="read")
            number = Count(len(page.records), True)
            if page.next is not None:
                number = await count(records, form.name, query, bound=1000, action="read")
            found.append(Related(form.name, field.name, page, number))
    return found


async def referrers(records: Records, form: Form, id: str, *, limit: int) -> list[tuple[Form, Any]]:
    """Live records that refer to record `id` of `form`, whoever may see them: (their form, their row)."""
    found: list[tuple[Form, Any]] = []
    for other in records.forms.all():
        for field in drafts.every_field(other).values():
            if not _refers(field, form.name) or len(found) >= limit:
                continue
            slot = field.slot if field.slot not in other.slots_pending else None
            rows = await stored.referring(
                records.db, records.tenant, other.name, target=id, slot=slot, limit=limit - len(found)
            )
            fresh = [row for row in rows if slot or _points(field, exact.loads(row["data"]), id)]
            seen = {row["id"] for _form, row in found}
            found += [(other, row) for row in fresh if row["id"] not in seen and row["id"] != id]
    return found


def _refers(field: Field, form: str) -> bool:
    return (field.type == "reference" and field.ref == form) or any(_refers(column, form) for column in field.columns)


def _points(field: Field, data: dict[str, Any], id: str) -> bool:
    found = references.pointers({field.name: field}, data, names=[field.name])
    return any(pointer.id == id and pointer.kind == "record" for pointer in found)


async def search_everywhere(records: Records, text: str, *, limit: int) -> list[tuple[str, Record, str]]:
    """(form, record, label) over all forms the reader may see, newest first."""
    found: list[tuple[str, Record, str]] = []
    wanted = matching.looked_for(text)
    if not wanted:
        return []
    present = await stored_search.forms_with(records.db, records.tenant, runs=wanted)
    for form in records.forms.all():
        if form.name in present and rights(records.access, form.name, "read"):
            page = await list_page(records, form.name, Query(search=text, limit=limit), action="read")
            visible = frozenset(form.fields)
            found += [
                (form.name, one, references.label_of(form, one.data, visible=visible - one.hidden, id=one.id))
                for one in page.records
            ]
    return sorted(found, key=lambda one: one[1].id, reverse=True)[:limit]
