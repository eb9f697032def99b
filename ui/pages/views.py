"""Saved views of a list: the tabs above it, saving, changing and removing one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response

from core.context import Context
from core.errors import Invalid
from core.i18n import _
from core.records import View
from core.web import FromPath, Request, post
from ui.listing import Listing, listing
from ui.toast import gone


@dataclass(frozen=True, slots=True)
class Tab:
    """A saved view as a tab. `changed`: what is on screen is no longer what was saved."""

    id: str
    name: str
    shared: bool
    mine: bool
    url: str
    changed: bool


async def view_tabs(ctx: Context, state: Listing) -> tuple[list[Tab], Tab | None]:
    """The views of the form, and the one that is on screen."""
    tabs = [_tab(view, state) for view in await ctx.views.of(state.form.name)]
    return tabs, next((tab for tab in tabs if tab.id == state.view), None)


def _tab(view: View, state: Listing) -> Tab:
    pairs = [("view", view.id)] + [(name, value) for name, values in view.params.items() for value in values]
    saved = listing(state.form, pairs)
    changed = view.id == state.view and _kept(saved) != _kept(state)
    return Tab(view.id, view.name, view.shared, view.mine, saved.url() if len(pairs) > 1 else _alone(saved), changed)


def _alone(saved: Listing) -> str:
    """A view without filters must still say which it is."""
    return saved.path + "?" + urlencode([("view", saved.view), ("q", "")])


def _kept(state: Listing) -> tuple[Any, ...]:
    return (state.where, state.formula, state.sort, state.q, state.columns)


def _params(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in ("where", "filter", "sort", "q", "columns"):
            found.setdefault(name, []).append(value)
    return found


async def _posted(request: Request) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in (await request.form()).items()]


@post("/forms/{form:str}/views", permission="records")
async def save(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """What is on screen, under a name."""
    pairs = await _posted(request)
    given = dict(pairs)
    state = listing(ctx.forms.get(form), pairs)
    try:
        view = await ctx.views.save(form, given.get("name", ""), _params(pairs), shared=given.get("shared") == "1")
    except Invalid as error:
        return gone(state.url(), error.message, bad=True)
    return gone(_tab(view, state).url, _("已保存视图“{name}”", name=view.name))


@post("/forms/{form:str}/views/{view:str}", permission="records")
async def change(ctx: Context, request: Request, form: FromPath[str], view: FromPath[str]) -> Response[Any]:
    """Save what is on screen into the view, or remove the view."""
    pairs = await _posted(request)
    state = listing(ctx.forms.get(form), pairs)
    if dict(pairs).get("do") == "delete":
        await ctx.views.delete(view)
        return gone(state.path, _("已删除视图"))
    changed = await ctx.views.change(view, params=_params(pairs))
    return gone(_tab(changed, state).url, _("已更新视图“{name}”", name=changed.name))


routes = [save, change]
