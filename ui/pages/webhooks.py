"""Webhooks of a tenant: endpoints, their secret shown once, the log of what was sent, sending again."""

from __future__ import annotations

from typing import Any

from litestar.response import Response

from core.context import Context
from core.errors import DougongError, NotFound
from core.i18n import _
from core.web import FromPath, Request, get, page, post, restored
from core.webhooks import ALERT_EVENTS, PAUSE_AFTER, RECORD_EVENTS, Webhook
from ui.refusals import Refusal, refusal
from ui.toast import gone

PLACE = "/admin/webhooks"
FIELDS = frozenset({"name", "url", "events"})
NO_STORE = {"Cache-Control": "no-store"}
EMPTY = {"name": "", "url": "", "chosen": frozenset()}


@get(PLACE, permission="admin:modules")
async def webhooks_page(ctx: Context, request: Request) -> Response[Any]:
    hooks = await ctx.webhooks.list()
    return page(ctx, "webhooks/list.html", {"hooks": hooks, "words": {hook.id: _words(ctx, hook) for hook in hooks}})


@get(PLACE + "/new", permission="admin:modules")
async def new_page(ctx: Context, request: Request) -> Response[Any]:
    return _form(ctx, None, Refusal(), EMPTY)


@post(PLACE + "/new", permission="admin:modules")
async def create(ctx: Context, request: Request) -> Response[Any]:
    """The secret is in this answer and nowhere else."""
    return await _save(ctx, request, None, again=restored(request))


@get(PLACE + "/{webhook:str}", permission="admin:modules")
async def webhook_page(ctx: Context, request: Request, webhook: FromPath[str]) -> Response[Any]:
    return await _webhook(ctx, webhook, before=request.query_params.get("before") or None)


@get(PLACE + "/{webhook:str}/edit", permission="admin:modules")
async def edit_page(ctx: Context, request: Request, webhook: FromPath[str]) -> Response[Any]:
    found = await ctx.webhooks.get(webhook)
    return _form(ctx, found, Refusal(), {"name": found.name, "url": found.url, "chosen": _chosen(found)})


@post(PLACE + "/{webhook:str}/edit", permission="admin:modules")
async def change(ctx: Context, request: Request, webhook: FromPath[str]) -> Response[Any]:
    return await _save(ctx, request, await ctx.webhooks.get(webhook), again=restored(request))


@post(PLACE + "/{webhook:str}/do", permission="admin:modules")
async def do(ctx: Context, request: Request, webhook: FromPath[str]) -> Response[Any]:
    """Switch it on or off, try it, give it another secret, or delete it: named by `act`."""
    act = str((await request.form()).get("act", ""))
    if act in ("on", "off"):
        await ctx.webhooks.switch(webhook, on=act == "on")
        return gone(f"{PLACE}/{webhook}", _("已恢复发送") if act == "on" else _("已停止发送，事件会留着"))
    if act == "test":
        await ctx.webhooks.test(webhook)
        return gone(f"{PLACE}/{webhook}", _("测试事件已放入发件箱"))
    if act == "secret":
        return await _webhook(ctx, webhook, secret=await ctx.webhooks.new_secret(webhook))
    if act == "delete":
        await ctx.webhooks.delete(webhook)
        return gone(PLACE, _("Webhook 已删除"))
    raise NotFound(_("没有这个操作。"))


@post(PLACE + "/{webhook:str}/deliveries/{delivery:str}", permission="admin:modules")
async def resend(ctx: Context, request: Request, webhook: FromPath[str], delivery: FromPath[str]) -> Response[Any]:
    await ctx.webhooks.resend(webhook, delivery)
    return gone(f"{PLACE}/{webhook}", _("已放入发件箱，马上重发"))


async def _save(ctx: Context, request: Request, hook: Webhook | None, *, again: bool) -> Response[Any]:
    form = await request.form()
    chosen = frozenset(str(value) for name, value in form.multi_items() if name == "events")
    typed = {"name": str(form.get("name", "")), "url": str(form.get("url", "")), "chosen": chosen}
    if again:
        return _form(ctx, hook, Refusal(), typed)
    try:
        saved, secret = await ctx.webhooks.save(
            hook.id if hook else "", name=typed["name"], url=typed["url"], events=_events(chosen)
        )
    except NotFound:
        raise
    except DougongError as error:
        return _form(ctx, hook, refusal(error, fields=FIELDS), typed)
    if secret:
        return await _webhook(ctx, saved.id, secret=secret)
    return gone(f"{PLACE}/{saved.id}", _("已保存"))


def _events(chosen: frozenset[str]) -> dict[str, Any]:
    """What was ticked, "form:create" or "alert:opened"."""
    forms: dict[str, list[str]] = {}
    alerts = []
    for one in sorted(chosen):
        what, _colon, kind = one.rpartition(":")
        if what == "alert":
            alerts.append(kind)
        else:
            forms.setdefault(what, []).append(kind)
    return {"forms": forms, "alerts": alerts}


def _chosen(hook: Webhook) -> frozenset[str]:
    forms = {f"{form}:{kind}" for form, kinds in hook.forms.items() for kind in kinds}
    return frozenset(forms | {f"alert:{kind}" for kind in hook.alerts})


def _words(ctx: Context, hook: Webhook) -> list[str]:
    """What it is told of, a line for each form."""
    found = []
    for name, kinds in hook.forms.items():
        form = ctx.forms.find(name)
        found.append(f"{form.title if form else name}: {'、'.join(_(RECORD_EVENTS[kind]) for kind in kinds)}")
    return found + [_(ALERT_EVENTS[kind]) for kind in hook.alerts]


async def _webhook(ctx: Context, id: str, *, before: str | None = None, secret: str = "") -> Response[Any]:
    hook = await ctx.webhooks.get(id)
    deliveries, following = await ctx.webhooks.deliveries(id, before=before)
    data = {
        "hook": hook,
        "words": _words(ctx, hook),
        "deliveries": deliveries,
        "next": following,
        "secret": secret,
        "pause_after": PAUSE_AFTER,
    }
    return page(ctx, "webhooks/webhook.html", data, headers=NO_STORE if secret else None)


def _form(ctx: Context, hook: Webhook | None, refused: Refusal, typed: Any) -> Response[Any]:
    data = {
        "hook": hook,
        "forms": [form for form in ctx.forms.all() if form.menu],
        "record_events": {kind: _(word) for kind, word in RECORD_EVENTS.items()},
        "alert_events": {kind: _(word) for kind, word in ALERT_EVENTS.items()},
        "refused": refused,
        "typed": typed,
    }
    return page(ctx, "webhooks/form.html", data, status=refused.status)


routes = [webhooks_page, new_page, create, webhook_page, edit_page, change, do, resend]
