"""`Workflow`: the steps of records as one member may take them: `ctx.flow`; the write itself is in core.records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import Conflict, DougongError, Forbidden, Invalid, NotFound, Problem
from core.flow import steps
from core.flow.steps import Offer
from core.i18n import _
from core.records import moving, sight, writing
from core.store import records as stored

if TYPE_CHECKING:
    from core.forms import Flow, Form, Step
    from core.formulas import Scene
    from core.records import Record, Records
    from core.records.drafts import Touch

MOST = 500  # records in one batch
LONGEST_COMMENT = 500
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one record of a batch."""

    id: str
    error: DougongError | None = None


class Workflow:
    """The states and steps of one tenant's records, for one member."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def offers(self, form: str, record: Record) -> tuple[Offer, ...]:
        """The steps that the member may take of a record by his roles, each with what is against it now."""
        target = self._records.forms.get(form)
        flow, access = target.flow, self._records.access
        if flow is None or record.deleted_at:
            return ()
        row: Mapping[str, Any] | None = {"created_by": record.created_by, "department": record.department}
        if sight.conditional(access, target):  # a right's condition is about all that is stored, seen or not
            row = await stored.fetch(self._records.db, self._records.tenant, record.id)
        if row is None:
            return ()
        found = steps.offered_from(access, target, flow.state_of(record.data), row)
        by = await self._takers(record.id) if any(step.apart for step in found) else {}
        scene = await writing.scene_around(self._records, target, record.data, id=record.id)
        return tuple(Offer(step, self._against(target, step, record, by=by, scene=scene)) for step in found)

    def _against(
        self, form: Form, step: Step, record: Record, *, by: Mapping[str, str | None], scene: Scene
    ) -> str:
        assert form.flow is not None
        own = steps.own_hand(form.flow, step, by, self._records.member_id)
        # what the step asks for may make its condition true, and what is hidden cannot be judged here
        return own if own or step.required or record.hidden else steps.reason_against(form, step, record.data, scene)

    async def take(
        self, form: str, id: str, step: str, *, revision: int, data: Mapping[str, Any] = NOTHING,
        comment: str = "", source: str = "page",
    ) -> Record:  # fmt: skip
        """The record after the step. Rights, state, own hand, required fields, condition: then one write.

        `data` may name the fields that the step asks for and no others. Outdated where somebody saved since
        `revision` was read.
        """
        target = self._records.forms.get(form)
        taken = step_of(target, step)
        move = moving.Move(
            step=taken,
            comment=_comment(taken, comment),
            action=steps.action_of(taken),
            before=lambda row, before, touch: self._judge(target, taken, row, before, touch),
            after=lambda after, scene: _condition(target, taken, after, scene),
        )
        _only_asked(target, taken, data)
        return await moving.advance(
            self._records, target, id, move=move, changes=data, revision=revision, source=source
        )

    async def take_many(
        self, form: str, wanted: Sequence[tuple[str, int]], step: str, *, data: Mapping[str, Any] = NOTHING,
        comment: str = "", source: str = "page",
    ) -> list[Taken]:  # fmt: skip
        """The same step of many records (id, revision), each a write of its own; what became of each."""
        if len(wanted) > MOST:
            raise Invalid([Problem("records", "too_many", _("一次最多办理 {n} 条", n=MOST))])
        step_of(self._records.forms.get(form), step)
        found = []
        for id, revision in wanted:
            try:
                await self.take(form, id, step, revision=revision, data=data, comment=comment, source=source)
            except DougongError as error:
                found.append(Taken(id, error))
            else:
                found.append(Taken(id))
        return found

    async def _judge(
        self, form: Form, step: Step, row: Mapping[str, Any], before: Mapping[str, Any], touch: Touch
    ) -> None:
        """Roles, state and own hand, on the record as it is stored."""
        flow: Flow | None = form.flow
        assert flow is not None
        if flow.field not in touch.visible or not steps.holds_role(self._records.access, step):
            raise Forbidden(_("您没有权限办理“{step}”", step=step.title))
        state = flow.state_of(before)
        if state not in step.sources:
            title = flow.state(state).title
            raise Conflict(_("现在是“{state}”，不能办理“{step}”", state=title, step=step.title))
        if step.apart:
            own = steps.own_hand(flow, step, await self._takers(row["id"]), self._records.member_id)
            if own:
                raise Forbidden(own)

    async def _takers(self, id: str) -> dict[str, str | None]:
        return await steps.takers_of(self._records.db, self._records.tenant, id)


def step_of(form: Form, code: str) -> Step:
    found = form.flow.step(code) if form.flow else None
    if found is None:
        raise NotFound(_("“{form}”没有这个步骤，可能刚被改掉", form=form.title))
    return found


def _comment(step: Step, comment: str) -> str:
    text = comment.strip()
    if step.comment == "none" and text:
        raise Invalid([Problem("_comment", "unknown", _("“{step}”不需要意见", step=step.title))])
    if step.comment == "required" and not text:
        raise Invalid([Problem("_comment", "required", _("请填写办理意见"))])
    if len(text) > LONGEST_COMMENT:
        raise Invalid([Problem("_comment", "limit", _("办理意见最多 {n} 个字", n=LONGEST_COMMENT))])
    return text


def _only_asked(form: Form, step: Step, data: Mapping[str, Any]) -> None:
    titles = {name: form.fields[name].title if name in form.fields else name for name in data}
    strange = [
        Problem(name, "unknown", _("“{step}”不填写“{field}”", step=step.title, field=titles[name]))
        for name in data
        if name not in step.required
    ]
    if strange:
        raise Invalid(strange)


def _condition(form: Form, step: Step, after: Mapping[str, Any], scene: Scene) -> None:
    reason = steps.reason_against(form, step, after, scene)
    if reason:
        raise Invalid([Problem("", "condition", reason)])
