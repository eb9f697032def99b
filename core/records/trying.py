"""What a record would be if it were saved as it is typed now: computed values and conditions; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import new_id
from core.errors import Forbidden, NotFound
from core.forms import Standing, plan_of, standings
from core.records import drafts, reading, writing
from core.records.drafts import Draft, Touch
from core.records.surroundings import Surroundings
from core.store import records as stored

if TYPE_CHECKING:
    from core.forms.model import Form
    from core.records.records import Records


@dataclass(frozen=True, slots=True)
class Trial:
    """`data`: as it would be stored, as far as the writer may see it. `standings`: of the fields with conditions."""

    data: Mapping[str, Any]
    standings: Mapping[str, Standing] = field(default_factory=dict)


def worth_trying(records: Records, form: Form) -> bool:
    """Whether anything of the form depends on what is being typed."""
    plan = plan_of(form)
    return bool(plan.steps or plan.columns or plan.standing) or records.hooks.has("record_compute", form.name)


async def trial(records: Records, name: str, changes: Mapping[str, Any], *, id: str | None = None) -> Trial:
    """What `changes` would make of the record `id`, or of a new one.

    A new record's fields that are not mentioned take their defaults. Through a reference that was just chosen
    only a record is looked at that the writer may read: else he could try ids to learn what is kept from him.
    """
    form = records.forms.get(name)
    if id is None:
        row: dict[str, Any] = {
            "id": new_id(), "created_by": records.member_id, "department": records.access.member.department,
        }  # fmt: skip
        touch, before = writing.creating(records, form, row), {}
        draft = drafts.propose(form, before={}, changes=changes, touch=touch)
        draft = writing.with_defaults(records, form, draft, given=changes)
    else:
        row, touch = await writing.grasped(records, form, id, action="update", lock=False)
        before = exact.loads(row["data"])
        draft = drafts.propose(form, before=before, changes=changes, touch=touch)
    draft, found = await _worked_out(records, form, draft, id=row["id"], known=before)
    return Trial(_seen(draft, touch), found)


def _seen(draft: Draft, touch: Touch) -> dict[str, Any]:
    """What is computed is shown under the right to see it; what is typed to whoever types it."""
    return {name: value for name, value in draft.data.items() if name in touch.visible or name in draft.asked}


async def _worked_out(
    records: Records, form: Form, draft: Draft, *, id: str, known: Mapping[str, Any]
) -> tuple[Draft, dict[str, Standing]]:
    around = Surroundings(records, form)
    open_to_him = await _without_strangers(records, form, draft.data, known=known)
    await around.learn([open_to_him], ids=[id] if draft.before else ())
    scene = writing.scene_of(records, replace(draft, data=open_to_him), id=id, around=around)
    draft = drafts.with_formulas(form, draft, scene=scene)
    if records.hooks.has("record_compute", form.name):
        frozen = MappingProxyType(dict(draft.data))
        answers = await records.hooks.call("record_compute", ctx=records.context, form=form, data=frozen)
        draft = drafts.with_formulas(form, drafts.with_computed(form, draft, answers=answers), scene=scene)
    return draft, standings(form, draft.data, scene)


async def _without_strangers(
    records: Records, form: Form, data: Mapping[str, Any], *, known: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The data without references that were just chosen and lead where the writer may not read."""
    hidden = set()
    for by in {by for by, _member in plan_of(form).lookups}:
        target = form.fields[by].ref or "" if by in form.fields else ""
        if data.get(by) and data[by] != known.get(by):
            try:
                await reading.get(records, target, data[by], deleted=False)
            except (NotFound, Forbidden):
                hidden.add(by)
    return {name: value for name, value in data.items() if name not in hidden}


async def standings_of(records: Records, name: str, id: str) -> dict[str, Standing]:
    """How the conditions of a stored record stand, for who reads it; {} where its form has none."""
    form = records.forms.get(name)
    if not plan_of(form).standing:
        return {}
    row = await stored.fetch(records.db, records.tenant, id)
    if row is None:
        return {}
    draft = Draft(before=(data := exact.loads(row["data"])), data=data, asked=frozenset())
    around = Surroundings(records, form)
    await around.learn([data], ids=[id])
    return standings(form, data, writing.scene_of(records, draft, id=id, around=around))
