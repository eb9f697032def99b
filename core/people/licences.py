"""Licences: what a tenant may use, until when, with how many people; and the guard that every write passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

from core import clock, exact
from core.errors import Invalid, NotFound, Problem, ReadOnly, Suspended
from core.i18n import _
from core.people.model import EDITIONS, Licence, Tenant
from core.store import licences as stored
from core.store import people as stored_people

if TYPE_CHECKING:
    from core.store import Database

TRIAL_DAYS = 15
SOON = 5  # days before the end from which everybody is told
SET_BACK = timedelta(minutes=10)  # a clock that is corrected by less than this is no matter
MOST_SEATS = 1_000_000
State = Literal["open", "read-only", "suspended"]
Why = Literal["", "trial", "ended", "refused", "suspended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a tenant stands at one moment."""

    state: State
    why: Why = ""
    ends_at: str | None = None  # the instant after which nothing may be changed
    days_left: int | None = None  # begun days count
    clock_back: bool = False  # this machine's clock is behind what it has shown before

    @property
    def soon(self) -> bool:
        return self.state == "open" and self.days_left is not None and self.days_left <= SOON


@lru_cache(maxsize=1024)
def licence_of(text: str) -> Licence:
    """The stored JSON of a licence. An edition that is not known here gives nothing."""
    body = exact.loads(text)
    if body.get("edition") not in EDITIONS:
        return Licence(edition="trial", refused="altered")
    modules = body.get("modules")
    return Licence(**{**body, "modules": None if modules is None else frozenset(modules)})


def tenant_of(row: Mapping[str, Any], *, name: str = "name", id: str = "id") -> Tenant:
    return Tenant(
        id=row[id],
        code=row["code"],
        name=row[name],
        definitions_version=row["definitions_version"],
        settings=exact.loads(row["settings"] or "{}"),
        licence=licence_of(row["licence"]),
        suspended_at=row["suspended_at"],
        suspended_why=row["suspended_why"] or "",
        latest=row["latest"] or "",
        brought_from=row["history"],
    )


def licence_text(licence: Licence) -> str:
    """What is stored of a licence: only what differs from having no limit."""
    body: dict[str, Any] = {"edition": licence.edition}
    for name, value in (
        ("seats", licence.seats),
        ("modules", None if licence.modules is None else sorted(licence.modules)),
        ("valid_to", licence.valid_to),
        ("days", licence.days),
        ("started_at", licence.started_at),
        ("number", licence.number),
        ("signed", licence.signed),
        ("refused", licence.refused),
    ):
        if value is not None and value not in ("", 0):
            body[name] = value
    return exact.dumps(body)


def new_trial(days: int = TRIAL_DAYS) -> Licence:
    return Licence(edition="trial", days=days)


def standing(tenant: Tenant) -> Standing:
    """How the tenant stands now. A clock set back does not lengthen anything: the latest instant seen counts."""
    here = clock.now()
    at = max(here, tenant.latest)
    back = bool(tenant.latest) and clock.present() < datetime.fromisoformat(tenant.latest) - SET_BACK
    ends = ends_at(tenant.licence)
    left = None if ends is None else max(0, ceil((ends - datetime.fromisoformat(at)) / timedelta(days=1)))
    known = {"ends_at": clock.stamp(ends) if ends else None, "days_left": left, "clock_back": back}
    if tenant.suspended_at:
        return Standing(state="suspended", why="suspended", **known)
    if tenant.licence.refused:
        return Standing(state="read-only", why="refused", **known)
    if ends is not None and clock.stamp(ends) <= at:
        return Standing(state="read-only", why="trial" if tenant.licence.edition == "trial" else "ended", **known)
    return Standing(state="open", **known)


def ends_at(licence: Licence) -> datetime | None:
    """The moment a licence ends: of a trial so many days after its first use, else with its last day in China."""
    if licence.edition == "trial":
        if licence.started_at is None:
            return None
        return datetime.fromisoformat(licence.started_at) + timedelta(days=licence.days or TRIAL_DAYS)
    if licence.valid_to is None:
        return None
    return datetime.combine(date.fromisoformat(licence.valid_to) + timedelta(days=1), time(), clock.CHINA)


def last_day(ends: str) -> str:
    """The last whole or begun day before the instant `ends`, in China, for people to read."""
    moment = datetime.fromisoformat(ends) - timedelta(microseconds=1)
    return moment.astimezone(clock.CHINA).date().isoformat()


def told(tenant: Tenant, found: Standing) -> str:
    """Why nothing may be changed: what ended, when, whom to ask."""
    if found.state == "suspended":
        why = _("原因：{why}。", why=tenant.suspended_why) if tenant.suspended_why else ""
        day = last_day(tenant.suspended_at or clock.now())
        stopped = _("“{name}”已于 {day} 由平台运营方暂停使用。", name=tenant.name, day=day)
        return stopped + why + _("数据都在，请联系平台运营方。")
    if found.why == "refused":
        return _("本单位的授权不是厂商签发的，现在只能查看和导出，数据都在。请联系平台运营方。")
    day = last_day(found.ends_at or clock.now())
    if found.why == "trial":
        return _("试用已于 {day} 结束，现在只能查看和导出，数据都在。要继续使用，请联系平台运营方。", day=day)
    return _("授权已于 {day} 到期，现在只能查看和导出，数据都在。要继续使用，请联系平台运营方。", day=day)


def must_enter(tenant: Tenant) -> None:
    """Nothing of a suspended tenant is shown, and none of its jobs runs."""
    if tenant.suspended_at:
        raise Suspended(told(tenant, standing(tenant)))


def must_write(tenant: Tenant) -> None:
    """Every write of a tenant passes here, whoever makes it: page, API, import or job."""
    must_enter(tenant)
    found = standing(tenant)
    if found.state == "read-only":
        raise ReadOnly(told(tenant, found))


async def must_write_in(db: Database, tenant: int) -> None:
    """The same where only the tenant's id is at hand."""
    must_write(await _tenant(db, tenant))


async def _tenant(db: Database, id: int) -> Tenant:
    row = await stored_people.tenant(db, id)
    if row is None:
        raise NotFound(_("没有这个单位。"))
    return tenant_of(row)


async def take_seat(db: Database, tenant: int) -> None:
    """Before a member is switched on, in the transaction that holds the tenant's row: is a seat free?"""
    found = await _tenant(db, tenant)
    must_write(found)
    seats = found.licence.seats
    if seats is None:
        return
    used = await stored.active_members(db, tenant)
    if used >= seats:
        words = _("{n} 个席位都已占用（在用 {used} 人）。请先停用几人，或请平台运营方增加席位。", n=seats, used=used)
        raise Invalid([Problem("", "seats", words)])


async def begin_trial(db: Database, tenant: int) -> None:
    """A trial runs from its first use: when somebody enters the tenant for the first time."""
    row = await stored_people.tenant(db, tenant)
    licence = licence_of(row["licence"]) if row else None
    if row is None or licence is None or licence.edition != "trial" or licence.started_at is not None:
        return
    began = max(clock.now(), row["latest"] or "")
    await stored.replace_licence(
        db, tenant, before=row["licence"], after=licence_text(replace(licence, started_at=began))
    )


def allowed_modules(licence: Licence, requires: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """Of the modules found (with what each requires), those that the licence lets be on."""
    found = frozenset(name for name in requires if licence.modules is None or name in licence.modules)
    while True:
        kept = frozenset(name for name in found if set(requires[name]) <= found)
        if kept == found:
            return found
        found = kept
