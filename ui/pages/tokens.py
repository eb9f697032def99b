"""API tokens of a tenant: made, shown once, revoked."""

from __future__ import annotations

from litestar.response import Response

from core import people
from core.context import Context
from core.errors import DougongError
from core.people import Token
from core.web import FromPath, Request, get, page, post, redirect, restored
from ui.entry import whole
from ui.refusals import Refusal, refusal

PLACE = "/admin/tokens"
DAYS = (30, 90, 365, 730)
FIELDS = frozenset({"name", "member", "days"})
NO_STORE = {"Cache-Control": "no-store"}


@get(PLACE, permission="admin:people")
async def tokens_page(ctx: Context, request: Request) -> Response:
    return await _list(ctx, Refusal(), typed={"member": ctx.member.id, "days": "365"})


@post(PLACE, permission="admin:people")
async def create(ctx: Context, request: Request) -> Response:
    """The token is in this answer and nowhere else."""
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in ("name", "member", "days")}
    if restored(request):
        return await _list(ctx, Refusal(), typed=typed)
    try:
        token = await people.create_token(
            ctx.db,
            ctx.access,
            member=typed["member"],
            name=typed["name"],
            days=whole(typed["days"]),
        )
    except DougongError as error:
        return await _list(ctx, refusal(error, fields=FIELDS), typed=typed)
    return await _list(ctx, Refusal(), typed={"member": ctx.member.id, "days": "365"}, token=token)


@post(PLACE + "/{token:str}/revoke", permission="admin:people")
async def revoke(ctx: Context, request: Request, token: FromPath[str]) -> Response:
    try:
        await people.revoke_token(ctx.db, ctx.tenant.id, id=token)
    except DougongError as error:
        return await _list(ctx, refusal(error), typed={"member": ctx.member.id, "days": "365"})
    return redirect(PLACE)


async def _list(ctx: Context, refused: Refusal, *, typed: dict[str, str], token: str = "") -> Response:
    found: tuple[Token, ...] = await people.tokens(ctx.db, ctx.tenant.id)
    data = {
        "tokens": found,
        "members": [p for p in await people.people(ctx.db, ctx.tenant.id) if p.active],
        "refused": refused,
        "typed": typed,
        "token": token,
        "days": DAYS,
    }
    return page(ctx, "people/tokens.html", data, status=refused.status, headers=NO_STORE if token else None)


routes = [tokens_page, create, revoke]
