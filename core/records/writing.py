"""The one write path: rights, compute, checks, hooks, and one transaction for record, history and search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from core import exact
from core.clock import new_id, now
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.forms import defaults, plan_of
from core.formulas import Scene
from core.i18n import _
from core.people import rights
from core.records import drafts, references, sealing
from core.records.chain import change_hash, text_hash
from core.records.drafts import Draft, Touch
from core.records.model import Change, Outdated, Record
from core.records.sight import confine, granted, reaches, reaching, refusal, shown
from core.records.sight import scene_of as sight_scene
from core.records.surroundings import Surroundings
from core.store import UniqueViolation
from core.store import changes as stored_changes
from core.store import files as stored_files
from core.store import records as stored
from core.store import search as stored_search

if TYPE_CHECKING:
    from core.forms.model import Form
    from core.people.model import Action
    from core.records.records import Records

Row = Mapping[str, Any]
STEP, COMMENT = NOTES = ("_step", "_comment")  # in a change, beside its fields: no field is called so
Kind = Literal["create", "update", "delete", "restore"]
FORMULA = "formula"  # the source of a change that nobody made: what it was worked out from had moved


async def create(
    records: Records, name: str, data: Mapping[str, Any], *, source: str, id: str | None = None
) -> Record:
    form = records.forms.get(name)
    at = now()
    row: dict[str, Any] = {
        "id": id or new_id(),
        "form": name,
        "revision": 0,
        "department": records.access.member.department,
        "created_at": at,
        "created_by": records.member_id,
        "deleted_at": None,
    }
    touch = creating(records, form, row)
    async with records.db.write():
        draft = drafts.propose(form, before={}, changes=data, touch=touch)
        draft = with_defaults(records, form, draft, given=data)
        draft = await prepared(records, form, draft, touch=touch, row=None, id=row["id"])
        confine(records.access, form, "create", row, data=draft.data, asked=draft.asked)
        row = await write(records, form, draft, row=row, kind="create", at=at, source=source)
    return record_of(form, row, visible=touch.visible, data=draft.data)


def creating(records: Records, form: Form, row: Row) -> Touch:
    """What may be seen and written of a new record; Forbidden where the writer may not make one like this.

    Conditions of rights are left for `confine`: they are about values that are not known yet.
    """
    given = tuple(one for one in granted(records.access, form, "create") if reaches(one, records.access, row))
    if not given:
        raise Forbidden(_("您没有权限新增“{form}”：请先让管理员为您设置部门", form=form.title))
    seen = tuple(one for one in rights(records.access, form.name, "read") if reaches(one, records.access, row))
    state = {form.flow.field} if form.flow else set()
    return Touch(visible=shown(seen, form.fields), writable=shown(given, form.fields) - state)


def with_defaults(records: Records, form: Form, draft: Draft, *, given: Mapping[str, Any]) -> Draft:
    """A field that was not mentioned takes its default; one that was emptied (None) stays empty."""
    return drafts.begun(form, draft, preset=defaults(form, me=records.member_id), given=given)


async def update(
    records: Records, name: str, id: str, *, changes: Mapping[str, Any], revision: int, source: str
) -> Record:
    form = records.forms.get(name)
    async with records.db.write():
        row, touch = await grasped(records, form, id, action="update")
        if row["revision"] != revision and not await only_worked_out(records, row, since=revision):
            raise outdated(records, form, row)
        before = exact.loads(row["data"])
        draft = drafts.propose(form, before=before, changes=changes, touch=touch)
        if touch.sealed and not draft.problems:  # not even a formula moves on
            return record_of(form, row, visible=touch.visible)
        draft = await prepared(records, form, draft, touch=touch, row=row, id=id)
        if not draft.changes:
            return record_of(form, row, visible=touch.visible)
        confine(records.access, form, "update", row, data=draft.data, asked=draft.asked & draft.changes.keys())
        row = await write(records, form, draft, row=row, kind="update", at=now(), source=source)
    return record_of(form, row, visible=touch.visible, data=draft.data)


async def grasped(
    records: Records, form: Form, id: str, *, action: Action, deleted: bool = False, lock: bool = True
) -> tuple[dict[str, Any], Touch]:
    """The stored row and what the writer may do with it. What he may not read is not there."""
    # where totals over other records are stored, nobody may store a newer one while this write works them out
    kind: Literal["", "change", "delete"] = "change" if plan_of(form).gathers else ""
    kind = "delete" if action == "delete" else kind
    row = await stored.fetch(records.db, records.tenant, id, lock=kind if lock else "")
    seen = reaching(rights(records.access, form.name, "read"), records.access, form, row) if row else ()
    if row is None or row["form"] != form.name or not seen or bool(row["deleted_at"]) != deleted:
        raise missing(form)
    given = reaching(rights(records.access, form.name, action), records.access, form, row)
    if not given:
        raise refusal(form, action)
    touch = Touch(visible=shown(seen, form.fields), writable=shown(given, form.fields))
    return dict(row), drafts.bound(form, touch, exact.loads(row["data"])) if form.flow else touch


def missing(form: Form) -> NotFound:
    return NotFound(_("找不到这条“{form}”，或您无权查看", form=form.title))


def outdated(records: Records, form: Form, row: Row) -> Outdated:
    seen = reaching(rights(records.access, form.name, "read"), records.access, form, row)
    current = record_of(form, row, visible=shown(seen, form.fields))
    return Outdated(_("别人刚刚保存过这条“{form}”，请核对两边的内容后再保存", form=form.title), current)


async def only_worked_out(records: Records, row: Row, *, since: int) -> bool:
    """Whether nobody saved the record after revision `since`: formulas alone have moved it."""
    if since > row["revision"]:
        return False
    lines = await stored_changes.of_record(records.db, records.tenant, row["id"])
    newer = [line for line in lines if line["revision"] > since]
    return bool(newer) and all(line["source"] == FORMULA for line in newer)


async def prepared(
    records: Records, form: Form, draft: Draft, *, touch: Touch, row: Row | None, id: str,
    demands: frozenset[str] = frozenset(),
) -> Draft:
    """The draft computed, checked and found good; Invalid with all that is wrong, `demands` that are empty too."""
    records.memory.clear()
    around = Surroundings(records, form, lock=True)
    await around.learn([draft.data], ids=[id] if row else ())
    scene = scene_of(records, draft, id=id, around=around)
    draft = drafts.with_formulas(form, draft, scene=scene)
    if records.hooks.has("record_compute", form.name):
        answers = await records.hooks.call(
            "record_compute", ctx=records.context, form=form, data=MappingProxyType(dict(draft.data))
        )
        draft = drafts.with_computed(form, draft, answers=answers)
        draft = drafts.with_formulas(form, draft, scene=scene)
    draft = drafts.checked(form, draft, touch=touch, scene=scene)
    problems = [*draft.problems, *await _pointer_problems(records, form, draft, touch=touch, id=id)]
    problems += await _key_problems(records, form, draft, id=id)
    told = {drafts.root(problem) for problem in problems}
    problems += drafts.discreet(drafts.demanded(form, draft, demands - told), touch=touch)
    if problems:
        raise Invalid(problems)
    if row is None or draft.changes:
        await objections(records, form, draft.data, before=full_record(form, row) if row else None, touch=touch)
    return draft


async def scene_around(records: Records, form: Form, data: Mapping[str, Any], *, id: str) -> Scene:
    """What formulas may know of a record as it stands, or would stand, when nothing is written of it."""
    around = Surroundings(records, form)
    await around.learn([data], ids=[id])
    return scene_of(records, Draft(before=data, data=data, asked=frozenset()), id=id, around=around)


def scene_of(records: Records, draft: Draft, *, id: str, around: Surroundings, at: str | None = None) -> Scene:
    """What formulas may know besides the draft's values: who writes, when, what was stored, and what is around."""
    return around.scene(draft.data, id=id, scene=sight_scene(records.access, old=draft.before, at=at))


async def _pointer_problems(
    records: Records, form: Form, draft: Draft, *, touch: Touch, id: str
) -> list[Problem]:
    wanted = fresh_pointers(form, draft)
    if not wanted:
        return []
    good = await references.good_targets(records, wanted, record=id)
    found = references.pointer_problems(records, wanted, good)
    return drafts.told(draft, found, touch=touch, creating=not draft.before)


def fresh_pointers(form: Form, draft: Draft) -> list[references.Pointer]:
    """What the draft points to and did not before, where nothing else is wrong with the field."""
    fields = references.pointing_fields(form)
    faulty = {drafts.root(problem) for problem in draft.problems}
    changed = [name for name in fields if name in draft.changes and name in draft.data and name not in faulty]
    old = {(one.root, one.id) for one in references.pointers(fields, draft.before, names=changed)}
    found = references.pointers(fields, draft.data, names=changed)
    return [one for one in found if (one.root, one.id) not in old]


async def _key_problems(records: Records, form: Form, draft: Draft, *, id: str) -> list[Problem]:
    """Said here so that it comes with all other problems; the unique index has the last word."""
    key = drafts.derived(form, draft.data, slots=())["key"]
    if key is None or not any(name in draft.changes for name in form.key):
        return []
    holder = (await stored.by_keys(records.db, records.tenant, form.name, keys=[key])).get(key)
    return key_taken(form) if holder and holder["id"] != id else []


def key_taken(form: Form) -> list[Problem]:
    titles = "、".join(form.fields[name].title for name in form.key if name in form.fields)
    message = _("“{field}”已被占用，请换一个", field=titles)
    return [Problem(name, "taken", message) for name in form.key if name in form.fields]


async def objections(
    records: Records, form: Form, data: Mapping[str, Any], *, before: Record | None, touch: Touch
) -> None:
    """Invalid with what modules object to, if they do; they remember nothing from before."""
    records.memory.clear()
    await object_to(records, form, data, before=before, touch=touch)


async def object_to(
    records: Records, form: Form, data: Mapping[str, Any], *, before: Record | None, touch: Touch
) -> None:
    """The same, and modules may use what they remember of the rows before in the same set."""
    if records.hooks.has("record_validate", form.name):
        frozen = MappingProxyType(dict(data))
        answers = await records.hooks.call(
            "record_validate", ctx=records.context, form=form, data=frozen, before=before
        )
        problems = [problem for answer in answers for problem in answer]
        if problems:
            raise Invalid(drafts.discreet(problems, touch=touch))


async def write(
    records: Records, form: Form, draft: Draft, *, row: dict[str, Any], kind: Kind, at: str, source: str,
    notes: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Record, history, search and files in the open transaction; the row as it is now.

    `notes` (STEP, COMMENT) stand in history beside what changed.
    """
    slots = drafts.slots_of(form)
    row = {**row, **stored_columns(records, form, draft.data, slots=slots, at=at), "revision": row["revision"] + 1}
    try:
        if kind == "create":
            await stored.insert(records.db, records.tenant, [row], slots=slots)
        elif not await stored.update(records.db, records.tenant, row, slots=slots):
            raise await moved(records, form, row["id"])
    except UniqueViolation:
        raise Invalid(key_taken(form)) from None
    fresh = drafts.grams_of(form, draft.data)
    if kind == "create" or fresh != drafts.grams_of(form, draft.before):
        await stored_search.put(
            records.db, records.tenant, form.name, rows=[(row["id"], fresh)], fresh=kind == "create"
        )
    await attach_files(records, form, draft, id=row["id"])
    changes = {**draft.changes, **{name: (None, text) for name, text in (notes or {}).items() if text}}
    await tell(records, form, row, kind=kind, changes=changes, source=source)
    return row


def stored_columns(
    records: Records, form: Form, data: Mapping[str, Any], *, slots: Sequence[str], at: str
) -> dict[str, Any]:
    """Every column that follows from new data and from who writes it now."""
    return {
        "version": form.version,
        "data": drafts.data_text(form, data),
        "updated_at": at,
        "updated_by": records.member_id,
        **drafts.derived(form, data, slots=slots),
    }


async def moved(records: Records, form: Form, id: str) -> Conflict | NotFound:
    """Another transaction was faster between our reading and our writing."""
    row = await stored.fetch(records.db, records.tenant, id)
    return outdated(records, form, row) if row and row["deleted_at"] is None else missing(form)


async def attach_files(records: Records, form: Form, draft: Draft, *, id: str) -> None:
    """Give the files named in what changed to the record."""
    fields = references.pointing_fields(form)
    wanted: dict[str, list[str]] = {}
    for pointer in references.pointers(fields, draft.data, names=[name for name in fields if name in draft.changes]):
        if pointer.kind == "file":
            wanted.setdefault(pointer.root, []).append(pointer.id)
    for field, ids in wanted.items():
        await stored_files.attach(records.db, records.tenant, ids, record=id, form=form.name, field=field)


def change_row(
    records: Records, row: Row, *, kind: Kind, changes: Mapping[str, tuple[Any, Any]], source: str
) -> dict[str, Any]:
    """The line of history about `row` as it is now, hashed."""
    change: dict[str, Any] = {
        "id": new_id(),
        "record": row["id"],
        "form": row["form"],
        "kind": kind,
        "revision": row["revision"],
        "at": row["updated_at"],
        "by": row["updated_by"],
        "source": source,
        "changes": exact.dumps(changes),
        "data_hash": text_hash(row["data"]),
    }
    change["hash"] = change_hash(records.access.tenant.history, change)
    return change


async def tell(
    records: Records, form: Form, row: Row, *, kind: Kind, changes: Mapping[str, tuple[Any, Any]], source: str
) -> None:
    """History, then the hooks: record_saved now, record_committed when it is on disk."""
    line = change_row(records, row, kind=kind, changes=changes, source=source)
    await stored_changes.insert(records.db, records.tenant, [line])
    change = change_of(line, changes=changes)
    await announce(records, form, row, change=change)
    await records.worked_out(form, [(row["id"], kind, row["data"], changes)])
    await inform(records, form, lambda: [change])


async def announce(records: Records, form: Form, row: Row, *, change: Change) -> None:
    """Tell modules of a write in the open transaction, and have them told again after it."""
    hooks = records.hooks
    if hooks.has("record_saved", form.name):
        record = full_record(form, row)
        await hooks.call("record_saved", ctx=records.context, form=form, record=record, change=change)

    async def committed() -> None:
        sealing.mark(records.db, records.tenant)
        if hooks.has("record_committed", form.name):
            record = full_record(form, row)
            await hooks.call("record_committed", ctx=records.context, form=form, record=record, change=change)

    records.db.after_commit(committed)


async def inform(records: Records, form: Form, changes: Callable[[], Sequence[Change]]) -> None:
    """Let the rooms above that listen to this form write what must be written with it."""
    listening = [one for one in records.listeners if await one.wants(form.name)]
    if listening:
        made = changes()
        for one in listening:
            await one.saved(form, made)


def change_of(line: Row, *, changes: Mapping[str, tuple[Any, Any]], place: int | None = None) -> Change:
    """A line of history as it is handed out; what was noted stands beside what changed."""
    return Change(
        id=line["id"],
        record=line["record"],
        form=line["form"],
        kind=line["kind"],
        revision=line["revision"],
        at=line["at"],
        by=line["by"],
        source=line["source"],
        changes={name: pair for name, pair in changes.items() if name not in NOTES},
        sealed=place,
        step=changes.get(STEP, (None, ""))[1],
        comment=changes.get(COMMENT, (None, ""))[1],
    )


def record_of(form: Form, row: Row, *, visible: frozenset[str], data: Mapping[str, Any] | None = None) -> Record:
    """A stored row as its reader sees it: the fields of `visible`, in the form's order."""
    values = exact.loads(row["data"]) if data is None else data
    whole = len(visible) == len(form.fields)
    return Record(
        id=row["id"],
        form=row["form"],
        version=row["version"],
        revision=row["revision"],
        data={name: values[name] for name in form.fields if name in values and name in visible},
        created_at=row["created_at"],
        created_by=row["created_by"],
        updated_at=row["updated_at"],
        updated_by=row["updated_by"],
        department=row["department"],
        deleted_at=row["deleted_at"],
        hidden=frozenset() if whole else frozenset(form.fields) - visible,
    )


def full_record(form: Form, row: Row) -> Record:
    """A stored row with everything in it: for hooks, which are the house's own code."""
    record = record_of(form, row, visible=frozenset(form.fields))
    return replace(record, data=exact.loads(row["data"]))
