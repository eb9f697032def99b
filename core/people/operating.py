"""What the platform's operator does: opens tenants, sets licences, suspends and resumes; each act is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from core import clock, exact
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.i18n import _
from core.people.access import account_of, system_access
from core.people.accounts import account_by_login, checked_login, checked_name, insert_account
from core.people.licences import MOST_SEATS, TRIAL_DAYS, licence_text, new_trial
from core.people.members import invite
from core.people.model import EDITIONS, Account, Licence
from core.people.passwords import hash_password, new_password
from core.people.roles import roles
from core.people.tenants import create_tenant, tenant, tenants
from core.people.vendor import read_licence, refusal_of
from core.store import licences as stored

if TYPE_CHECKING:
    from core.store import Database

LONGEST_TRIAL = 365
LONGEST_WHY = 200
LAST_ID = "Z" * 16
SHELL = Account(id="", login="", name="", language="zh", operator=True)  # who has a shell on the server may do all this


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line of the operator's log."""

    id: str
    at: str
    name: str  # who; "" from the command line
    act: str
    about: int | None
    tenant_name: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a tenant used on one day, in China."""

    day: str
    members: int
    records: int
    changes: int
    files: int
    file_bytes: int


def must_operate(account: Account) -> None:
    if not account.operator:
        raise Forbidden(_("这里只有平台运营人员可以进入。"))


async def operators(db: Database) -> tuple[Account, ...]:
    return tuple(account_of(row) for row in await stored.operators(db))


async def add_operator(db: Database, account: Account, *, login: str, name: str) -> str | None:
    """The first password of somebody who operates from now on; none where he had an account."""
    must_operate(account)
    login, name = checked_login(login), checked_name(name)
    known = await account_by_login(db, login)
    password = None if known else new_password()
    hashed = await hash_password(password) if password else ""
    async with db.write():
        if known:
            await stored.set_operator(db, known.id, 1)
        else:
            language = account.language
            await insert_account(
                db, login=login, name=name, password_hash=hashed, language=language, operator=True
            )
        await note_act(db, account, "operator", login=login)
    return password


async def remove_operator(db: Database, account: Account, *, login: str) -> None:
    """He operates no more, from his next request on; his memberships stay."""
    must_operate(account)
    known = await account_by_login(db, login)
    if known is None or not known.operator:
        raise NotFound(_("“{login}”不是平台运营人员。", login=login))
    async with db.write():
        await stored.set_operator(db, known.id, 0)
        await note_act(db, account, "no operator", login=known.login)


async def open_tenant(
    db: Database, account: Account, *, code: str, name: str, login: str, person: str = "",
    licence: Licence | None = None,
) -> tuple[int, str | None]:  # fmt: skip
    """(id, first password) of a new tenant with its administrator; no password where the login had an account."""
    must_operate(account)
    async with db.write():
        id = await create_tenant(db, code=code.strip(), name=name, licence=licence or new_trial())
        access = system_access(await tenant(db, id), language=account.language)
        role = next(role.id for role in await roles(db, id) if role.code == "admin")
        _member, password = await invite(
            db, access, login=login, name=person or login, roles=[role], department=None
        )
        await note_act(db, account, "opened", about=id, code=code, name=name, login=login)
    return id, password


def checked_licence(
    edition: str, *, seats: int | None, modules: Sequence[str] | None, valid_to: str | None, days: int | None,
    requires: Mapping[str, tuple[str, ...]],
) -> Licence:  # fmt: skip
    """A licence as the operator typed it; Invalid with all that is wrong. `requires`: the modules that were found."""
    problems = []
    if edition not in EDITIONS:
        problems.append(Problem("edition", "choice", _("请选择版本。")))
    if seats is not None and not 1 <= seats <= MOST_SEATS:
        problems.append(Problem("seats", "range", _("席位为 1 至 {n}；不限请留空。", n=MOST_SEATS)))
    if days is not None and not 1 <= days <= LONGEST_TRIAL:
        problems.append(Problem("days", "range", _("试用为 1 至 {n} 天。", n=LONGEST_TRIAL)))
    if valid_to is not None and not _is_day(valid_to):
        problems.append(Problem("valid_to", "type", _("请填写日期，例如 2027-12-31；永久请留空。")))
    chosen = frozenset(modules or ()) if edition == "enterprise" else None
    for name in sorted(chosen or ()):
        if name not in requires:
            problems.append(Problem("modules", "choice", _("没有安装模块 {name}。", name=name)))
        elif missing := set(requires[name]) - (chosen or set()):
            words = _("模块 {name} 还需要 {others}，请一并选上。", name=name, others="、".join(sorted(missing)))
            problems.append(Problem("modules", "requires", words))
    if problems:
        raise Invalid(problems)
    if edition == "trial":
        return replace(new_trial(days or TRIAL_DAYS), seats=seats)
    return Licence(edition=edition, seats=seats, modules=chosen, valid_to=valid_to)  # type: ignore[arg-type]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


async def set_licence(db: Database, account: Account, id: int, licence: Licence, *, vendor_key: str) -> None:
    """Give a tenant this licence, at once. A trial that has begun goes on from its first day."""
    must_operate(account)
    if vendor_key and licence.edition != "trial":
        raise Conflict(_("本平台只接受厂商签发的授权：请粘贴授权文件。"))
    async with db.write():
        before = (await tenant(db, id)).licence
        if licence.edition == "trial":
            if vendor_key and (before.edition != "trial" or licence.days > TRIAL_DAYS):
                raise Conflict(_("本平台只接受厂商签发的授权：请粘贴授权文件。"))
            licence = replace(licence, started_at=before.started_at)
        await _put(db, account, id, licence)


async def set_signed_licence(db: Database, account: Account, id: int, text: str, *, vendor_key: str) -> None:
    """Give a tenant the licence that the vendor's file says; Invalid where the file is not his or not for it."""
    must_operate(account)
    if not vendor_key:
        raise Conflict(_("本平台没有设置厂商公钥，授权直接在这里填写。"))
    async with db.write():
        found = await tenant(db, id)
        await _put(db, account, id, read_licence(text.strip(), tenant=found.code, vendor_key=vendor_key))


async def _put(db: Database, account: Account, id: int, licence: Licence) -> None:
    await stored.set_licence(db, id, licence_text(licence))
    told = {
        "edition": licence.edition, "seats": licence.seats, "valid_to": licence.valid_to, "number": licence.number,
        "modules": None if licence.modules is None else sorted(licence.modules), "days": licence.days,
    }  # fmt: skip
    await note_act(db, account, "licence", about=id, **{name: value for name, value in told.items() if value})


async def review(db: Database, vendor_key: str) -> None:
    """At each start: which licences count here, now that a vendor's key is set or no longer is."""
    for found in await tenants(db):
        refused = refusal_of(found.licence, tenant=found.code, vendor_key=vendor_key)
        if refused != found.licence.refused:
            await stored.set_licence(db, found.id, licence_text(replace(found.licence, refused=refused)))


async def suspend(db: Database, account: Account, id: int, *, why: str) -> None:
    """Stop a tenant: its people see a page that says so, its API and jobs stand still, its data stays."""
    must_operate(account)
    why = " ".join(why.split())
    if len(why) > LONGEST_WHY:
        raise Invalid([Problem("why", "too_long", _("原因最多 {n} 个字。", n=LONGEST_WHY))])
    async with db.write():
        await tenant(db, id)
        await stored.set_suspended(db, id, at=clock.now(), why=why)
        await note_act(db, account, "suspended", about=id, why=why)


async def resume(db: Database, account: Account, id: int) -> None:
    must_operate(account)
    async with db.write():
        await tenant(db, id)
        await stored.set_suspended(db, id, at=None, why=None)
        await note_act(db, account, "resumed", about=id)


async def note_act(db: Database, account: Account, act: str, *, about: int | None = None, **detail: Any) -> None:
    await stored.insert_act(
        db, id=clock.new_id(), at=clock.now(), account=account.id, name=account.name, act=act, about=about,
        detail=exact.dumps(detail),
    )  # fmt: skip


async def acts(db: Database, *, about: int | None = None, before: str = "", limit: int = 50) -> tuple[Act, ...]:
    """The log, newest first: of one tenant, or of all."""
    rows = await stored.acts(db, about=about, before=before or LAST_ID, limit=limit)
    return tuple(
        Act(
            id=row["id"], at=row["at"], name=row["name"], act=row["act"], about=row["about"],
            tenant_name=row["tenant_name"], detail=exact.loads(row["detail"]),
        )
        for row in rows
    )  # fmt: skip


# The clock and the figures.


async def note_time(db: Database) -> None:
    """Keep the latest instant seen, so that a clock set back is noticed also after a restart."""
    await stored.note_latest(db, clock.now())


async def accept_clock(db: Database, account: Account, *, vendor_key: str) -> None:
    """Take the present clock for right, after one that ran ahead by mistake; not where a vendor's licences count."""
    must_operate(account)
    if vendor_key:
        raise Conflict(_("授权由厂商签发，时钟不能在这里重设。请把服务器的时钟调准。"))
    async with db.write():
        await note_act(db, account, "clock", was=await stored.latest(db))
        await stored.set_latest(db, clock.now())


async def count_all(db: Database) -> None:
    """Today's figures of every tenant."""
    for found in await tenants(db):
        await count(db, found.id)


async def count(db: Database, id: int) -> Day:
    """Count what a tenant uses today and keep it."""
    today = clock.present().astimezone(clock.CHINA).date()
    figures = await stored.figures(db, id, first=_first(today), last=_first(today + timedelta(days=1)))
    await stored.put_day(db, id, today.isoformat(), figures)
    return Day(day=today.isoformat(), **figures)


def _first(day: date) -> str:
    return clock.first_id(datetime.combine(day, time(), clock.CHINA))


async def usage(db: Database, id: int, *, days: int = 30) -> tuple[Day, ...]:
    """The last days that were counted, the oldest first."""
    return tuple(Day(**row) for row in reversed(await stored.days(db, id, limit=days)))


async def last_use(db: Database) -> dict[int, str]:
    """By tenant, when one of its people was last there."""
    return await stored.last_seen(db)


async def seats_used(db: Database, id: int) -> int:
    return await stored.active_members(db, id)
