"""The test kit for module authors: a platform on a scratch database, tenants with members, requests as them.

async with platform_at(database_url, tmp_path) as platform:
    ctx = await new_tenant(platform, "aa", modules=("cost_center",))
    await ctx.records.create("cost_center.account", {...})
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from core import people
from core.context import Context
from core.definitions import switch
from core.platform import Platform, load
from core.settings import ROOT, Settings

PASSWORD = "correct horse battery"


def settings_for(database_url: str, folder: Path, **changes: Any) -> Settings:
    """Settings of a scratch installation: data under `folder`, a fixed secret."""
    made = Settings(
        data_dir=folder, database_url=database_url, secret="test " * 8, schemas_dir=ROOT / "schemas", pool_size=4,
        webhook_hosts=("127.0.0.1",),  # where tests put their receivers
    )
    return replace(made, **changes)


@asynccontextmanager
async def platform_at(
    database_url: str, folder: Path, *, more: Mapping[str, Any] | None = None, **changes: Any
) -> AsyncIterator[Platform]:
    """An open platform without its background work, closed at the end; `more` are plugins beside the modules."""
    settings = settings_for(database_url, folder, **changes)
    platform = await Platform.open(settings, load(settings, more=more))
    try:
        yield platform
    finally:
        await platform.close()


async def new_tenant(platform: Platform, code: str, *, modules: Sequence[str] = ()) -> Context:
    """A tenant with `modules` on; the context of its administrator, whose login is `<code>-admin`."""
    tenant = await people.create_tenant(platform.db, code=code, name=f"Tenant {code}")
    ctx = await _join(platform, tenant, f"{code}-admin", roles=("admin",))
    for module in modules:
        await switch(ctx, module, True)
    return await refreshed(platform, ctx)


async def new_member(
    platform: Platform, ctx: Context, login: str, *, roles: Sequence[str], department: str | None = None
) -> Context:
    """Another member of `ctx`'s tenant with these role codes; his context."""
    return await _join(platform, ctx.tenant.id, login, roles=roles, department=department)


async def refreshed(platform: Platform, ctx: Context) -> Context:
    """The same member's context after definitions or roles have changed, as his next request gets it."""
    return await platform.context(await people.access_of(platform.db, ctx.tenant.id, ctx.member.id))


async def run_jobs(where: Platform | Context) -> int:
    """Run every job that is due, one after another, as the worker of a server would; how many there were."""
    platform = where if isinstance(where, Platform) else Platform(where._house)
    return await platform.worker.drain()


def as_system(ctx: Context) -> Context:
    """The installation itself at work in `ctx`'s tenant, as jobs have it: every right, every step, nobody's hand."""
    return Context(ctx._house, people.system_access(ctx.tenant), ctx._definitions)


async def _join(
    platform: Platform, tenant: int, login: str, *, roles: Sequence[str], department: str | None = None
) -> Context:
    account = await people.create_account(platform.db, login=login, name=login, password=PASSWORD)
    member = await people.add_member(platform.db, tenant, account=account, roles=roles, department=department)
    return await platform.context(await people.access_of(platform.db, tenant, member))
