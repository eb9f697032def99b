"""The steps of a record as pages draw them: the bar of states, what may be done next, who is waited for; takes none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core import people
from core.flow import Offer, action_of, offered_from
from core.forms import Flow, Form, State, Step
from ui.widgets import Entry, Widget, widget

if TYPE_CHECKING:
    from core.context import Context
    from core.records import Change, Record


@dataclass(frozen=True, slots=True)
class Stage:
    """One state in the bar: "past" where the record has been, "now" where it is, "" elsewhere."""

    state: State
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What the page of a record says of its states. `sealed`: nothing of it may be edited now."""

    stages: tuple[Stage, ...]
    offers: tuple[Offer, ...]
    waiting: tuple[str, ...]  # names of the roles that may go on, where the reader may not
    now: State
    sealed: bool


async def bar(ctx: Context, form: Form, record: Record, changes: Sequence[Change]) -> Bar | None:
    """The bar of a record; None where its form has no states or the reader may not see them."""
    flow = form.flow
    if flow is None or flow.field in record.hidden:
        return None
    offers = await ctx.flow.offers(form.name, record)
    code = flow.state_of(record.data)
    now = flow.state(code)
    open_ = bool(flow.steps_from(code)) and not offers and not record.deleted_at
    return Bar(
        stages=stages(flow, code, changes), offers=offers, now=now, sealed=now.read_only is None,
        waiting=await _waited_for(ctx, flow.steps_from(code)) if open_ else (),
    )  # fmt: skip


def stages(flow: Flow, now: str, changes: Iterable[Change]) -> tuple[Stage, ...]:
    """Every state in order. One that the form has lost stands last where the record is in it."""
    been = {side for change in changes for side in change.changes.get(flow.field, ()) if side}
    known = [*flow.states.values(), *([] if now in flow.states else [flow.state(now)])]
    return tuple(Stage(s, "now" if s.code == now else "past" if s.code in been else "") for s in known)


async def _waited_for(ctx: Context, steps: Iterable[Step]) -> tuple[str, ...]:
    """Names of the roles that may take one of the steps."""
    wanted = {code for step in steps for code in step.roles}
    if not wanted:
        return ()
    return tuple(role.name for role in await people.roles(ctx.db, ctx.tenant.id) if role.code in wanted)


def kept(form: Form, data: Mapping[str, Any]) -> frozenset[str]:
    """Fields that the record's state keeps as they are, and the state itself: not for the form to edit."""
    flow = form.flow
    if flow is None:
        return frozenset()
    fixed = flow.state(flow.state_of(data)).read_only
    return frozenset(form.fields) if fixed is None else fixed | {flow.field}


def usable(ctx: Context, form: Form) -> tuple[Step, ...]:
    """The steps that the member may take of some record at all: what a batch may offer."""
    flow = form.flow
    if flow is None:
        return ()
    mine = {"created_by": ctx.member.id, "department": ctx.member.department}
    return tuple(
        step
        for step in flow.steps
        if ctx.can(form.name, action_of(step)) and step in offered_from(ctx.access, form, step.sources[0], mine)
    )


def asked(form: Form, step: Step, entry: Entry, visible: Iterable[str]) -> list[Widget]:
    """The fields that the step asks for as widgets, each marked as required."""
    seen = set(visible)
    fields = [form.fields[name] for name in step.required if name in form.fields and name in seen]
    return [widget(form, replace(one, required=True, computed=False), entry) for one in fields]


def asks(step: Step) -> bool:
    """Whether something must be filled in before the step can be taken."""
    return bool(step.required) or step.comment == "required"
