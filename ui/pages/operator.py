"""The operator's console: the tenants with what they use, opening one, its licence, stopping it, the log of acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar.response import Response

from core import people
from core.errors import DougongError
from core.i18n import _
from core.people import Account, Day, Standing, Tenant
from core.platform import Platform
from core.web import FromPath, Request, get, page, post, redirect, visit
from ui import licensing
from ui.entry import grouped, whole
from ui.refusals import Refusal, refusal
from ui.toast import gone

PLACE = "/operator"
SHOWN = 200
DAYS = 30
NO_STORE = {"Cache-Control": "no-store"}
OPENING = frozenset({"code", "name", "login"})
LICENCE = frozenset({"edition", "seats", "valid_to", "days", "modules", "signed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One tenant in the list: how it stands and how much it uses, never what."""

    tenant: Tenant
    standing: Standing
    used: int
    day: Day | None
    last_use: str | None

    @property
    def edition(self) -> str:
        return licensing.edition(self.tenant.licence)

    @property
    def state(self) -> tuple[str, str]:
        return licensing.state(self.tenant, self.standing)

    @property
    def ends(self) -> str:
        return licensing.ends(self.tenant.licence, self.standing)


def platform_of(request: Request) -> Platform:
    return request.app.state.platform  # type: ignore[no-any-return]


def operating() -> Account:
    """Who operates: the guard of the route has seen that there is somebody."""
    signed_in = visit().signed_in
    assert signed_in is not None
    return signed_in.account


@get(PLACE, permission="operator")
async def tenants_page(request: Request) -> Response[Any]:
    return await listed(request)


async def listed(request: Request, **more: Any) -> Response[Any]:
    """The list of tenants; `more` says what was just done."""
    db = platform_of(request).db
    text = request.query_params.get("q", "").strip().lower()
    wanted = request.query_params.get("state", "")
    everyone = await people.tenants(db)
    found = [
        tenant for tenant in everyone
        if (text in tenant.name.lower() or text in tenant.code) and wanted in ("", people.standing(tenant).state)
    ]  # fmt: skip
    last = await people.last_use(db)
    lines = [await _line(db, tenant, last.get(tenant.id)) for tenant in found[:SHOWN]]
    counts = {"": len(everyone)}
    for tenant in everyone:
        state = people.standing(tenant).state
        counts[state] = counts.get(state, 0) + 1
    days = [line.day for line in lines if line.day]
    values = {
        "lines": lines, "more": max(0, len(found) - SHOWN), "q": text, "wanted": wanted, "counts": counts,
        "members": sum(line.used for line in lines), "records": sum(day.records for day in days),
        "file_bytes": sum(day.file_bytes for day in days), "back": any(line.standing.clock_back for line in lines),
        "vendor": bool(platform_of(request).settings.vendor_key), **more,
    }  # fmt: skip
    return page(None, "operator/tenants.html", values, headers=NO_STORE if more.get("password") else None)


async def _line(db: Any, tenant: Tenant, last_use: str | None) -> Line:
    days = await people.usage(db, tenant.id, days=1)
    return Line(
        tenant=tenant, standing=people.standing(tenant), used=await people.seats_used(db, tenant.id),
        day=days[-1] if days else None, last_use=last_use,
    )  # fmt: skip


@get(PLACE + "/new", permission="operator")
async def new_tenant(request: Request) -> Response[Any]:
    return _opening({}, Refusal())


def _opening(typed: Mapping[str, str], refused: Refusal) -> Response[Any]:
    values = {"typed": typed, "refused": refused, "days": people.TRIAL_DAYS}
    return page(None, "operator/new.html", values, status=refused.status)


@post(PLACE + "/tenants", permission="operator")
async def open_tenant(request: Request) -> Response[Any]:
    """A new tenant, on trial; its administrator's first password stands in this answer and nowhere else."""
    form = await request.form()
    typed = {name: str(form.get(name, "")).strip() for name in ("code", "name", "login", "person")}
    platform = platform_of(request)
    try:
        id, password = await people.open_tenant(
            platform.db, operating(), code=typed["code"], name=typed["name"], login=typed["login"],
            person=typed["person"],
        )  # fmt: skip
    except DougongError as error:
        return _opening(typed, refusal(error, fields=OPENING))
    await people.count(platform.db, id)
    return await listed(request, opened=typed, opened_id=id, password=password)


@get(PLACE + "/tenants/{tenant:int}", permission="operator")
async def tenant_page(request: Request, tenant: FromPath[int]) -> Response[Any]:
    return await shown(request, tenant, Refusal())


async def shown(
    request: Request, id: int, refused: Refusal, *, typed: Mapping[str, Any] | None = None, **more: Any
) -> Response[Any]:
    """One tenant: licence, use by day, the log."""
    platform = platform_of(request)
    tenant = await people.tenant(platform.db, id)
    manifests = platform.modules.manifests
    titles = {name: manifest.title(visit().language) for name, manifest in manifests.items()}
    await people.count(platform.db, id)
    days = await people.usage(platform.db, id, days=DAYS)
    acts = await people.acts(platform.db, about=id)
    values = {
        "line": await _line(platform.db, tenant, (await people.last_use(platform.db)).get(id)),
        "typed": typed or _typed(tenant), "refused": refused, "vendor": bool(platform.settings.vendor_key),
        "modules": [(name, titles[name], [titles[other] for other in manifests[name].requires]) for name in titles],
        "archives": platform.archives.of(id), "running": platform.archives.running(id),
        "failed": platform.archives.failed(id), "titles": titles, "days": days, "trial_days": people.TRIAL_DAYS,
        "acts": [(act, licensing.told(act, titles)) for act in acts], **more,
    }  # fmt: skip
    return page(None, "operator/tenant.html", values, status=refused.status)


def _typed(tenant: Tenant) -> dict[str, Any]:
    licence = tenant.licence
    return {
        "edition": licence.edition, "seats": licence.seats or "", "valid_to": licence.valid_to or "",
        "days": licence.days or people.TRIAL_DAYS, "modules": licence.modules or (), "signed": "",
    }  # fmt: skip


@post(PLACE + "/tenants/{tenant:int}/licence", permission="operator")
async def set_licence(request: Request, tenant: FromPath[int]) -> Response[Any]:
    posted = grouped((await request.form()).multi_items())
    platform = platform_of(request)
    key = platform.settings.vendor_key
    names = LICENCE - {"modules"}
    typed: dict[str, Any] = {name: (posted.get(name) or [""])[-1].strip() for name in names}
    typed["modules"] = posted.get("modules", [])
    try:
        if typed["signed"]:
            await people.set_signed_licence(platform.db, operating(), tenant, typed["signed"], vendor_key=key)
        else:
            licence = people.checked_licence(
                typed["edition"], seats=_number(typed["seats"]), modules=typed["modules"],
                valid_to=typed["valid_to"] if typed["valid_to"] and typed["edition"] != "trial" else None,
                days=_number(typed["days"]) if typed["edition"] == "trial" else None,
                requires={name: manifest.requires for name, manifest in platform.modules.manifests.items()},
            )  # fmt: skip
            await people.set_licence(platform.db, operating(), tenant, licence, vendor_key=key)
    except DougongError as error:
        return await shown(request, tenant, refusal(error, fields=LICENCE), typed=typed)
    return gone(f"{PLACE}/tenants/{tenant}", _("许可已生效"))


def _number(text: str) -> int | None:
    """What was typed as a number: None where nothing was, 0 (which is refused) where it is none."""
    return (whole(text) or 0) if text else None


@post(PLACE + "/tenants/{tenant:int}/suspend", permission="operator")
async def suspend(request: Request, tenant: FromPath[int]) -> Response[Any]:
    why = str((await request.form()).get("why", ""))
    try:
        await people.suspend(platform_of(request).db, operating(), tenant, why=why)
    except DougongError as error:
        return await shown(request, tenant, refusal(error))
    return gone(f"{PLACE}/tenants/{tenant}", _("已暂停，成员马上看到说明页"))


@post(PLACE + "/tenants/{tenant:int}/resume", permission="operator")
async def resume(request: Request, tenant: FromPath[int]) -> Response[Any]:
    await people.resume(platform_of(request).db, operating(), tenant)
    return gone(f"{PLACE}/tenants/{tenant}", _("已恢复使用"))


@get(PLACE + "/log", permission="operator")
async def log_page(request: Request) -> Response[Any]:
    """Everything that operators did, newest first."""
    platform = platform_of(request)
    acts = await people.acts(platform.db, before=request.query_params.get("before", ""), limit=SHOWN)
    titles = {name: manifest.title(visit().language) for name, manifest in platform.modules.manifests.items()}
    values = {
        "acts": [(act, licensing.told(act, titles)) for act in acts],
        "next": acts[-1].id if len(acts) == SHOWN else "",
    }
    return page(None, "operator/log.html", values)


@post(PLACE + "/clock", permission="operator")
async def accept_clock(request: Request) -> Response[Any]:
    platform = platform_of(request)
    await people.accept_clock(platform.db, operating(), vendor_key=platform.settings.vendor_key)
    return redirect(PLACE)


routes = [
    tenants_page, new_tenant, open_tenant, tenant_page, set_licence, suspend, resume, log_page, accept_clock,
]  # fmt: skip
