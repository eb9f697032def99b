"""Forms filled in without a network: the installable site, what a phone keeps, the door by which entries arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response

from core.context import Context
from core.errors import Invalid, NotFound, Problem
from core.forms import Field, Form
from core.i18n import _
from core.web import FromPath, Request, get, page, post, static_file, static_url
from ui import entry
from ui.pages.editing import FORM_LIMIT, fields_of_form, read_posted

MOST = 500  # choices of one reference that a phone keeps
CLIENT = "_client"  # the id that the phone gave the entry: the record's own, if it is not there yet


def fillable(ctx: Context) -> list[Form]:
    """The forms that say they can be filled in offline and that the member may add to."""
    if ctx.closed:
        return []
    return [form for form in ctx.forms.all() if form.offline and ctx.can(form.name, "create")]


@get("/worker.js", permission="public")
async def worker(request: Request) -> Response[bytes]:
    """The service worker, at the root so that its scope is the site; the file lies among the static ones."""
    headers = {"Cache-Control": "no-cache"}
    return Response(static_file("js/offline/worker.js"), media_type="text/javascript", headers=headers)


@get("/manifest.webmanifest", permission="public")
async def manifest(request: Request) -> Response[dict[str, Any]]:
    """What makes a phone offer to install the site."""
    told = {
        "name": _("斗拱"), "short_name": _("斗拱"), "start_url": "/", "scope": "/", "display": "standalone",
        "background_color": "#ffffff", "theme_color": "#0f766e", "id": "/",
        "icons": [{"src": static_url("mark.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
    }  # fmt: skip
    return Response(told, media_type="application/manifest+json", headers={"Cache-Control": "no-cache"})


@get("/offline", permission="records")
async def outbox(ctx: Context, request: Request) -> Response[str]:
    """The forms that can be filled in here, and what waits on this phone; the waiting is drawn by the script."""
    return page(ctx, "offline/outbox.html", {"forms": fillable(ctx)})


@get("/offline/{form:str}/options", permission="records")
async def choices(ctx: Context, request: Request, form: FromPath[str]) -> Response[dict[str, Any]]:
    """Every reference and person of the form with what it may be set to, for a phone to keep."""
    found = ctx.forms.get(form)
    kept: dict[str, list[dict[str, str]]] = {}
    for name in fields_of_form(ctx, found, "create"):
        for path, field in _pointing(found.fields[name]):
            kept[path] = await _options(ctx, form, path, field)
    return Response(kept)


def _pointing(field: Field) -> list[tuple[str, Field]]:
    if field.type == "rows":
        return [(f"{field.name}.{column.name}", column) for column in field.columns if _points(column)]
    return [(field.name, field)] if _points(field) else []


def _points(field: Field) -> bool:
    return field.type in ("reference", "person") and not field.computed


async def _options(ctx: Context, form: str, path: str, field: Field) -> list[dict[str, str]]:
    if field.type == "reference" and field.ref not in ctx.forms:
        return []  # its module is off
    found = await ctx.records.options(form, path, "", limit=MOST)
    return [{"id": one.id, "label": one.label, "detail": one.detail} for one in found]


@post("/offline/{form:str}", permission="records", body_limit=FORM_LIMIT)
async def arrive(ctx: Context, request: Request, form: FromPath[str]) -> Response[dict[str, Any]]:
    """One entry that was filled in on a phone. Sent twice it is there once: the phone chose the record's id."""
    found = ctx.forms.get(form)
    if not found.offline:
        raise NotFound(_("“{form}”不能离线填写", form=found.title))
    client = str((await request.form()).get(CLIENT, ""))
    there = await ctx.records.arrived(form, client)
    if there is None:
        names = fields_of_form(ctx, found, "create")
        reading, posted = await read_posted(ctx, found, request, names)
        if reading.problems:
            raise Invalid([Problem(path, "typed", words) for path, some in reading.problems.items() for words in some])
        data: Mapping[str, Any] = entry.mentioned(found, reading, posted)
        there = await ctx.records.create(form, data, id=client)
    return Response({"id": there.id, "url": f"/forms/{form}/{there.id}"})


routes = [worker, manifest, outbox, choices, arrive]
