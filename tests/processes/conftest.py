"""Real server processes on a database of their own, and a program that asks them with a token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.people import create_token
from core.testing import new_tenant, platform_at
from tests.conftest import _postgres_database
from tests.setup.server import Server, serving

FORM = "partners.company"
RECORDS = f"/api/v1/forms/{FORM}/records"


def company(n: int | str) -> dict[str, str]:
    return {"code": f"C{n}", "name": f"第{n}建筑公司", "kind": "supplier", "status": "qualified"}


@dataclass(frozen=True)
class Place:
    """A database with the tenant "aa", whose administrator has `token`, and the folder of its files."""

    url: str
    folder: Path
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


async def fill(url: str, folder: Path) -> Place:
    async with platform_at(url, folder) as platform:
        ctx = await new_tenant(platform, "aa", modules=("partners",))
        return Place(url, folder, await create_token(ctx.db, ctx.access, member=ctx.member.id, name="test"))


async def until(seen: Callable[[], Awaitable[Any]]) -> Any:
    """What `seen()` gives once it is true: another process is at work."""
    async with asyncio.timeout(120):
        while True:
            if found := await seen():
                return found
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def postgres_place(cluster, postgres_template, tmp_path_factory) -> Iterator[Place]:
    for url in _postgres_database(cluster, postgres_template):
        yield asyncio.run(fill(url, tmp_path_factory.mktemp("servers")))


@pytest.fixture(scope="module")
def two_servers(postgres_place) -> Iterator[tuple[Server, Server]]:
    """Two server processes on one PostgreSQL database."""
    place = postgres_place
    with (
        serving(place.url, place.folder, name="one") as one,
        serving(place.url, place.folder, name="two") as two,
    ):
        yield one, two
