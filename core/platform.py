"""The running installation: opens the store, loads modules, makes contexts; knows no HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

from core import exact, people
from core.context import Context, Definitions, House
from core.definitions import resume_rebuilds, stop_rebuilds
from core.forms import FormSet, StoredDefinition, load_modules
from core.hooks import Modules, find_plugins
from core.i18n import LANGUAGES
from core.menu import menu_of
from core.records import Sealer
from core.records.files import sweep
from core.records.transfer import Tasks, interrupt_runs
from core.store import definitions as stored
from core.store import open_database

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from core.forms import Catalogue
    from core.people import Access
    from core.settings import Settings

_log = logging.getLogger("dougong.platform")
DAY = 24 * 3600
KEPT = 256  # tenants whose compiled definitions stay in memory


def load(settings: Settings, *, more: Mapping[str, Any] | None = None) -> tuple[Catalogue, Modules]:
    """Find and check every module; `more` are plugins that are no modules, such as the interface."""
    catalogue = load_modules([settings.schemas_dir], site=settings.site_dir)
    return catalogue, Modules(catalogue.manifests, {**find_plugins(catalogue.manifests), **(more or {})})


class Platform:
    """One process's house: `await Platform.open(settings)`, then `context(access)` per request."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.settings, self.db = house.settings, house.db
        self.catalogue, self.modules = house.catalogue, house.modules
        self._sealer = Sealer(house.db)
        self._tidying: asyncio.Task[None] | None = None
        self._definitions: OrderedDict[tuple[int, int], Definitions] = OrderedDict()

    @classmethod
    async def open(cls, settings: Settings, loaded: tuple[Catalogue, Modules] | None = None) -> Platform:
        """Open the store and bring it up to date; `loaded` is what `load` gave, where it was called before."""
        catalogue, modules = loaded or load(settings)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        db = await open_database(settings.database_url, pool_size=settings.pool_size)
        await db.migrate()
        return cls(House(settings=settings, db=db, catalogue=catalogue, modules=modules, tasks=Tasks()))

    async def start(self) -> None:
        """Start what runs beside requests: sealing of history, slots left half rebuilt, imports cut off."""
        await interrupt_runs(self.db)
        await self._sealer.start()
        await resume_rebuilds(self.db, self.catalogue)
        self._tidying = asyncio.create_task(self._tidy())

    async def _tidy(self) -> None:
        """Once a day: uploads that no record took in time are dropped, whatever goes wrong with one tenant's."""
        while True:
            for tenant in await people.tenants(self.db):
                try:
                    await sweep(self.db, tenant.id, folder=self.settings.data_dir / "files")
                except Exception:
                    _log.exception("uploads of tenant %s were not tidied", tenant.code)
            await asyncio.sleep(DAY)

    async def close(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.wait([self._tidying])
        await self.house.tasks.close()
        await stop_rebuilds(self.db)
        await self._sealer.stop()
        await self.db.close()

    async def context(self, access: Access) -> Context:
        ctx = Context(self.house, access, await self._definitions_of(access))
        ctx.menu = await menu_of(ctx)
        return ctx

    async def _definitions_of(self, access: Access) -> Definitions:
        """The tenant's definitions at the version the request saw; compiled once per version."""
        wanted = (access.tenant.id, access.tenant.definitions_version)
        if wanted not in self._definitions:
            self._definitions[wanted] = await self._load(access.tenant.id)
            while len(self._definitions) > KEPT:
                self._definitions.popitem(last=False)
        self._definitions.move_to_end(wanted)
        return self._definitions[wanted]

    async def _load(self, tenant: int) -> Definitions:
        switches = await stored.switches(self.db, tenant)
        on = {row["module"] for row in switches if row["enabled"]}
        enabled = frozenset(on & self.modules.manifests.keys())
        own, overlays = {}, {}
        for row in await stored.latest(self.db, tenant):
            definition = StoredDefinition(
                form=row["form"],
                version=row["version"],
                body=exact.loads(row["body"]),
                pending=frozenset(exact.loads(row["pending"] or "[]")),
            )
            (own if row["kind"] == "form" else overlays)[row["form"]] = definition
        forms = {
            lang: FormSet(self.catalogue, own=own, overlays=overlays, enabled=enabled, lang=lang) for lang in LANGUAGES
        }
        return Definitions(
            enabled=enabled,
            forms=forms,
            module_settings={row["module"]: exact.loads(row["settings"] or "{}") for row in switches},
            hooks=self.modules.caller(enabled),
        )
