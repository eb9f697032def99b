"""What commands share: a parser with examples, an open platform, one tenant by its code, a line of progress."""

from __future__ import annotations

import argparse
import asyncio
import sys
import textwrap
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from core.errors import NotFound
from core.settings import Settings

if TYPE_CHECKING:
    from core.context import Context
    from core.people import Person, Tenant
    from core.platform import Platform

WIDTH = 70


def command(commands: Any, name: str, text: str, *, examples: str, details: str = "") -> argparse.ArgumentParser:
    """A command whose --help begins with what it does and ends with examples."""
    return commands.add_parser(
        name,
        help=text,
        description=textwrap.fill(f"{text[0].upper()}{text[1:]}. {details}".strip(), WIDTH),
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def with_platform(work: Callable[[Platform], Awaitable[int]]) -> int:
    """Open the installation the environment names, work, close it; nothing runs in the background."""
    from core.platform import Platform

    async def run() -> int:
        platform = await Platform.open(Settings.from_environment())
        try:
            return await work(platform)
        finally:
            await platform.close()

    return asyncio.run(run())


async def chosen(platform: Platform, code: str | None) -> Sequence[Tenant]:
    """The tenant of this code, or all of them without one."""
    from core import people

    known = await people.tenants(platform.db)
    found = [tenant for tenant in known if code in (None, tenant.code)]
    if code and not found:
        raise NotFound(f"there is no tenant {code!r}; known: {', '.join(tenant.code for tenant in known) or 'none'}")
    return found


async def member_of(platform: Platform, tenant: Tenant, login: str) -> Person:
    """The member of the tenant who signs in as `login`."""
    from core import people

    wanted = people.login_form(login)
    for person in await people.people(platform.db, tenant.id):
        if person.login == wanted:
            return person
    raise NotFound(f"nobody signs in as {login!r} in {tenant.code}; see: dougong user list {tenant.code}")


async def context_in(platform: Platform, tenant: Tenant, login: str | None) -> Context:
    """To work in a tenant with the rights of a member, or as the installation itself."""
    from core import people

    if login is None:
        return await platform.context(people.system_access(tenant))  # Chinese: an import then knows both titles
    person = await member_of(platform, tenant, login)
    access = await people.access_of(platform.db, tenant.id, person.id)
    if access is None:
        raise NotFound(f"{login!r} may not sign in to {tenant.code} any more")
    return await platform.context(access)


def progress(text: str, *, over: bool = False) -> None:
    """One line that is written over on a terminal; in a log only its last state."""
    if over or sys.stderr.isatty():
        end = "\n" if over else ""
        print(f"\r{text[:WIDTH]:<{WIDTH}}" if sys.stderr.isatty() else text, end=end, flush=True, file=sys.stderr)
