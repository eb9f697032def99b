"""Commands about tenants and who works in them: tenant, user, token."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from core.cli.running import chosen, command, member_of, with_platform
from core.errors import Invalid, NotFound, Problem

if TYPE_CHECKING:
    from core.people import Access, Tenant
    from core.platform import Platform


def add(commands: Any) -> None:
    tenant = command(
        commands, "tenant", "open a tenant with its administrator; without arguments, list them",
        examples='  dougong tenant\n  dougong tenant linxi "Linxi works office" --admin wang --name "Wang Zhiqiang"',
    )  # fmt: skip
    tenant.add_argument("code", nargs="?", help="short name: small letters, digits, hyphens")
    tenant.add_argument("title", nargs="?", help="the tenant's name, as everybody sees it")
    tenant.add_argument("--admin", metavar="LOGIN", help="log-in of its administrator, new or known")
    tenant.add_argument("--name", help="the administrator's name (default: the log-in)")
    tenant.set_defaults(run=_tenant)
    _add_user(commands)
    _add_token(commands)


def _add_user(commands: Any) -> None:
    user = command(
        commands, "user", "list, add, switch off and on, or give a new password",
        examples='  dougong user list linxi\n  dougong user add linxi li --name "Li Na" --role editor\n'
        "  dougong user password li\n  dougong user off linxi li",
    )  # fmt: skip
    does = user.add_subparsers(required=True, metavar="what")
    listing = command(does, "list", "who works in a tenant", examples="  dougong user list linxi")
    listing.add_argument("tenant", help="code of the tenant")
    listing.set_defaults(run=_user_list)
    adding = command(
        does, "add", "put somebody into a tenant; prints the first password of a new account",
        examples='  dougong user add linxi li --name "Li Na" --role editor',
    )  # fmt: skip
    adding.add_argument("tenant", help="code of the tenant")
    adding.add_argument("login", help="log-in, new or known")
    adding.add_argument("--name", help="the person's name (default: the log-in)")
    adding.add_argument("--role", action="append", default=[], help="code of a role; may be given several times")
    adding.set_defaults(run=_user_add)
    password = command(
        does, "password", "give an account a new first password; all its sessions end",
        examples="  dougong user password li",
    )  # fmt: skip
    password.add_argument("login")
    password.set_defaults(run=_user_password)
    for name, text in (("off", "let a member sign in no more"), ("on", "let a member sign in again")):
        switch = command(does, name, text, examples=f"  dougong user {name} linxi li")
        switch.add_argument("tenant", help="code of the tenant")
        switch.add_argument("login")
        switch.set_defaults(run=_user_switch, active=name == "on")


def _add_token(commands: Any) -> None:
    token = command(
        commands, "token", "list, make and revoke tokens for the API",
        examples='  dougong token list linxi\n  dougong token add linxi wang --name "nightly import" --days 90\n'
        "  dougong token revoke linxi 0CTMV0W6T0K3N0ID",
    )  # fmt: skip
    does = token.add_subparsers(required=True, metavar="what")
    listing = command(does, "list", "the tokens of a tenant", examples="  dougong token list linxi")
    listing.add_argument("tenant", help="code of the tenant")
    listing.set_defaults(run=_token_list)
    adding = command(
        does, "add", "make a token with the rights of a member; it is printed once and never again",
        examples='  dougong token add linxi wang --name "nightly import"',
    )  # fmt: skip
    adding.add_argument("tenant", help="code of the tenant")
    adding.add_argument("login", help="the member it acts as")
    adding.add_argument("--name", required=True, help="what it is for")
    adding.add_argument("--days", type=int, default=365, help="how long it is good for (default %(default)s)")
    adding.set_defaults(run=_token_add)
    revoking = command(does, "revoke", "end a token", examples="  dougong token revoke linxi 0CTMV0W6T0K3N0ID")
    revoking.add_argument("tenant", help="code of the tenant")
    revoking.add_argument("id", help="as `token list` shows it")
    revoking.set_defaults(run=_token_revoke)


async def _one(platform: Platform, code: str) -> tuple[Tenant, Access]:
    from core import people

    (tenant,) = await chosen(platform, code)
    return tenant, people.system_access(tenant, language="en")


def _tenant(options: argparse.Namespace) -> int:
    from core import people

    async def listed(platform: Platform) -> int:
        for tenant in await chosen(platform, None):
            members = await people.people(platform.db, tenant.id)
            print(f"{tenant.code:<20} {sum(one.active for one in members):>4} members   {tenant.name}")
        return 0

    async def opened(platform: Platform) -> int:
        _id, password = await people.open_tenant(
            platform.db, people.SHELL, code=options.code, name=options.title, login=options.admin,
            person=options.name or options.admin,
        )  # fmt: skip
        print(f"Tenant {options.code} is open. Its administrator signs in as {options.admin}", end="")
        print(f", first password {password}" if password else " with the password of that account")
        return 0

    if options.code is None:
        return with_platform(listed)
    if options.title is None or options.admin is None:
        words = 'a tenant needs a name and an administrator: dougong tenant linxi "Linxi works office" --admin wang'
        raise Invalid([Problem("title", "required", words)])
    return with_platform(opened)


def _user_list(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        tenant, _access = await _one(platform, options.tenant)
        codes = {role.id: role.code for role in await people.roles(platform.db, tenant.id)}
        for person in await people.people(platform.db, tenant.id):
            held = ", ".join(codes[id] for id in person.roles) + ("" if person.active else " (off)")
            print(f"{person.login:<24} {person.name:<16} {held}".rstrip())
        return 0

    return with_platform(work)


def _user_add(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        tenant, access = await _one(platform, options.tenant)
        known = {role.code: role.id for role in await people.roles(platform.db, tenant.id)}
        if unknown := [code for code in options.role if code not in known]:
            raise NotFound(f"there is no role {', '.join(unknown)} in {tenant.code}; known: {', '.join(known)}")
        _member, password = await people.invite(
            platform.db, access, login=options.login, name=options.name or options.login,
            roles=[known[code] for code in options.role], department=None,
        )  # fmt: skip
        said = f"first password {password}" if password else "with the password of that account"
        print(f"{options.login} works in {tenant.code} now, {said}")
        return 0

    return with_platform(work)


def _user_password(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        account = await people.account_by_login(platform.db, options.login)
        if account is None:
            raise NotFound(f"there is no account {options.login!r}")
        password = people.new_password()
        await people.set_password(platform.db, account.id, password=password)
        print(f"{account.login} signs in with {password} now; all other sessions have ended")
        return 0

    return with_platform(work)


def _user_switch(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        tenant, access = await _one(platform, options.tenant)
        person = await member_of(platform, tenant, options.login)
        await people.change_member(
            platform.db, access, id=person.id, name=person.name, roles=person.roles, department=person.department,
            active=options.active,
        )  # fmt: skip
        print(f"{person.login} may {'' if options.active else 'no longer '}sign in to {tenant.code}")
        return 0

    return with_platform(work)


def _token_list(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        tenant, _access = await _one(platform, options.tenant)
        for token in await people.tokens(platform.db, tenant.id):
            end = (token.expires_at or "never")[:10]
            print(f"{token.id}  {token.state:<8} until {end:<10}  {token.member_name:<16} {token.name}")
        return 0

    return with_platform(work)


def _token_add(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        tenant, access = await _one(platform, options.tenant)
        person = await member_of(platform, tenant, options.login)
        token = await people.create_token(
            platform.db, access, member=person.id, name=options.name, days=options.days
        )  # fmt: skip
        print(token)
        return 0

    return with_platform(work)


def _token_revoke(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        tenant, _access = await _one(platform, options.tenant)
        await people.revoke_token(platform.db, tenant.id, id=options.id)
        print("The token is revoked.")
        return 0

    return with_platform(work)
