"""One record into another state: the same write as any other, asked for by core.flow and by nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import now
from core.people import must_write
from core.records import drafts, writing
from core.records.model import Record

if TYPE_CHECKING:
    from core.forms.model import Form, Step
    from core.formulas import Scene
    from core.people.model import Action
    from core.records.drafts import Touch
    from core.records.records import Records

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step about to be taken; `before` and `after` raise where the record, as it is or would be, forbids it."""

    step: Step
    comment: str
    action: Action  # the right that must reach the record
    before: Callable[[Row, Mapping[str, Any], Touch], Awaitable[None]]
    after: Callable[[Mapping[str, Any], Scene], None]


async def advance(
    records: Records, form: Form, id: str, *, move: Move, changes: Mapping[str, Any], revision: int, source: str
) -> Record:
    """The record in the state that the step leads to, with the fields that it asks for."""
    assert form.flow is not None
    must_write(records.access.tenant)
    async with records.db.write():
        row, touch = await writing.grasped(records, form, id, action=move.action)
        if row["revision"] != revision and not await writing.only_worked_out(records, row, since=revision):
            raise writing.outdated(records, form, row)
        before = exact.loads(row["data"])
        await move.before(row, before, touch)
        asked = frozenset(move.step.required) & touch.visible
        touch = replace(touch, writable=asked, locked=touch.locked - asked)
        draft = drafts.propose(form, before=before, changes=changes, touch=touch)
        draft = drafts.moved(form, draft, move.step.target)
        demands = frozenset(move.step.required) | form.flow.state(move.step.target).required
        draft = await writing.prepared(records, form, draft, touch=touch, row=row, id=id, demands=demands)
        scene = await writing.scene_around(records, form, draft.data, id=id)
        move.after(draft.data, replace(scene, old=before))
        notes = {writing.STEP: move.step.code, writing.COMMENT: move.comment}
        row = await writing.write(
            records, form, draft, row=row, kind="update", at=now(), source=source, notes=notes
        )
    return writing.record_of(form, row, visible=touch.visible, data=draft.data)
