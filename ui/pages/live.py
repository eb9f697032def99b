"""The form as one types: the server's answer to what stands in it now; nothing is saved."""

from __future__ import annotations

from typing import Any

from litestar import Response

from core.context import Context
from core.records import Trial
from core.web import FromPath, Request, page, post
from ui import entry, living
from ui.pages.editing import FORM_LIMIT, fields_of_form


@post("/forms/{form:str}/live", permission="records", body_limit=FORM_LIMIT)
async def live(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """What is computed, shown, required and read-only by what is typed so far; `_record`: the record being edited."""
    found = ctx.forms.get(form)
    posted = entry.grouped((await request.form()).items())
    id = (posted.get("_record") or [""])[-1]
    stored = await ctx.records.get(form, id) if id else None
    hidden = stored.hidden if stored else frozenset()
    names = fields_of_form(ctx, found, "update" if stored else "create", hidden=hidden)
    reading = entry.read(found, posted, names=names)
    tried = await living.tried_out(ctx, found, reading, posted, stored=stored) or Trial({})
    quiet = frozenset() if stored else entry.untouched(found, posted)
    told = await living.answers(ctx, found, reading, tried, names=names, quiet=quiet)
    return page(ctx, "records/live.html", {"answers": told})


routes = [live]
