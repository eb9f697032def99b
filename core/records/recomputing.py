"""Working out again what depends on a change: at once for a few records, else marked and done by a job.

A value that waits is marked until it is worked out, so that nothing old is shown as new. No circle can be published
(core.forms.dependence), so a chain of dependences ends; a bound on records and steps ends it in any case.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from core import exact
from core.clock import new_id, now
from core.forms import check, clean, compute, downstream, plan_of, readers_of, reads_beyond
from core.formulas import Scene
from core.records import drafts, sealing, writing
from core.records.drafts import Draft
from core.records.surroundings import Surroundings
from core.store import changes as stored_changes
from core.store import overdue
from core.store import records as stored
from core.store import search as stored_search

if TYPE_CHECKING:
    from core.forms.dependence import Reader
    from core.forms.model import Form
    from core.records.records import Records

AT_ONCE = 200  # records worked out again within the transaction that changed what they read
DEEPEST = 20  # steps from one form to the next
SOURCES = 20  # changed records whose readers are looked for at once; of more they are left to the job
_log = logging.getLogger("dougong.formulas")
Fields = frozenset[str]


@dataclass(frozen=True, slots=True)
class Move:
    """One record that was written: what others may depend on."""

    id: str
    kind: Literal["create", "update", "delete", "restore"]
    data: Mapping[str, Any]
    changes: Mapping[str, tuple[Any, Any]]

    def touches(self, reader: Reader) -> bool:
        if self.kind == "update":
            return not reader.watched.isdisjoint(self.changes)
        return reader.gathered  # what is looked through cannot be deleted while somebody refers to it

    def targets(self, by: str) -> set[str]:
        """Whom the record refers to by `by`, now and before."""
        found = {self.data.get(by), *self.changes.get(by, ())}
        return {id for id in found if isinstance(id, str)}


async def follow(records: Records, form: Form, moves: Sequence[Move]) -> dict[str, Mapping[str, Any]]:
    """Work out again what reads the records that moved, in the open transaction; the new rows by id.

    What is too much for one write, or is held by another transaction, is marked and left to a job.
    """
    left, rows, ahead = AT_ONCE, {}, [(form, list(moves))]
    for _step in range(DEEPEST):
        if not ahead:
            return rows
        wanted = await _wanted(records, ahead, room=left)
        ahead = []
        for name, some in sorted(wanted.items()):
            reader = records.forms.get(name)
            chosen = dict(sorted(some.items())[: max(left, 0)])
            later = [id for id in some if id not in chosen]
            left -= len(chosen)
            done, found = await work_out(records, reader, chosen, wait=False)
            rows |= found
            later += [id for id in chosen if id not in found and id not in done]
            await postpone(records, name, [("record", id) for id in later])
            moved = [one for one in done.values() if one is not None]
            ahead += [(reader, moved)] if moved else []
    for reader, _moves in ahead:
        _log.error("formulas of tenant %s run in a circle at %s", records.tenant, reader.name)
    return rows


async def _wanted(
    records: Records, moved: Iterable[tuple[Form, list[Move]]], *, room: int
) -> dict[str, dict[str, Fields]]:
    """For each form the records that read what moved, and which of their fields do."""
    found: dict[str, dict[str, Fields]] = defaultdict(dict)
    for form, moves in moved:
        for reader in readers_of(records.forms).get(form.name, ()):
            touching = [move for move in moves if move.touches(reader)]
            if reader.gathered:
                ids: Iterable[str] = {id for move in touching for id in move.targets(reader.by)}
            else:
                ids = await _looking(records, reader, [move.id for move in touching], room=room)
            for id in ids:
                found[reader.form][id] = found[reader.form].get(id, frozenset()) | {reader.field}
    return found


async def _looking(records: Records, reader: Reader, sources: Sequence[str], *, room: int) -> list[str]:
    """Ids of records that look through `reader.by` at one of `sources`; too many at once are marked instead."""
    found: list[str] = []
    form = records.forms.get(reader.form)
    slot = form.slot_of(reader.by) if reader.by in form.fields else None
    for place, source in enumerate(sources):
        some: list[str] | None = None
        if place < SOURCES and len(found) < room:
            some = await stored.referring_after(
                records.db, records.tenant, form.name, name=reader.by, slot=slot, target=source, id="",
                limit=room - len(found) + 1,
            )  # fmt: skip
        if some is None or len(found) + len(some) > room:
            await postpone(records, form.name, [(f"by:{reader.by}", source)])
        else:
            found += some
    return found


async def postpone(records: Records, form: str, marks: Sequence[tuple[str, str]], fields: Fields = frozenset()) -> None:
    """Mark what waits, in the open transaction, and ask for the job that works it out."""
    if marks:
        await overdue.mark(
            records.db, records.tenant, form, marks=marks, fields=exact.dumps(sorted(fields)), stamp=new_id(), at=now()
        )
        await records.ask_for_formulas(form)


async def postpone_all(records: Records, form: str, fields: Fields) -> None:
    """Mark every record of the form; fields that an earlier mark speaks of are not forgotten."""
    for mark in await overdue.of_form(records.db, records.tenant, form):
        fields |= frozenset(exact.loads(mark["fields"])) if mark["scope"] == "all" else frozenset()
    await postpone(records, form, [("all", "")], fields)


async def work_out(
    records: Records, form: Form, wanted: Mapping[str, Fields], *, wait: bool
) -> tuple[dict[str, Move | None], dict[str, Mapping[str, Any]]]:
    """Work out fields of records again, in the open transaction.

    (by id of every record that was looked at, or is gone: what moved, None for nothing; the new rows by id).
    """
    if not wanted:
        return {}, {}
    rows = await stored.grasp(records.db, records.tenant, form.name, ids=wanted, wait=wait)
    datas = {row["id"]: exact.loads(row["data"]) for row in rows}
    around = Surroundings(records, form)
    await around.learn(datas.values(), ids=datas)
    done: dict[str, Move | None] = dict.fromkeys(datas)
    drafts_: list[tuple[Mapping[str, Any], Draft]] = []
    for row in rows:
        if form.flow and form.flow.state(form.flow.state_of(datas[row["id"]])).read_only is None:
            continue  # it is sealed: evidence of how things were
        draft = await _again(records, form, row, datas[row["id"]], fields=wanted[row["id"]], around=around)
        if draft.changes:
            drafts_.append((row, draft))
    fresh = await _store(records, form, drafts_)
    for row, draft in drafts_:
        done[row["id"]] = Move(row["id"], "update", draft.data, draft.changes)
    gone = await _gone(records, form, [id for id in wanted if id not in datas]) if len(datas) < len(wanted) else set()
    return {**done, **dict.fromkeys(gone)}, fresh


async def _gone(records: Records, form: Form, ids: Sequence[str]) -> set[str]:
    """Those of `ids` that are in the bin, or nowhere: they are worked out when they come back."""
    rows = await stored.fetch_many(records.db, records.tenant, form.name, ids=ids)
    return {id for id in ids if id not in rows or rows[id]["deleted_at"] is not None}


async def _again(
    records: Records, form: Form, row: Mapping[str, Any], data: Mapping[str, Any], *, fields: Fields,
    around: Surroundings,
) -> Draft:  # fmt: skip
    """The record with `fields`, and what is worked out from them, as they are now.

    Nobody is there to be told what is wrong: a value that left its budget or does not fit its field is left empty,
    and the field's own check speaks when somebody next saves the record.
    """
    only = downstream(plan_of(form), fields)
    base = Scene(now=now(), me=row["updated_by"], department=row["department"], old=data)
    scene = around.scene(data, id=row["id"], scene=base)
    draft = Draft(before=data, data=data, asked=frozenset())
    draft = _computed(form, draft, scene, only)
    if draft.changes and records.hooks.has("record_compute", form.name):
        answers = await records.hooks.call(
            "record_compute", ctx=records.context, form=form, data=dict(draft.data)
        )
        draft = _computed(form, drafts.with_computed(form, draft, answers=answers), scene, only)
    return draft


def _computed(form: Form, draft: Draft, scene: Scene, only: Fields) -> Draft:
    values, problems = compute(form, draft.data, scene, only=only)
    values |= {problem.field: None for problem in problems}
    draft = drafts.with_computed(form, draft, answers=[values])
    known = drafts.known(form, clean(form, draft.data))
    unfit = {drafts.root(problem) for problem in check(form, known)} & values.keys()
    return drafts.with_computed(form, draft, answers=[dict.fromkeys(unfit)]) if unfit else draft


async def _store(
    records: Records, form: Form, changed: Sequence[tuple[Mapping[str, Any], Draft]]
) -> dict[str, Mapping[str, Any]]:
    """Write what was worked out: by the system, so that who last saved the record stays its writer."""
    db, tenant, at, slots = records.db, records.tenant, now(), drafts.slots_of(form)
    fresh, lines, texts = [], [], []
    for row, draft in changed:
        columns = writing.stored_columns(records, form, draft.data, slots=slots, at=at)
        new = {**row, **columns, "updated_by": row["updated_by"], "revision": row["revision"] + 1}
        fresh.append(new)
        line = writing.change_row(
            records, {**new, "updated_by": None}, kind="update", changes=draft.changes, source=writing.FORMULA
        )
        lines.append(line)
        grams = drafts.grams_of(form, draft.data)
        if grams != drafts.grams_of(form, draft.before):
            texts.append((row["id"], grams))
    if fresh:
        await stored.update_many(db, tenant, fresh, slots=slots)
        await stored_changes.insert(db, tenant, lines)
        if texts:
            await stored_search.put(db, tenant, form.name, rows=texts)
        drawn = zip(lines, changed, strict=True)
        told = [writing.change_of(line, changes=draft.changes) for line, (_row, draft) in drawn]
        for new, change in zip(fresh, told, strict=True):
            await writing.announce(records, form, new, change=change)
        await writing.inform(records, form, lambda: told)
        db.after_commit(lambda: _mark(records))
    return {new["id"]: new for new in fresh}


async def _mark(records: Records) -> None:
    sealing.mark(records.db, records.tenant)


async def overdue_fields(records: Records, form: Form, rows: Iterable[Mapping[str, Any]]) -> dict[str, Fields]:
    """By id of a row: the fields whose values wait to be worked out again. Forms that read no others cost nothing."""
    marks = await overdue.of_form(records.db, records.tenant, form.name) if may_wait(form) else ()
    found: dict[str, Fields] = {}
    for row in rows if marks else ():
        data = exact.loads(row["data"])
        for mark in marks:
            if _meets(mark, row["id"], data):
                found[row["id"]] = found.get(row["id"], frozenset()) | marked_fields(form, mark)
    return found


def may_wait(form: Form) -> bool:
    """Whether values of the form can be marked: it has formulas that run without anybody saving the record."""
    return bool(plan_of(form).steps)


def marked_fields(form: Form, mark: Mapping[str, Any]) -> Fields:
    """The fields that a mark speaks of: some by name, else all that depend on other records."""
    named = frozenset(exact.loads(mark["fields"]))
    return downstream(plan_of(form), named or reads_beyond(form)) & {*form.fields, *form.hidden}


def _meets(mark: Mapping[str, Any], id: str, data: Mapping[str, Any]) -> bool:
    scope, target = mark["scope"], mark["target"]
    if scope == "all":
        return True
    return id == target if scope == "record" else data.get(scope.removeprefix("by:")) == target
