"""The home page: what is wrong and what comes next (from the modules), what one did last, every form as a tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Response

from core.context import Context
from core.i18n import _
from core.records import Condition, Query
from core.web import FromPath, Request, get, page
from ui.listing import today
from ui.pages.records import drawn, title_of
from ui.values import when

RECENT = 8
FORMS_ASKED = 12  # how many forms are looked through for what one did last
WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")


@dataclass(frozen=True, slots=True)
class Tile:
    title: str
    url: str
    icon: str
    form: str  # whose records are counted; "" for a page of a module


@dataclass(frozen=True, slots=True)
class Recent:
    label: str
    form: str
    icon: str
    url: str
    at: str


@get("/", permission="records")
async def home(ctx: Context, request: Request) -> Response[Any]:
    """What this member sees first."""
    forms = {form.name for form in ctx.forms.all() if ctx.can(form.name, "read")}
    panels = await ctx.hooks.call("home_panels", ctx=ctx)
    day = today()
    words = _(
        "{year} 年 {month} 月 {day} 日 {weekday}",
        year=day.year,
        month=day.month,
        day=day.day,
        weekday=_(WEEKDAYS[day.weekday()]),
    )
    values = {
        "forms": forms, "panels": drawn(panels, ctx), "recent": await _recent(ctx), "when": when, "today": words,
        "groups": [{"title": group.title, "tiles": [_tile(item) for item in group.items]} for group in ctx.menu],
    }  # fmt: skip
    return page(ctx, "home/index.html", values)


def _tile(item: Any) -> Tile:
    form = item.url.removeprefix("/forms/") if item.url.startswith("/forms/") else ""
    return Tile(item.title, item.url, item.icon, form)


async def _recent(ctx: Context) -> list[Recent]:
    """The records this member changed last, over the forms of the menu."""
    mine = (Condition("_updated_by", "eq", ctx.member.id),)
    query = Query(where=mine, sort=(("_updated_at", True),), limit=RECENT)
    found: list[Recent] = []
    names = [
        item.url.removeprefix("/forms/") for group in ctx.menu for item in group.items if item.url.startswith("/forms/")
    ]
    for name in names[:FORMS_ASKED]:
        form = ctx.forms.get(name)
        listed = await ctx.records.list(name, query)
        for record in listed.records:
            label = title_of(form, record, listed.labels)
            found.append(Recent(label, form.title, form.icon, f"/forms/{name}/{record.id}", record.updated_at))
    return sorted(found, key=lambda one: one.at, reverse=True)[:RECENT]


@get("/forms/{form:str}/tally", permission="records")
async def tally(ctx: Context, request: Request, form: FromPath[str]) -> Response[str]:
    """How many records a tile stands for, up to a bound."""
    count = await ctx.records.count(form, Query(), bound=1000)
    return Response(f"{count.number:,}{'' if count.exact else '+'}", media_type="text/html")


routes = [home, tally]
