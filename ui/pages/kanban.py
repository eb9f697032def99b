"""The page of the board: columns by state under the filters of the list, and more cards of one column."""

from __future__ import annotations

from typing import Any

from litestar import Response

from core.context import Context
from core.errors import Invalid, NotFound
from core.i18n import _
from core.web import FromPath, Request, get, page, redirect
from ui import kanban
from ui.listing import chips, listing
from ui.naming import allowed, names_in, unseen
from ui.values import field_of


@get("/forms/{form:str}/board", permission="records")
async def board(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """The whole board; to htmx, with `lane` and `after`, the next cards of one column."""
    found = ctx.forms.get(form)
    hidden = unseen(ctx, found)
    if found.flow is None or found.flow.field in hidden:
        raise NotFound(_("“{form}”没有状态，不能按状态显示成看板", form=found.title))
    pairs = [(name, str(value)) for name, value in request.query_params.items()]
    state = listing(found, [pair for pair in pairs if pair[0] not in ("columns", "totals")])
    money = kanban.money_of(found, hidden)
    values: dict[str, Any] = {
        "form": found, "state": state, "may": allowed(ctx, found), "problem": "", "lanes": [], "money": money,
        "board_url": state.url("/board"), "chips": [], "count": 0,
    }  # fmt: skip
    try:
        lanes = await kanban.lanes(ctx, state, money=money)
        conditions = state.query(me=ctx.member.id).where
    except Invalid as error:
        return page(ctx, "records/board.html", values | {"problem": error.message})
    asked = dict(pairs).get("lane")
    if asked is not None:
        lane = next((one for one in lanes if one.state.code == asked), None)
        if lane is None:
            return redirect(state.url("/board"))
        lane = await kanban.filled(ctx, state, lane, hidden=hidden, after=dict(pairs).get("after") or None)
        return page(ctx, "records/board.html", values | {"lanes": [lane], "lane": lane}, block="cards")
    labels = await names_in(ctx, found, conditions) if conditions else {}
    values |= {
        "lanes": [await kanban.filled(ctx, state, lane, hidden=hidden) for lane in lanes],
        "chips": [_elsewhere(chip, state) for chip in chips(state, labels) if field_of(found, chip.field)],
        "count": sum(lane.count for lane in lanes),
    }
    return page(ctx, "records/board.html", values)


def _elsewhere(chip: Any, state: Any) -> tuple[Any, str]:
    """A filter of the list, with the address of the board without it."""
    kept = tuple(text for number, text in enumerate(state.where) if number not in chip.places)
    return chip, state.url("/board", where=kept, open="")


routes = [board]
