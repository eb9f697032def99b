"""Kinds of job that note what happens to them, brought by a module that tenants may switch off."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core import JobKind, hookimpl
from core.errors import NotFound
from core.testing import new_tenant, platform_at
from tests.hooks.dummy import write_schemas


class Work:
    """A module with every kind of job; `seen` lists (kind, tenant code, who, arguments)."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, Any]] = []
        self.fails = 0  # times that `shaky` still fails
        self.running = asyncio.Event()
        self.go_on = asyncio.Event()
        self.at_once = self.most_at_once = 0

    def _note(self, ctx, job) -> None:
        self.seen.append((job.kind.partition(".")[2], ctx.tenant.code, ctx.member.login, job.args))

    def tenants(self) -> list[str]:
        return [tenant for _kind, tenant, _who, _args in self.seen]

    async def note(self, ctx, job):
        self._note(ctx, job)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return {"length": len(job.args.get("word", ""))}

    async def shaky(self, ctx, job):
        self._note(ctx, job)
        if self.fails:
            self.fails -= 1
            raise OSError("the line is dead")

    async def refused(self, ctx, job):
        self._note(ctx, job)
        raise NotFound("没有这条记录")

    async def long(self, ctx, job):
        """Goes on until it is told to, saying how far it is."""
        self._note(ctx, job)
        self.running.set()
        for number in range(1, 1_000_000):
            await job.progress(number, 1_000_000, "还在做")
            if self.go_on.is_set():
                return {"at": number}
            await asyncio.sleep(0.005)

    async def deaf(self, ctx, job):
        self._note(ctx, job)
        self.running.set()
        await asyncio.Event().wait()

    @hookimpl
    def register_jobs(self):
        return [
            JobKind(name="dummy.note", title="记录", run=self.note),
            JobKind(name="dummy.shaky", title="不稳", run=self.shaky, attempts=3, backoff=0),
            JobKind(name="dummy.refused", title="被拒", run=self.refused),
            JobKind(name="dummy.long", title="长", run=self.long),
            JobKind(name="dummy.deaf", title="聋", run=self.deaf, seconds=1, attempts=1),
            JobKind(name="dummy.whole", title="全权", run=self.note, system=True),
            JobKind(name="dummy.daily", title="每日", run=self.note, schedule="FREQ=DAILY;BYHOUR=6"),
        ]


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
async def platform(database_url, tmp_path, work):
    schemas = write_schemas(tmp_path)
    async with platform_at(database_url, tmp_path, more={"dummy": work}, schemas_dir=schemas) as opened:
        yield opened


@pytest.fixture
async def two_tenants(platform):
    return await new_tenant(platform, "aa", modules=("dummy",)), await new_tenant(platform, "bb", modules=("dummy",))


@pytest.fixture
async def ctx(two_tenants):
    return two_tenants[0]
