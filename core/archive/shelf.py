"""Archives that were made and wait to be fetched: made beside requests, kept in a folder of the server."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.archive.outward import export_tenant
from core.clock import now
from core.errors import Conflict, DougongError, NotFound
from core.i18n import _

if TYPE_CHECKING:
    from core.archive.manifest import Manifest
    from core.store import Database

_log = logging.getLogger("dougong.archive")
_PART = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """One archive of a tenant that can be fetched."""

    name: str
    size: int
    made_at: str


class Shelf:
    """The archives of this installation; one export of a tenant at a time."""

    def __init__(self, db: Database, *, folder: Path, files: Path) -> None:
        self._db, self._folder, self._files = db, folder, files
        self._running: dict[int, asyncio.Task[None]] = {}
        self._failed: dict[int, str] = {}

    def start(self, tenant: int, code: str, *, done: Callable[[Manifest], Awaitable[None]]) -> None:
        """Begin an export; returns at once. `done` is awaited with what was written."""
        if tenant in self._running:
            raise Conflict(_("正在导出，请等它完成。"))
        self._failed.pop(tenant, None)
        task = asyncio.create_task(self._run(tenant, code, done), name=f"export {code}")
        self._running[tenant] = task
        task.add_done_callback(lambda _task: self._running.pop(tenant, None))

    async def _run(self, tenant: int, code: str, done: Callable[[Manifest], Awaitable[None]]) -> None:
        folder = self._folder / str(tenant)
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"*{_PART}"):  # of a process that was killed
            left.unlink()
        moment = re.sub(r"\D", "", now())[:14]
        path = folder / f"{code}-{moment}.zip"
        part = path.with_name(path.name + _PART)
        try:
            await done(await export_tenant(self._db, tenant, files=self._files, to=part))
            part.rename(path)
        except Exception as error:
            self._failed[tenant] = error.message if isinstance(error, DougongError) else type(error).__name__
            _log.exception("export of tenant %s failed", code)
        finally:
            part.unlink(missing_ok=True)

    def running(self, tenant: int) -> bool:
        return tenant in self._running

    def failed(self, tenant: int) -> str:
        """Why the last export of this process failed; "" where it did not."""
        return self._failed.get(tenant, "")

    def of(self, tenant: int) -> list[Shelved]:
        """The archives of a tenant, newest first."""
        found = sorted((self._folder / str(tenant)).glob("*.zip"), reverse=True)
        return [Shelved(name=path.name, size=path.stat().st_size, made_at=_made_at(path.name)) for path in found]

    def path(self, tenant: int, name: str) -> Path:
        """Where an archive lies; NotFound where it is none of the tenant's."""
        if all(one.name != name for one in self.of(tenant)):
            raise NotFound(_("没有这个归档，或已被丢弃。"))
        return self._folder / str(tenant) / name

    def drop(self, tenant: int, name: str) -> None:
        self.path(tenant, name).unlink()

    async def wait(self) -> None:
        """Until nothing is being exported: for tests."""
        while self._running:
            await asyncio.wait(list(self._running.values()))
            await asyncio.sleep(0)

    async def close(self) -> None:
        for task in list(self._running.values()):
            task.cancel()
            await asyncio.wait([task])


def _made_at(name: str) -> str:
    """The instant in a name: `linxi-20261125093000.zip`."""
    text = name.removesuffix(".zip").rpartition("-")[2]
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}.000000Z"
