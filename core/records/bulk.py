"""Many records at once through the same checks as one: sets of a thousand, few statements, problems by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from core import exact
from core.clock import new_id, now
from core.errors import DougongError, Forbidden, Invalid, Problem
from core.forms import clean, defaults, key_of
from core.i18n import _
from core.people import rights
from core.records import drafts, references, sealing, writing
from core.records.drafts import Draft, Touch
from core.records.model import BulkResult, BulkRow
from core.records.sight import confine, granted, reaching, refusal, shown
from core.records.surroundings import Surroundings
from core.store import UniqueViolation
from core.store import changes as stored_changes
from core.store import records as stored
from core.store import search as stored_search

if TYPE_CHECKING:
    from core.forms.model import Form
    from core.people.model import Rights
    from core.records.records import Records

CHUNK = 1000  # rows in one transaction
Values = Mapping[str, Any]


@dataclass(slots=True)
class Known:
    """A live record that rows may change, as the rows before left it."""

    row: dict[str, Any]
    data: dict[str, Any]


@dataclass(slots=True)
class Waiting:
    """One row that is checked and not yet written."""

    number: int
    kind: Literal["create", "update"]
    row: dict[str, Any]
    draft: Draft
    grams: str | None = None  # None: as before


class _Stop(Exception):
    """One row is wrong and nothing may be written."""


async def write(
    records: Records, name: str, rows: Sequence[Values], *,
    mode: Literal["create", "upsert"], source: str, dry_run: bool, stop_on_error: bool,
) -> BulkResult:  # fmt: skip
    form = records.forms.get(name)
    if mode == "upsert" and not form.key:
        raise Invalid([Problem("", "no_key", _("“{form}”没有编码，不能按编码更新，只能新增", form=form.title))])
    if source == "import":
        granted(records.access, form, "import")
    if not rights(records.access, name, "create") and (
        mode == "create" or not rights(records.access, name, "update")
    ):
        granted(records.access, form, "create")
    if stop_on_error and not dry_run:
        return await _all_or_nothing(records, form, rows, mode=mode, source=source)
    return await _Run(records, form, mode=mode, source=source, dry_run=dry_run).through(rows)


async def _all_or_nothing(
    records: Records, form: Form, rows: Sequence[Values], *, mode: Literal["create", "upsert"], source: str
) -> BulkResult:
    looked = await _Run(records, form, mode=mode, source=source, dry_run=True).through(rows)
    if looked.wrong:
        return looked
    result = looked
    try:
        async with records.db.write():
            result = await _Run(records, form, mode=mode, source=source, dry_run=False).through(rows)
            if result.wrong:
                raise _Stop
    except _Stop:  # something changed between looking and writing
        pass
    return result


@dataclass
class _Run:
    """One bulk write from its first row to its last."""

    records: Records
    form: Form
    mode: Literal["create", "upsert"] = field(kw_only=True)
    source: str = field(kw_only=True)
    dry_run: bool = field(kw_only=True)

    def __post_init__(self) -> None:
        # modules that look at what is stored need each row to be there before the next one is judged
        self._row_by_row = self.records.hooks.row_by_row(self.form.name)
        self._slots = drafts.slots_of(self.form)
        self._pointing = references.pointing_fields(self.form)
        self._filing = any(one.type in ("file", "photo") for one in self._pointing.values())
        self._preset = defaults(self.form, me=self.records.member_id)
        self._outcomes: list[BulkRow | None] = []
        self._known: dict[str, Known] = {}  # by key
        self._waiting: list[Waiting] = []
        self._fresh: set[str] = set()  # ids of those waiting
        self._touches: dict[tuple[Rights, Rights], Touch] = {}
        self._creating: Touch | Forbidden | None = None
        self._around = Surroundings(self.records, self.form)

    def _has(self, hook: str) -> bool:
        return self.records.hooks.has(hook, self.form.name)

    async def through(self, rows: Sequence[Values]) -> BulkResult:
        self._outcomes = [None] * len(rows)
        for start in range(0, len(rows), CHUNK):
            numbers = range(start, min(start + CHUNK, len(rows)))
            if self.dry_run:
                await self._chunk(rows, numbers)
            else:
                async with self.records.db.write():
                    await stored.queue(self.records.db, self.records.tenant, self.form.name)
                    await self._chunk(rows, numbers)
                    await self._flush()
                self._known.clear()  # from here on the database knows
        outcomes = tuple(outcome for outcome in self._outcomes if outcome is not None)
        number = dict.fromkeys(("new", "changed", "same", "wrong"), 0)
        for outcome in outcomes:
            number[outcome.status] += 1
        return BulkResult(rows=outcomes, **number)

    async def _chunk(self, rows: Sequence[Values], numbers: range) -> None:
        at = now()
        self.records.memory.clear()
        self._around = Surroundings(self.records, self.form, lock=not self.dry_run)
        cleaned = [clean(self.form, {name: v for name, v in rows[n].items() if v is not None}) for n in numbers]
        keys = [key_of(self.form, values) for values in cleaned]
        await self._look_up([key for key in keys if key is not None and key not in self._known])
        await self._around.learn(cleaned, ids=[self._known[key].row["id"] for key in keys if key in self._known])
        pointed = [
            list(references.pointers(self._pointing, values, names=self._pointing)) if self._pointing else []
            for values in cleaned
        ]
        good = await references.good_targets(self.records, [one for some in pointed for one in some])
        for number, key, values in zip(numbers, keys, cleaned, strict=True):
            try:
                await self._row(number, rows[number], key, cleaned=values, good=good, at=at)
            except Invalid as error:
                self._wrong(number, error.problems)
            except DougongError as error:
                self._wrong(number, [Problem("", error.code, error.message)])

    async def _look_up(self, keys: list[str]) -> None:
        lock = not self.dry_run
        found = await stored.by_keys(self.records.db, self.records.tenant, self.form.name, keys=keys, lock=lock)
        for key, row in found.items():
            self._known[key] = Known(dict(row), exact.loads(row["data"]))

    def _wrong(self, number: int, problems: Sequence[Problem]) -> None:
        self._outcomes[number] = BulkRow("wrong", None, tuple(problems))

    async def _row(
        self, number: int, values: Values, key: str | None, *, cleaned: Values, good: set[Any], at: str
    ) -> None:
        known = self._known.get(key) if key is not None else None
        if known is not None and self.mode == "create":
            raise Invalid(writing.key_taken(self.form))
        if known is not None and known.row["id"] in self._fresh:
            await self._flush()  # the same key twice: the first must be there before the second changes it
        if known is None:
            touch = self._may_create()
            row = self._fresh_row(at)
            draft = drafts.propose(self.form, before={}, changes=values, touch=touch, cleaned=cleaned)
            draft = drafts.begun(self.form, draft, preset=self._preset, given=values)
        else:
            touch, row = self._may_update(known.row, known.data), known.row
            draft = drafts.propose(self.form, before=known.data, changes=values, touch=touch, cleaned=cleaned)
        if touch.sealed and not draft.problems:  # not even a formula moves on
            self._outcomes[number] = BulkRow("same", row["id"])
            return
        draft = await self._judged(draft, row, touch=touch, good=good, at=at)
        await self._accept(number, draft, row, key=key, at=at)

    def _fresh_row(self, at: str) -> dict[str, Any]:
        return {
            "id": new_id(),
            "form": self.form.name,
            "revision": 0,
            "department": self.records.access.member.department,
            "created_at": at,
            "created_by": self.records.member_id,
            "deleted_at": None,
        }

    def _may_create(self) -> Touch:
        if self._creating is None:
            try:
                self._creating = writing.creating(self.records, self.form, self._fresh_row(""))
            except Forbidden as error:
                self._creating = error
        if isinstance(self._creating, Forbidden):
            raise self._creating
        return self._creating

    def _may_update(self, row: Values, data: Values) -> Touch:
        """What may be done with a record found by its key; one that may not be seen only shows as a taken key."""
        access = self.records.access
        seen = reaching(rights(access, self.form.name, "read"), access, self.form, row)
        given = reaching(rights(access, self.form.name, "update"), access, self.form, row)
        if not seen:
            raise Invalid(writing.key_taken(self.form))
        if not given:
            raise refusal(self.form, "update")
        if (seen, given) not in self._touches:
            self._touches[seen, given] = Touch(
                visible=shown(seen, self.form.fields), writable=shown(given, self.form.fields)
            )
        return drafts.bound(self.form, self._touches[seen, given], data)

    async def _judged(self, draft: Draft, row: dict[str, Any], *, touch: Touch, good: set[Any], at: str) -> Draft:
        """The draft computed and checked; Invalid with all that is wrong with the row."""
        records, hooks = self.records, self.records.hooks
        await self._around.learn([draft.data], ids=[row["id"]] if draft.before else ())
        scene = writing.scene_of(records, draft, id=row["id"], around=self._around, at=at)
        draft = drafts.with_formulas(self.form, draft, scene=scene)
        if self._has("record_compute"):
            frozen = MappingProxyType(dict(draft.data))
            answers = await hooks.call("record_compute", ctx=records.context, form=self.form, data=frozen)
            draft = drafts.with_computed(self.form, draft, answers=answers)
            draft = drafts.with_formulas(self.form, draft, scene=scene)
        draft = drafts.checked(self.form, draft, touch=touch, scene=scene)
        problems = list(draft.problems)
        if self._pointing:
            problems += await self._lost(draft, touch=touch, good=good, id=row["id"])
        if problems:
            raise Invalid(problems)
        if self._has("record_validate") and (not draft.before or draft.changes):
            before = writing.full_record(self.form, row) if draft.before else None
            await writing.object_to(records, self.form, draft.data, before=before, touch=touch)
        if not row["revision"]:
            confine(records.access, self.form, "create", row, data=draft.data, asked=draft.asked)
        elif draft.changes:
            asked = draft.asked & draft.changes.keys()
            confine(records.access, self.form, "update", row, data=draft.data, asked=asked)
        return draft

    async def _lost(self, draft: Draft, *, touch: Touch, good: set[Any], id: str) -> list[Problem]:
        wanted = writing.fresh_pointers(self.form, draft)
        unknown = [one for one in wanted if (references.group_of(one), one.id) not in good]
        if not unknown:
            return []
        found = good | await references.good_targets(self.records, unknown, record=id)  # files of the record itself
        return drafts.told(
            draft, references.pointer_problems(self.records, wanted, found), touch=touch, creating=not draft.before
        )

    async def _accept(self, number: int, draft: Draft, row: dict[str, Any], *, key: str | None, at: str) -> None:
        kind: Literal["create", "update"] = "create" if row["revision"] == 0 else "update"
        if kind == "update" and not draft.changes:
            self._outcomes[number] = BulkRow("same", row["id"])
            return
        if self.dry_run:
            row = {**row, "revision": row["revision"] + 1}
            self._outcomes[number] = BulkRow(_STATUS[kind], None if kind == "create" else row["id"])
        else:
            columns = writing.stored_columns(self.records, self.form, draft.data, slots=self._slots, at=at)
            row = {**row, **columns, "revision": row["revision"] + 1}
            self._waiting.append(Waiting(number, kind, row, draft, self._grams(kind, draft)))
            self._fresh.add(row["id"])
        if key is not None:
            self._known[key] = Known(row, dict(draft.data))
        if self._row_by_row:
            await self._flush()

    def _grams(self, kind: str, draft: Draft) -> str | None:
        fresh = drafts.grams_of(self.form, draft.data)
        return fresh if kind == "create" or fresh != drafts.grams_of(self.form, draft.before) else None

    async def _flush(self) -> None:
        """Write what waits. A key that another transaction took meanwhile makes only its own row wrong."""
        waiting, self._waiting = self._waiting, []
        self._fresh.clear()
        if waiting and self.records.db.kind == "sqlite" and not self._row_by_row:
            await self._store(waiting)  # the one writer looked a moment ago: no key can have been taken
            waiting = []
        while waiting:
            try:
                async with self.records.db.savepoint():
                    await self._store(waiting)
                break
            except UniqueViolation:
                waiting = await self._without_taken(waiting)
            except DougongError as error:
                if len(waiting) > 1:
                    raise
                self._undo(waiting[0], error)
                break

    def _undo(self, one: Waiting, error: DougongError) -> None:
        """A module refused the row while it was being saved: it alone is undone."""
        problems = error.problems if isinstance(error, Invalid) else [Problem("", error.code, error.message)]
        self._wrong(one.number, problems)
        self._known = {key: known for key, known in self._known.items() if known.row["id"] != one.row["id"]}

    async def _without_taken(self, waiting: list[Waiting]) -> list[Waiting]:
        keys = [one.row["key"] for one in waiting if one.kind == "create" and one.row["key"] is not None]
        there = await stored.by_keys(self.records.db, self.records.tenant, self.form.name, keys=keys)
        kept = []
        for one in waiting:
            if one.kind == "create" and one.row["key"] in there:
                self._wrong(one.number, writing.key_taken(self.form))
            else:
                kept.append(one)
        return kept if len(kept) < len(waiting) else []

    async def _store(self, waiting: list[Waiting]) -> None:
        self.records.memory.clear()
        db, tenant, name = self.records.db, self.records.tenant, self.form.name
        new = [one for one in waiting if one.kind == "create"]
        old = [one for one in waiting if one.kind == "update"]
        if new:
            await stored.insert(db, tenant, [one.row for one in new], slots=self._slots)
            texts = [(one.row["id"], one.grams or "") for one in new]
            await stored_search.put(db, tenant, name, rows=texts, fresh=True)
        if old:
            await stored.update_many(db, tenant, [one.row for one in old], slots=self._slots)
            texts = [(one.row["id"], one.grams) for one in old if one.grams is not None]
            if texts:
                await stored_search.put(db, tenant, name, rows=texts)
        lines = [
            writing.change_row(self.records, one.row, kind=one.kind, changes=one.draft.changes, source=self.source)
            for one in waiting
        ]
        await stored_changes.insert(db, tenant, lines)
        for one, line in zip(waiting, lines, strict=True):
            if self._filing:
                await writing.attach_files(self.records, self.form, one.draft, id=one.row["id"])
            if self._row_by_row or self._has("record_committed"):
                change = writing.change_of(line, changes=one.draft.changes)
                await writing.announce(self.records, self.form, one.row, change=change)
            self._outcomes[one.number] = BulkRow(_STATUS[one.kind], one.row["id"], revision=one.row["revision"])
        await writing.inform(
            self.records,
            self.form,
            lambda: [
                writing.change_of(line, changes=one.draft.changes) for one, line in zip(waiting, lines, strict=True)
            ],
        )
        db.after_commit(self._mark)
        moved = [(one.row["id"], one.kind, one.row["data"], one.draft.changes) for one in waiting]
        fresh = await self.records.worked_out(self.form, moved)
        for known in self._known.values():
            if known.row["id"] in fresh:
                known.row = dict(fresh[known.row["id"]])
                known.data = exact.loads(known.row["data"])

    async def _mark(self) -> None:
        sealing.mark(self.records.db, self.records.tenant)


_STATUS: dict[str, Literal["new", "changed"]] = {"create": "new", "update": "changed"}
