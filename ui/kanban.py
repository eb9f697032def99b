"""The board of a form with states: a column for each state, counted and summed, with cards that say what matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from core.flow import offered_from
from core.forms import Field, Flow, Form, State, Step
from core.i18n import _
from core.records import Aggregate, Page, Record
from ui.listing import Listing
from ui.steps import asks
from ui.values import painter

if TYPE_CHECKING:
    from core.context import Context

CARDS = 20  # of a column at first, and each time more are asked for
FACTS = 3  # fields on a card besides its name
NONE = "-"  # the column of records that have no state yet, in addresses
BULKY = frozenset(("longtext", "rows", "file", "photo", "place"))


@dataclass(frozen=True, slots=True)
class Card:
    """One record. `steps` are those its reader may take from here; what stands against one is told when it is tried."""

    record: Record
    title: Markup
    facts: tuple[tuple[str, Markup, str], ...]  # title, value, unit
    steps: tuple[tuple[Step, bool], ...]  # and whether it asks for something


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One column. `known` is False for a state that the form no longer has."""

    state: State
    where: str  # the condition that finds its records
    count: int
    sum: Decimal | None
    cards: tuple[Card, ...] = ()
    more: str = ""  # address of the next cards
    known: bool = True


def money_of(form: Form, hidden: frozenset[str]) -> Field | None:
    """The amount that columns are summed by: the first of the list that the reader sees."""
    names = [*form.list, *form.fields]
    return next((form.fields[n] for n in names if form.fields[n].type == "money" and n not in hidden), None)


async def lanes(ctx: Context, state: Listing, *, money: Field | None) -> list[Lane]:
    """Every column with its count and sum, still without cards; Invalid where the address makes no sense."""
    form, flow = state.form, _flow(state.form)
    wanted = [Aggregate("n", "count"), *([Aggregate("sum", "sum", money.name)] if money else [])]
    query = replace(state.query(me=ctx.member.id), sort=())
    lines = {line[flow.field]: line for line in await ctx.records.totals(form.name, query, wanted, by=[flow.field])}
    found = [_lane(flow, one, lines.pop(one.code, {})) for one in flow.states.values()]
    for code, line in lines.items():  # older than the states, or of a state that the form has lost
        one = flow.state(code) if code else State(code=NONE, title=_("未设状态"))
        found.append(replace(_lane(flow, one, line), known=False))
    return found


def _lane(flow: Flow, state: State, line: Mapping[str, Any]) -> Lane:
    where = f"{flow.field}:empty:" if state.code == NONE else f"{flow.field}:eq:{state.code}"
    return Lane(state=state, where=where, count=line.get("n", 0), sum=line.get("sum"))


async def filled(ctx: Context, state: Listing, lane: Lane, *, hidden: frozenset[str], after: str | None = None) -> Lane:
    """The column with its cards, in the order of the list."""
    if not lane.count:
        return lane
    narrowed = replace(state, where=(*state.where, lane.where))
    page = await ctx.records.list(state.form.name, narrowed.query(me=ctx.member.id, after=after, limit=CARDS))
    url = state.url("/board", open="")
    more = f"{url}{'&' if '?' in url else '?'}lane={lane.state.code}&after={page.next}" if page.next else ""
    return replace(lane, cards=tuple(cards(ctx, state.form, page, hidden=hidden)), more=more)


def cards(ctx: Context, form: Form, page: Page, *, hidden: frozenset[str]) -> list[Card]:
    flow = _flow(form)
    label = form.fields.get(form.label)
    name = painter(label, page.labels) if label else None
    shown = [(field, painter(field, page.labels)) for field in facts_of(form, hidden)]
    found = []
    for record in page.records:
        value = record.data.get(label.name) if label else None
        title = Markup(name(value)).striptags() if name and value is not None else _("（未命名）")
        facts = tuple(
            (field.title, Markup(paint(record.data[field.name])), field.unit)
            for field, paint in shown
            if field.name in record.data
        )
        row = {"created_by": record.created_by, "department": record.department}
        steps = offered_from(ctx.access, form, flow.state_of(record.data), row)
        found.append(Card(record, escape(title), facts, tuple((step, asks(step)) for step in steps)))
    return found


def facts_of(form: Form, hidden: frozenset[str]) -> Sequence[Field]:
    """What a card says besides its name: the amount first, then the columns of the list in order."""
    flow = _flow(form)
    out = {flow.field, form.label, *hidden}
    money = money_of(form, hidden)
    names = dict.fromkeys([*([money.name] if money else []), *form.list])
    fields = [form.fields[name] for name in names if name not in out]
    return [field for field in fields if field.type not in BULKY][:FACTS]


def _flow(form: Form) -> Flow:
    assert form.flow is not None
    return form.flow
