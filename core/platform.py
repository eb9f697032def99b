"""The running installation: opens the store, loads modules, makes contexts; knows no HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from core import alerts, exact, notices, people, webhooks
from core.archive import Shelf
from core.context import Context, Definitions, House
from core.definitions import REBUILD, keep_up
from core.forms import FormSet, StoredDefinition, load_modules
from core.hooks import Modules, find_plugins
from core.i18n import LANGUAGES
from core.jobs import FORGET, Bell, Kinds, Worker
from core.menu import menu_of
from core.records import Sealer
from core.records.catching_up import CATCH_UP
from core.records.files import SWEEP
from core.records.transfer import EXPORT_JOB, FORGET_ROWS, WORK
from core.store import definitions as stored
from core.store import open_database

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from core.forms import Catalogue
    from core.people import Access
    from core.settings import Settings

_log = logging.getLogger("dougong.platform")
# the house's own kinds, each beside what it works on
CORE_JOBS = (
    WORK, EXPORT_JOB, FORGET_ROWS, REBUILD, CATCH_UP, SWEEP, FORGET, *alerts.JOBS, *notices.JOBS, *webhooks.JOBS,
)  # fmt: skip
MINUTE = 60
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
        self.worker = Worker(
            house.db, house.kinds, bell=house.bell, context=self.context_for, enabled=self._enabled,
            slots=house.settings.job_slots,
        )  # fmt: skip
        self.archives = Shelf(
            house.db, folder=house.settings.data_dir / "archives", files=house.settings.data_dir / "files"
        )
        self._sealer = Sealer(house.db)
        self._counting: asyncio.Task[None] | None = None
        self._definitions: OrderedDict[tuple[int, int], Definitions] = OrderedDict()

    @classmethod
    async def open(cls, settings: Settings, loaded: tuple[Catalogue, Modules] | None = None) -> Platform:
        """Open the store and bring it up to date; `loaded` is what `load` gave, where it was called before."""
        catalogue, modules = loaded or load(settings)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        db = await open_database(settings.database_url, pool_size=settings.pool_size)
        await db.migrate()
        kinds = Kinds([*CORE_JOBS, *modules.jobs()], modules=tuple(modules.manifests))
        platform = cls(
            House(
                settings=settings, db=db, catalogue=catalogue, modules=modules,
                kinds=kinds, bell=Bell(), closing=asyncio.Event(),
            )
        )
        try:
            await keep_up(platform)
        except BaseException:
            await db.close()
            raise
        return platform

    async def start(self) -> None:
        """Start what runs beside requests: sealing of history, and jobs."""
        await self._sealer.start()
        await people.review(self.db, self.settings.vendor_key)
        self._counting = asyncio.create_task(self._count(), name="counting")
        await self.worker.start()

    async def _count(self) -> None:
        """Every minute the clock is noted, once an hour what each tenant uses."""
        minutes = 0
        while True:
            try:
                await people.note_time(self.db)
                if minutes % 60 == 0:
                    await people.count_all(self.db)
            except Exception:  # a database that is away comes back
                _log.exception("the clock was not noted or use not counted, will try again")
            minutes += 1
            await asyncio.sleep(MINUTE)

    async def close(self) -> None:
        self.house.closing.set()
        await self.worker.stop()
        await self.archives.close()
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.wait([self._counting])
        await self._sealer.stop()
        await self.db.close()

    async def context(self, access: Access) -> Context:
        ctx = Context(
            self.house, access, await self._definitions_of(access.tenant.id, access.tenant.definitions_version)
        )
        ctx.menu = await menu_of(ctx)
        return ctx

    async def context_for(self, tenant: int, member: str | None, language: str) -> Context:
        """The context of a job: of one member, with what he may do now, or of the installation itself."""
        if member is None:
            access = people.system_access(await people.tenant(self.db, tenant), language=language)
        else:
            access = replace(await people.access_of(self.db, tenant, member), language=language)
        return await self.context(access)

    async def _enabled(self, tenant: int, version: int) -> frozenset[str]:
        return (await self._definitions_of(tenant, version)).enabled

    async def _definitions_of(self, tenant: int, version: int) -> Definitions:
        """The tenant's definitions at the version the request saw; compiled once per version."""
        wanted = (tenant, version)
        if wanted not in self._definitions:
            self._definitions[wanted] = await self._load(tenant)
            while len(self._definitions) > KEPT:
                self._definitions.popitem(last=False)
        self._definitions.move_to_end(wanted)
        return self._definitions[wanted]

    async def _load(self, tenant: int) -> Definitions:
        switches = await stored.switches(self.db, tenant)
        on = {row["module"] for row in switches if row["enabled"]}
        licence = (await people.tenant(self.db, tenant)).licence
        licensed = people.allowed_modules(
            licence, {name: manifest.requires for name, manifest in self.modules.manifests.items()}
        )
        enabled = licensed & on
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
            licensed=licensed,
            forms=forms,
            module_settings={row["module"]: exact.loads(row["settings"] or "{}") for row in switches},
            hooks=self.modules.caller(enabled),
        )
