"""Taking back: into the bin, out of it, and back to how a record was; the write path itself is in writing.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import now
from core.errors import Conflict, Invalid
from core.i18n import _
from core.people import rights
from core.records import drafts, reading, references, writing
from core.records.model import Count, Option, Record, Referred
from core.records.sight import reaching, shown
from core.store import UniqueViolation
from core.store import changes as stored_changes
from core.store import records as stored

if TYPE_CHECKING:
    from core.forms.model import Form
    from core.records.drafts import Touch
    from core.records.records import Records

COUNTED = 100  # who refers to a record is counted up to here
NAMED = 3  # and named up to here


async def delete(records: Records, name: str, id: str, *, revision: int, source: str) -> None:
    form = records.forms.get(name)
    async with records.db.write():
        row, touch = await writing.grasped(records, form, id, action="delete")
        if row["revision"] != revision and not await writing.only_worked_out(records, row, since=revision):
            raise writing.outdated(records, form, row)
        if touch.sealed:
            raise Conflict(_("“{form}”在“{state}”时不能删除", form=form.title, state=touch.state))
        await _refuse_if_referred(records, form, id)
        await writing.objections(records, form, {}, before=writing.full_record(form, row), touch=touch)
        await _move(records, form, row, kind="delete", source=source)


async def _refuse_if_referred(records: Records, form: Form, id: str) -> None:
    found = await reading.referrers(records, form, id, limit=COUNTED + 1)
    if not found:
        return
    named: list[Option] = []
    for other, row in found:
        seen = reaching(rights(records.access, other.name, "read"), records.access, other, row)
        if seen and len(named) < NAMED:
            visible = shown(seen, other.fields)
            label = references.label_of(other, exact.loads(row["data"]), visible=visible, id=row["id"])
            named.append(Option(row["id"], label, other.title))
    number = Count(min(len(found), COUNTED), len(found) <= COUNTED)
    some = "、".join(f"{option.detail}“{option.label}”" for option in named)
    many = str(number.number) if number.exact else _("{n} 以上", n=number.number)
    if named:
        message = _("不能删除：还有 {n} 条内容用到它，例如{some}。请先改动它们", n=many, some=some)
    else:
        message = _("不能删除：还有 {n} 条内容用到它。请先改动它们", n=many)
    raise Referred(message, referrers=tuple(named), number=number)


async def restore(records: Records, name: str, id: str, *, source: str) -> Record:
    form = records.forms.get(name)
    async with records.db.write():
        row, touch = await writing.grasped(records, form, id, action="delete", deleted=True)
        data = exact.loads(row["data"])
        await _refuse_if_lost(records, form, data)
        before = writing.full_record(form, row)
        await writing.objections(records, form, data, before=before, touch=touch)
        try:
            row = await _move(records, form, row, kind="restore", source=source)
        except UniqueViolation:
            raise _key_taken(form) from None
        row = await records.back_again(form, row)  # what it reads may have moved while it was away
    return writing.record_of(form, row, visible=touch.visible)


def _key_taken(form: Form) -> Conflict:
    titles = "、".join(form.fields[name].title for name in form.key if name in form.fields)
    return Conflict(_("不能恢复：“{field}”已被另一条“{form}”占用，请先改动那一条", field=titles, form=form.title))


async def _refuse_if_lost(records: Records, form: Form, data: Mapping[str, Any]) -> None:
    """What a record refers to may have gone to the bin after it; bringing it back would leave it hanging."""
    fields = references.pointing_fields(form)
    wanted = [p for p in references.pointers(fields, data, names=fields) if p.kind == "record" and p.field.ref]
    by_form: dict[str, set[str]] = {}
    for pointer in wanted:
        by_form.setdefault(pointer.field.ref or "", set()).add(pointer.id)
    for other, ids in by_form.items():
        there = {row["id"] for row in await stored.hold(records.db, records.tenant, other, ids=ids)}
        lost = next((p for p in wanted if p.field.ref == other and p.id not in there), None)
        if lost is not None:
            raise Conflict(_("不能恢复：“{field}”所指的内容也在回收站，请先恢复它", field=lost.field.title))


async def _move(
    records: Records, form: Form, row: dict[str, Any], *, kind: writing.Kind, source: str
) -> dict[str, Any]:
    at = now()
    deleted_at = at if kind == "delete" else None
    moved = await stored.set_deleted(
        records.db, records.tenant, row["id"],
        revision=row["revision"], deleted_at=deleted_at, at=at, by=records.member_id,
    )  # fmt: skip
    if not moved:
        raise await writing.moved(records, form, row["id"])
    row = {
        **row,
        "deleted_at": deleted_at,
        "revision": row["revision"] + 1,
        "updated_at": at,
        "updated_by": records.member_id,
    }
    await writing.tell(records, form, row, kind=kind, changes={}, source=source)
    return row


async def revert(
    records: Records, name: str, id: str, *, to_revision: int, revision: int, source: str
) -> Record:
    """Bring back the values of an older state, as an update like any other: what its writer may not write stays."""
    form = records.forms.get(name)
    async with records.db.write():
        row, touch = await writing.grasped(records, form, id, action="update")
        lines = await stored_changes.of_record(records.db, records.tenant, id)
        if not 1 <= to_revision <= row["revision"]:
            raise writing.missing(form)
        if touch.sealed:
            raise Conflict(_("“{form}”在“{state}”时不能改回旧内容", form=form.title, state=touch.state))
        old = values_at(exact.loads(row["data"]), lines, revision=to_revision)
        changes = _towards(form, exact.loads(row["data"]), old, touch=touch)
        try:
            return await writing.update(records, name, id, changes=changes, revision=revision, source=source)
        except Invalid as error:
            reason = _("旧内容已不符合现在的要求：{problems}", problems=error.message)
            raise Invalid(error.problems, reason) from None


def values_at(data: Mapping[str, Any], lines: list[Mapping[str, Any]], *, revision: int) -> dict[str, Any]:
    """The data as it was at `revision`: today's, with every later change undone, the last one first."""
    values = dict(data)
    for line in sorted(lines, key=lambda one: one["revision"], reverse=True):
        if line["revision"] <= revision:
            break
        for field, (before, _after) in exact.loads(line["changes"]).items():
            if before is None:
                values.pop(field, None)
            else:
                values[field] = before
    return values


def _towards(form: Form, data: Mapping[str, Any], old: Mapping[str, Any], *, touch: Touch) -> dict[str, Any]:
    names = [name for name in form.fields if name in touch.writable]
    return {name: old.get(name) for name in names if drafts.differ(data.get(name), old.get(name))}
