"""Whether a member may take a step of a record now, and what stands against it; nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import exact
from core.forms import allowed
from core.formulas import Scene
from core.i18n import _
from core.people import rights
from core.records import sight
from core.records.writing import STEP
from core.store import changes as stored_changes

if TYPE_CHECKING:
    from core.forms import Flow, Form, Step
    from core.people import Access, Action

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """A step that the member may take by his roles; `reason` says why not now, "" where nothing is against it."""

    step: Step
    reason: str = ""


def action_of(step: Step) -> Action:
    """The right that must reach the record: a step with roles is theirs who may see it, another theirs who edit."""
    return "read" if step.roles else "update"


def holds_role(access: Access, step: Step) -> bool:
    return not step.roles or access.via == "system" or bool(access.member.role_codes & set(step.roles))


def offered_from(access: Access, form: Form, state: str, row: Row) -> tuple[Step, ...]:
    """The steps out of `state` that the member may take of such a row.

    Of the row count its `created_by` and `department`, and its `data` where rights have conditions.
    """
    flow = form.flow
    if flow is None or not _shown(access, form, flow, row):
        return ()
    return tuple(
        step
        for step in flow.steps_from(state)
        if holds_role(access, step) and sight.reaching(rights(access, form.name, action_of(step)), access, form, row)
    )


def _shown(access: Access, form: Form, flow: Flow, row: Row) -> bool:
    """Whether the member sees what state the row is in: who does not cannot change it either."""
    seen = sight.reaching(rights(access, form.name, "read"), access, form, row)
    return flow.field in sight.shown(seen, form.fields)


def reason_against(form: Form, step: Step, data: Mapping[str, Any], scene: Scene) -> str:
    """Why the step's condition keeps it from being taken; "" where it does not."""
    if allowed(form, step.code, data, scene):
        return ""
    return _(step.message) if step.message else _("还不具备“{step}”的条件", step=step.title)


def takers(lines: Iterable[Row]) -> dict[str, str | None]:
    """Who last took each step, by its code, from a record's history (oldest first)."""
    found: dict[str, str | None] = {}
    for line in lines:
        code = exact.loads(line["changes"]).get(STEP, (None, None))[1]
        if code:
            found[code] = line["by"]
    return found


def own_hand(flow: Flow, step: Step, by: Mapping[str, str | None], member: str | None) -> str:
    """Why one person may not take the step after another; "" where it is not his own hand that he would check."""
    for code in step.apart if member is not None else ():
        if by.get(code) == member:
            other = flow.step(code)
            title = other.title if other else code
            return _("您办理过“{other}”，“{step}”要由另一个人办理", other=title, step=step.title)
    return ""


async def takers_of(db: Any, tenant: int, record: str) -> dict[str, str | None]:
    return takers(await stored_changes.of_record(db, tenant, record))
