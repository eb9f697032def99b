"""What is wrong today: the open alerts one may see, one alert with its history, and what is done about it."""

from __future__ import annotations

from typing import Any, get_args

from litestar.response import Response

from core import people
from core.alerts import ACTS, FROM, OPEN, SEVERITIES, Filter, State
from core.context import Context
from core.errors import DougongError, NotFound
from core.i18n import _
from core.web import FromPath, Request, get, page, post, restored
from ui import alerting
from ui.listing import today
from ui.refusals import Refusal, refusal
from ui.toast import gone

PLACE = "/alerts"
FIELDS = frozenset({"note", "owner", "until", "due"})
SHOWN: dict[str, tuple[State, ...]] = {
    "open": OPEN,
    "suppressed": ("suppressed",),
    "closed": ("resolved", "auto_closed"),
}
DONE = {
    "acknowledge": "已标为处理中",
    "assign": "已指派",
    "suppress": "已暂停提醒",
    "resolve": "已标为处理完毕",
    "reopen": "已重新打开",
}


@get(PLACE, permission="records")
async def alerts_page(ctx: Context, request: Request) -> Response[Any]:
    """By level, module, project and state; htmx asks for the lines alone."""
    asked = request.query_params
    state = asked.get("state", "open") if asked.get("state") in SHOWN else "open"
    level = asked.get("level", "")
    wanted = Filter(
        severities=(level,) if level in SEVERITIES else (),  # type: ignore[arg-type]
        modules=(asked["module"],) if asked.get("module") else (),
        project=asked.get("project", ""),
        states=SHOWN[state],
        mine=asked.get("mine") == "1",
    )
    found, following = await ctx.alerts.page(wanted, after=asked.get("after", ""))
    rules = await ctx.alerts.rules()
    data = {
        "alerts": found,
        "next": following,
        "counts": await ctx.alerts.counts(),
        "wanted": wanted,
        "state": state,
        "level": level,
        "filtered": bool(wanted.severities or wanted.modules or wanted.project or wanted.mine),
        "levels": alerting.levels(),
        "states": alerting.states(),
        "modules": alerting.module_titles(ctx, rules),
        "projects": await ctx.alerts.projects(),
        "people": await _names(ctx),
        "any_rules": any(rule.active for rule in rules.values()),
    }
    block = "more" if asked.get("after") else "found"
    return page(ctx, "alerts/list.html", data, block=block)


@get(PLACE + "/{alert:str}", permission="records")
async def alert_page(ctx: Context, request: Request, alert: FromPath[str]) -> Response[Any]:
    return await _alert(ctx, alert, Refusal(), typed={})


@post(PLACE + "/{alert:str}", permission="records")
async def act(ctx: Context, request: Request, alert: FromPath[str]) -> Response[Any]:
    """One of ACTS, named by `act`."""
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in ("act", *sorted(FIELDS))}
    if restored(request):
        return await _alert(ctx, alert, Refusal(), typed=typed)
    doing = next((one for one in ACTS if one == typed["act"]), None)
    if doing is None:
        raise NotFound(_("没有这个操作。"))
    try:
        given = {name: typed[name] for name in FIELDS}
        await ctx.alerts.act(alert, doing, **given)
    except NotFound:
        raise
    except DougongError as error:
        return await _alert(ctx, alert, refusal(error, fields=FIELDS), typed=typed)
    return gone(f"{PLACE}/{alert}", _(DONE[doing]))


async def _alert(ctx: Context, id: str, refused: Refusal, *, typed: dict[str, str]) -> Response[Any]:
    alert, history = await ctx.alerts.get(id)
    may = await ctx.alerts.may_act(id)
    data = {
        "alert": alert,
        "history": history,
        "acts": [one for one in ACTS if may and alert.state in FROM[one]],
        "may": may,
        "members": [p for p in await people.people(ctx.db, ctx.tenant.id) if p.active],
        "people": await _names(ctx),
        "levels": alerting.levels(),
        "states": alerting.states(),
        "events": alerting.events(),
        "today": today().isoformat(),
        "refused": refused,
        "typed": typed,
    }
    return page(ctx, "alerts/alert.html", data, status=refused.status)


async def _names(ctx: Context) -> dict[str, str]:
    return {person.id: person.name for person in await people.people(ctx.db, ctx.tenant.id)}


assert set(get_args(State)) == {state for some in SHOWN.values() for state in some}
routes = [alerts_page, alert_page, act]
