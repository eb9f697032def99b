"""What a request, job or hook may use: one member of one tenant, and everything bound to that tenant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.people import rights
from core.records import Files, Records, Views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.forms import Catalogue, FormSet
    from core.hooks import Caller, Manifest, Modules
    from core.menu import MenuGroup
    from core.people import Access, Action, Member, Tenant
    from core.records.transfer import Tasks
    from core.settings import Settings
    from core.store import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """What a tenant has defined, at one definitions_version: shared by all its requests."""

    enabled: frozenset[str]
    forms: Mapping[str, FormSet]  # by language
    module_settings: Mapping[str, Mapping[str, Any]]
    hooks: Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all tenants share: the running installation."""

    settings: Settings
    db: Database
    catalogue: Catalogue
    modules: Modules
    tasks: Tasks  # work that goes on after the answer: imports, rebuilding


class Context:
    """The one handle that handlers and hooks get. Nothing here reaches another tenant's data."""

    def __init__(self, house: House, access: Access, definitions: Definitions) -> None:
        self.access = access
        self.enabled = definitions.enabled
        self.forms: FormSet = definitions.forms[access.language]
        self.hooks = definitions.hooks
        self._house = house
        self._definitions = definitions
        self.records = Records(house.db, access, forms=self.forms, hooks=self.hooks)
        self.records.context = self
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
    def catalogue(self) -> Catalogue:
        return self._house.catalogue

    @property
    def modules(self) -> list[Manifest]:
        """Every module that was found, on or off, in name order."""
        return list(self._house.modules.manifests.values())

    @property
    def tasks(self) -> Tasks:
        return self._house.tasks

    @property
    def found(self) -> Modules:
        """What was found at start, with what each module implements."""
        return self._house.modules

    @cached_property
    def files(self) -> Files:
        return Files(self.records, folder=self._house.settings.data_dir / "files")

    @cached_property
    def views(self) -> Views:
        return Views(self.db, self.access, forms=self.forms)

    def may(self, permission: str) -> bool:
        """Whether the member holds an administrator's permission: "forms", "people" or "modules"."""
        return permission in self.member.permissions

    def can(self, form: str, action: Action) -> bool:
        """Whether some right of the member allows `action` on `form`, for any row at all."""
        return bool(rights(self.access, form, action))

    def sees_whole(self, form: str) -> bool:
        """Whether the member reads every row of `form` with every field: whether his sums are everybody's."""
        found = rights(self.access, form, "read")
        return any(right.rows == "all" and right.fields is None and not right.hides for right in found)

    def settings(self, module: str) -> dict[str, Any]:
        """The tenant's settings for `module`, with the module's defaults where nothing was set."""
        properties = self._house.modules.manifests[module].settings.get("properties", {})
        chosen = self._definitions.module_settings.get(module, {})
        return {name: chosen.get(name, rule.get("x-default")) for name, rule in properties.items()}
