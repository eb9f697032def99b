"""Accounts: people who can sign in, whatever tenants they belong to."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from core.clock import new_id, now
from core.errors import Conflict, Invalid, NotFound, Problem
from core.i18n import LANGUAGES, _
from core.people.access import account_of
from core.people.licences import tenant_of
from core.people.model import Account, Tenant
from core.people.passwords import check_password, hash_password, password_fits
from core.people.throttle import count_attempt, forget_attempts
from core.store import UniqueViolation
from core.store import people as stored
from core.store import sessions as stored_sessions

if TYPE_CHECKING:
    from core.store import Database

_LOGIN = re.compile(r"[\w.@+-]{2,64}")
LONGEST_NAME = 64


def login_form(login: str) -> str:
    """One spelling per login: full-width letters, case and spaces around do not matter."""
    return unicodedata.normalize("NFKC", login).strip().lower()


def checked_login(login: str) -> str:
    login = login_form(login)
    if not login:
        raise Invalid([Problem("login", "required", _("请填写登录名。"))])
    if not _LOGIN.fullmatch(login):
        message = _("登录名为 2 至 64 个字，可用文字、数字和 . _ - @ +，不含空格。")
        raise Invalid([Problem("login", "pattern", message)])
    return login


def checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid([Problem("name", "required", _("请填写姓名。"))])
    if len(name) > LONGEST_NAME:
        raise Invalid([Problem("name", "too_long", _("姓名最多 {n} 个字。", n=LONGEST_NAME))])
    return name


async def create_account(
    db: Database, *, login: str, name: str, password: str, language: str = "zh", operator: bool = False
) -> str:
    """A new account's id."""
    login, name = checked_login(login), checked_name(name)
    check_password(password, login=login)
    hashed = await hash_password(password)
    return await insert_account(db, login=login, name=name, password_hash=hashed, language=language, operator=operator)


async def insert_account(
    db: Database, *, login: str, name: str, password_hash: str, language: str, operator: bool = False
) -> str:
    """For callers inside a transaction: hashing is slow and must be done before it begins."""
    id = new_id()
    try:
        await stored.insert_account(
            db,
            id=id,
            login=login,
            name=name,
            password_hash=password_hash,
            language=language,
            operator=int(operator),
            at=now(),
        )
    except UniqueViolation:
        raise Conflict(_("登录名“{login}”已被使用。", login=login)) from None
    return id


async def account_by_login(db: Database, login: str) -> Account | None:
    row = await stored.account_by_login(db, login_form(login))
    return account_of(row) if row else None


async def tenants_of(db: Database, account: str) -> tuple[Tenant, ...]:
    """The tenants an account may switch to."""
    return tuple(tenant_of(row) for row in await stored.memberships(db, account))


async def change_password(
    db: Database, account: str, *, old: str, new: str, keep_session: str = "", address: str | None = None
) -> None:
    """By the person: the old password is asked for, and every other session of the account ends."""
    row = await stored.account(db, account)
    if row is None:
        raise NotFound(_("账号不存在。"))
    await count_attempt(db, row["login"], address)
    if not await password_fits(row["password_hash"], old):
        raise Invalid([Problem("old", "wrong", _("原密码不对。"))])
    await forget_attempts(db, row["login"], address)
    check_password(new, login=row["login"], field="new")
    await set_password(db, account, password=new, keep_session=keep_session)


async def set_password(db: Database, account: str, *, password: str, keep_session: str = "") -> None:
    """Store a new password and end all sessions of the account but `keep_session`."""
    hashed = await hash_password(password)
    async with db.write():
        await stored.set_password(db, account, hashed)
        await stored_sessions.delete_sessions_of(db, account, but=keep_session)


async def set_language(db: Database, account: str, language: str) -> None:
    if language not in LANGUAGES:
        raise Invalid([Problem("language", "choice", _("没有这种语言。"))])
    await stored.set_language(db, account, language)
