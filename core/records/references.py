"""What a record points to (other records, people, files): whether it may, and under which names it is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from core import exact
from core.errors import NotFound, Problem
from core.forms import format_value
from core.i18n import _
from core.people import rights
from core.records.model import LOCKED
from core.records.sight import reaching, shown
from core.store import files as stored_files
from core.store import records as stored

if TYPE_CHECKING:
    from core.forms.model import Field, Form
    from core.records.records import Records

_KINDS: dict[str, Literal["record", "member", "file"]] = {
    "reference": "record",
    "person": "member",
    "file": "file",
    "photo": "file",
}
_NAMELESS = ("reference", "person", "file", "photo", "rows", "place", "boolean")  # cannot name a record


@dataclass(frozen=True, slots=True)
class Pointer:
    """One id somewhere in a record: at `path`, in the field (or column) `field`, of the top field `root`."""

    path: str
    root: str
    field: Field
    id: str

    @property
    def kind(self) -> Literal["record", "member", "file"]:
        return _KINDS[self.field.type]


def pointing(field: Field) -> bool:
    """Whether values of the field can point somewhere."""
    return field.type in _KINDS or (bool(field.columns) and any(map(pointing, field.columns)))


def pointing_fields(form: Form) -> dict[str, Field]:
    """The fields of the form, hidden ones too, whose values can point somewhere."""
    return {name: field for fields in (form.fields, form.hidden) for name, field in fields.items() if pointing(field)}


def pointers(fields: Mapping[str, Field], data: Mapping[str, Any], *, names: Iterable[str]) -> Iterator[Pointer]:
    """Every id in the fields `names` of `data`."""
    for name in names:
        if name in data and name in fields:
            yield from _pointers(fields[name], data[name], path=name, root=name)


def _pointers(field: Field, value: Any, *, path: str, root: str) -> Iterator[Pointer]:
    if field.type in ("reference", "person") and isinstance(value, str):
        yield Pointer(path, root, field, value)
    elif field.type in ("file", "photo") and isinstance(value, list):
        for id in value:
            if isinstance(id, str):
                yield Pointer(path, root, field, id)
    elif field.type == "rows" and isinstance(value, list):
        for number, row in enumerate(value):
            for column in field.columns if isinstance(row, Mapping) else ():
                if column.name in row:
                    inside = f"{path}.{number}.{column.name}"
                    yield from _pointers(column, row[column.name], path=inside, root=root)


async def good_targets(
    records: Records, wanted: Iterable[Pointer], *, record: str | None = None
) -> set[tuple[str, str]]:
    """The (form or kind, id) that the writer may point to. Records found are held until the transaction ends.

    One statement per form referred to, one for people, one for files.
    """
    ids: dict[str, set[str]] = defaultdict(set)
    for pointer in wanted:
        ids[group_of(pointer)].add(pointer.id)
    good: set[tuple[str, str]] = set()
    for group, some in ids.items():
        if group == "member":
            found: Iterable[str] = await stored.active_members(records.db, records.tenant, some)
        elif group == "file":
            found = await _good_files(records, some, record=record)
        else:
            found = await _good_records(records, group, some)
        good.update((group, id) for id in found)
    return good


def group_of(pointer: Pointer) -> str:
    """Where the pointer must be looked up: the form referred to, "member" or "file"."""
    return pointer.field.ref or "" if pointer.kind == "record" else pointer.kind


async def _good_records(records: Records, form: str, ids: set[str]) -> list[str]:
    given = rights(records.access, form, "read")
    if not given:
        return []
    rows = await stored.hold(records.db, records.tenant, form, ids=ids)
    if form not in records.forms:  # its module is off: what is kept or taken over from elsewhere stays true
        return [row["id"] for row in rows] if any(one.rows == "all" and not one.when for one in given) else []
    return [row["id"] for row in rows if reaching(given, records.access, records.forms.get(form), row)]


async def _good_files(records: Records, ids: set[str], *, record: str | None) -> list[str]:
    rows = await stored_files.fetch_many(records.db, records.tenant, ids)
    me = records.member_id
    return [
        id
        for id, row in rows.items()
        if (row["record"] is None and row["created_by"] == me) or (record and row["record"] == record)
    ]


def pointer_problems(records: Records, wanted: Iterable[Pointer], good: set[tuple[str, str]]) -> list[Problem]:
    """What to say of pointers that lead nowhere, or where the writer may not look: both look alike."""
    return [
        Problem(pointer.path, "reference", _sentence(records, pointer))
        for pointer in wanted
        if (group_of(pointer), pointer.id) not in good
    ]


def _sentence(records: Records, pointer: Pointer) -> str:
    title = pointer.field.title
    if pointer.kind == "member":
        return _("“{field}”：没有这个人，或已停用", field=title)
    if pointer.kind == "file":
        return _("“{field}”：文件不存在，请重新上传", field=title)
    return _("“{field}”：找不到所选的内容，或您无权查看", field=title)


async def labels(records: Records, pointed: Iterable[Pointer], *, members: Iterable[str | None] = ()) -> dict[str, str]:
    """Names of everything pointed to and of `members`; LOCKED for what the reader may not see or what is gone."""
    forms: dict[str, set[str]] = defaultdict(set)
    people, files = {id for id in members if id}, set()
    for pointer in pointed:
        if pointer.kind == "member":
            people.add(pointer.id)
        elif pointer.kind == "file":
            files.add(pointer.id)
        else:
            forms[pointer.field.ref or ""].add(pointer.id)
    found: dict[str, str] = {}
    for form, ids in forms.items():
        found.update(await names(records, form, ids))
    if people:
        found.update(dict.fromkeys(people, LOCKED) | await stored.member_names(records.db, records.tenant, people))
    if files:
        found.update(dict.fromkeys(files, LOCKED) | await _file_names(records, files))
    return found


async def _file_names(records: Records, ids: Iterable[str]) -> dict[str, str]:
    """Names of those files that the reader may have: through the field of their record, or as their uploader."""
    rows = await stored_files.fetch_many(records.db, records.tenant, ids)
    holders: dict[str, set[str]] = defaultdict(set)
    for row in rows.values():
        if row["record"] is not None:
            holders[row["form"]].add(row["record"])
    visible: dict[str, frozenset[str]] = {}
    for form, some in holders.items():
        visible.update(await _visible(records, form, some))
    return {
        id: row["name"]
        for id, row in rows.items()
        if (row["field"] in visible.get(row["record"], ()) if row["record"] else row["created_by"] == records.member_id)
    }


async def _visible(records: Records, form: str, ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """For each of the records `ids` of `form`, in the list or the bin: the fields that the reader may see."""
    given = rights(records.access, form, "read")
    if not given or form not in records.forms:
        return {}
    target = records.forms.get(form)
    rows = await stored.fetch_many(records.db, records.tenant, form, ids=list(ids))
    return {id: shown(reaching(given, records.access, target, row), target.fields) for id, row in rows.items()}


async def names(records: Records, form: str, ids: Iterable[str]) -> dict[str, str]:
    """Labels of the records `ids` of `form`; LOCKED where the reader may not see them. The bin is no hiding place."""
    wanted = list(ids)
    found = dict.fromkeys(wanted, LOCKED)
    given = rights(records.access, form, "read")
    try:
        target = records.forms.get(form)
    except NotFound:
        return found  # its module is off: its data stays, unnamed
    if given:
        rows = await stored.fetch_many(records.db, records.tenant, form, ids=wanted)
        for id, row in rows.items():
            reach = reaching(given, records.access, target, row)
            if reach:
                found[id] = label_of(target, exact.loads(row["data"]), visible=shown(reach, target.fields), id=id)
    return found


def label_of(form: Form, data: Mapping[str, Any], *, visible: frozenset[str], id: str) -> str:
    """What a record is called where it is referred to: its label, else its key, else the first text of the list."""
    for name in (form.label, *form.key, *form.list, *form.fields):
        if name in visible and name in data and form.fields[name].type not in _NAMELESS:
            return format_value(form.fields[name], data[name])
    return id


def detail_of(form: Form, data: Mapping[str, Any], *, visible: frozenset[str]) -> str:
    """What tells two records of one label apart: the business key, unless that is the label itself."""
    parts = [
        format_value(form.fields[name], data[name])
        for name in form.key
        if name != form.label and name in visible and name in data and form.fields[name].type not in _NAMELESS
    ]
    return " ".join(parts)
