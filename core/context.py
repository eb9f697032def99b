"""What a request, job or hook may use: one member of one tenant, and everything bound to that tenant."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.alerts import Alerts
from core.flow import Workflow
from core.jobs import Jobs
from core.notices import Notices
from core.people import rights, standing, system_access, told
from core.records import Files, Records, Views
from core.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from core.forms import Catalogue, FormSet
    from core.hooks import Caller, Manifest, Modules
    from core.jobs import Bell, Kinds
    from core.menu import MenuGroup
    from core.people import Access, Action, Member, Standing, Tenant
    from core.settings import Settings
    from core.store import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """What a tenant has defined, at one definitions_version: shared by all its requests."""

    enabled: frozenset[str]
    licensed: frozenset[str]  # modules that the tenant's licence lets be on
    forms: Mapping[str, FormSet]  # by language
    module_settings: Mapping[str, Mapping[str, Any]]
    hooks: Caller
    memo: dict[str, Any] = field(default_factory=dict)  # what rooms work out once for this version


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all tenants share: the running installation."""

    settings: Settings
    db: Database
    catalogue: Catalogue
    modules: Modules
    kinds: Kinds  # of job
    bell: Bell  # wakes this process's worker
    closing: asyncio.Event  # set when the process is to end: answers that go on for long leave off


class Context:
    """The one handle that handlers and hooks get. Nothing here reaches another tenant's data."""

    def __init__(self, house: House, access: Access, definitions: Definitions) -> None:
        self.access = access
        self.enabled = definitions.enabled
        self.licensed = definitions.licensed
        self.forms: FormSet = definitions.forms[access.language]
        self.hooks = definitions.hooks
        self._house = house
        self._definitions = definitions
        self.records = Records(house.db, access, forms=self.forms, hooks=self.hooks)
        self.records.context = self
        self.flow = Workflow(self.records)
        self.records.listeners = (self.alerts, self.webhooks)
        self.menu: list[MenuGroup] = []  # filled by the platform: what the member may open

    @property
    def tenant(self) -> Tenant:
        return self.access.tenant

    @property
    def member(self) -> Member:
        return self.access.member

    @property
    def language(self) -> str:
        return self.access.language

    @property
    def db(self) -> Database:
        return self._house.db

    @property
    def closing(self) -> asyncio.Event:
        """Set when the server is to end."""
        return self._house.closing

    @property
    def catalogue(self) -> Catalogue:
        return self._house.catalogue

    @property
    def modules(self) -> list[Manifest]:
        """Every module that was found, on or off, in name order."""
        return list(self._house.modules.manifests.values())

    @property
    def found(self) -> Modules:
        """What was found at start, with what each module implements."""
        return self._house.modules

    @property
    def memo(self) -> dict[str, Any]:
        """What rooms keep as long as the tenant's definitions stay as they are, shared by its members."""
        return self._definitions.memo

    @property
    def installation(self) -> Settings:
        """What the operator has set: of the whole installation, nothing of one tenant."""
        return self._house.settings

    def of(self, access: Access) -> Context:
        """The same tenant as another of its members sees it."""
        assert access.tenant.id == self.tenant.id
        return Context(self._house, access, self._definitions)

    def system(self) -> Context:
        """The same tenant as the installation itself sees it: everything. For work that members only cause."""
        return self.of(system_access(self.tenant, language=self.language))

    @cached_property
    def alerts(self) -> Alerts:
        return Alerts(self)

    @cached_property
    def notices(self) -> Notices:
        return Notices(self)

    @cached_property
    def webhooks(self) -> Webhooks:
        return Webhooks(self)

    @cached_property
    def files(self) -> Files:
        return Files(self.records, folder=self._house.settings.data_dir / "files")

    @cached_property
    def jobs(self) -> Jobs:
        house = self._house
        return Jobs(self.db, self.access, kinds=house.kinds, enabled=self.enabled, bell=house.bell)

    @cached_property
    def views(self) -> Views:
        return Views(self.db, self.access, forms=self.forms)

    @cached_property
    def standing(self) -> Standing:
        """How the tenant's licence stands: whether anything may be changed, and how long."""
        return standing(self.tenant)

    @property
    def closed(self) -> str:
        """Why nothing may be changed in this tenant now; "" where it may."""
        return "" if self.standing.state == "open" else told(self.tenant, self.standing)

    def together(self) -> AbstractAsyncContextManager[Any]:
        """All writes inside are one: `async with ctx.together():` leaves all of them or, after an error, none."""
        return self.db.write()

    def may(self, permission: str) -> bool:
        """Whether the member holds an administrator's permission: "forms", "people" or "modules"."""
        return permission in self.member.permissions

    def can(self, form: str, action: Action) -> bool:
        """Whether some right of the member allows `action` on `form`, for any row at all."""
        return bool(rights(self.access, form, action))

    def sees_whole(self, form: str) -> bool:
        """Whether the member reads every row of `form` with every field: whether his sums are everybody's."""
        found = rights(self.access, form, "read")
        return any(one.rows == "all" and not one.when and one.fields is None and not one.hides for one in found)

    def settings(self, module: str) -> dict[str, Any]:
        """The tenant's settings for `module`, with the module's defaults where nothing was set."""
        properties = self._house.modules.manifests[module].settings.get("properties", {})
        chosen = self._definitions.module_settings.get(module, {})
        return {name: chosen.get(name, rule.get("x-default")) for name, rule in properties.items()}
