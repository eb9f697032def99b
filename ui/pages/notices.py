"""What one was told: the bell with its counts, the list, and by which way one wants to hear of what."""

from __future__ import annotations

from typing import Any

from litestar.response import Response

from core.context import Context
from core.errors import DougongError
from core.i18n import _
from core.notices import COUNTED, KINDS, WAYS, configured, try_mail
from core.web import FromPath, Request, get, page, post, redirect, restored, safe_path
from ui.refusals import Refusal, refusal
from ui.toast import gone

PLACE = "/notices"
FIELDS = frozenset({"email", *(f"way_{kind}" for kind in KINDS)})


@get("/bells", permission="records")
async def bells(ctx: Context, request: Request) -> Response[Any]:
    """The two counts of the top bar; asked for when the page is there, so that no page waits for them."""
    counts = await ctx.alerts.counts()
    data = {"counts": counts, "open": sum(counts.values()), "unread": await ctx.notices.unread(), "most": COUNTED}
    return page(ctx, "frame/bells.html", data)


@get(PLACE, permission="records")
async def notices_page(ctx: Context, request: Request) -> Response[Any]:
    unread = request.query_params.get("unread") == "1"
    before = request.query_params.get("before") or None
    found, following = await ctx.notices.list(unread=unread, before=before)
    data = {"notices": found, "next": following, "unread": unread, "number": await ctx.notices.unread()}
    return page(ctx, "notices/list.html", data, block="more" if before else None)


@get(PLACE + "/settings", permission="records")
async def settings_page(ctx: Context, request: Request) -> Response[Any]:
    choice = await ctx.notices.choice()
    return _settings(ctx, Refusal(), {"email": choice.email, **{f"way_{k}": way for k, way in choice.ways.items()}})


@post(PLACE + "/settings", permission="records")
async def choose(ctx: Context, request: Request) -> Response[Any]:
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in FIELDS}
    if restored(request):
        return _settings(ctx, Refusal(), typed)
    try:
        ways = {kind: typed[f"way_{kind}"] for kind in KINDS}
        await ctx.notices.choose(email=typed["email"], ways=ways)
    except DougongError as error:
        return _settings(ctx, refusal(error, fields=FIELDS), typed)
    return gone(f"{PLACE}/settings", _("通知设置已保存"))


@post(PLACE + "/settings/test", permission="records")
async def test(ctx: Context, request: Request) -> Response[Any]:
    """A mail to one's own address, now, so that what is wrong with it is seen at once."""
    try:
        await try_mail(ctx)
    except DougongError as error:
        return gone(f"{PLACE}/settings", error.message, bad=True)
    return gone(f"{PLACE}/settings", _("测试邮件已发出，请查收"))


@post(PLACE + "/read", permission="records")
async def read_all(ctx: Context, request: Request) -> Response[Any]:
    await ctx.notices.read_all()
    return gone(PLACE, _("已全部标为已读"))


@get(PLACE + "/{notice:str}", permission="records")
async def open_notice(ctx: Context, request: Request, notice: FromPath[str]) -> Response[Any]:
    """Read it, and go where it leads."""
    found = await ctx.notices.read(notice)
    return redirect(safe_path(found.url) if found.url else PLACE)


def _settings(ctx: Context, refused: Refusal, typed: dict[str, str]) -> Response[Any]:
    data = {
        "kinds": {kind: _(title) for kind, title in KINDS.items()},
        "ways": {way: _(title) for way, title in WAYS.items()},
        "mail": configured(ctx.installation),
        "refused": refused,
        "typed": typed,
    }
    return page(ctx, "notices/settings.html", data, status=refused.status)


routes = [bells, notices_page, settings_page, choose, test, read_all, open_notice]
