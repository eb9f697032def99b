"""Two tenants with forms of their own behind the running application, and programs that ask with a token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from core.people import create_token
from core.testing import new_member, new_tenant, refreshed
from tests.transfer.region_forms import WORKS, with_form, with_regions

if TYPE_CHECKING:
    from httpx import Response
    from litestar import Litestar

    from core.context import Context


@dataclass
class Program:
    """Somebody who asks with a bearer token."""

    client: httpx.AsyncClient
    token: str
    ctx: Context

    async def ask(self, method: str, path: str, **more: Any) -> Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)

    async def get(self, path: str, **more: Any) -> Response:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, **more: Any) -> Response:
        return await self.ask("POST", path, **more)

    async def patch(self, path: str, **more: Any) -> Response:
        return await self.ask("PATCH", path, **more)

    async def delete(self, path: str, **more: Any) -> Response:
        return await self.ask("DELETE", path, **more)


Join = Callable[..., Awaitable[Program]]


@pytest.fixture
async def join(app: Litestar, client: httpx.AsyncClient) -> Join:
    """Make another member of a program's tenant, with roles, and his token."""
    platform = app.state.platform

    async def made(program: Program, login: str, *, roles: tuple[str, ...]) -> Program:
        ctx = await new_member(platform, await refreshed(platform, program.ctx), login, roles=roles)
        return Program(client, await create_token(ctx.db, ctx.access, member=ctx.member.id, name="test"), ctx)

    return made


@pytest.fixture
async def programs(app: Litestar, client: httpx.AsyncClient) -> tuple[Program, Program]:
    """The administrators of two tenants with the same forms, each with a token."""
    platform = app.state.platform
    found = []
    for code in ("aa", "bb"):
        ctx = await with_regions(platform, await new_tenant(platform, code))
        ctx = await with_form(platform, ctx, "works", WORKS)
        found.append(Program(client, await create_token(ctx.db, ctx.access, member=ctx.member.id, name="test"), ctx))
    return found[0], found[1]


@pytest.fixture
def program(programs: tuple[Program, Program]) -> Program:
    """The first of `programs`."""
    return programs[0]
