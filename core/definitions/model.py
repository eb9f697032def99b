"""What the designer and the switches hand out: drafts, versions, previews, states; frozen values, no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import Problem
from core.forms import Form, FormSet, Manifest, compile_form

Kind = Literal["form", "overlay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A form being designed. `definition` is what is shown and edited, for an overlay the module's form with it."""

    form: str
    kind: Kind
    definition: Mapping[str, Any]
    document: Mapping[str, Any]  # what is stored and published: the definition, or for a module's form the overlay
    hidden: frozenset[str] = frozenset()  # overlay: fields of the module that the tenant hides
    base: Mapping[str, Any] | None = None  # own form: as last published; overlay: as the module ships it
    published: Mapping[str, Any] | None = None  # what is in force now, None before the first publish
    in_force: Mapping[str, Any] | None = None  # `document` as last published
    version: int = 0  # the published version it starts from
    stored: bool = False  # False: nothing has been changed since the last publish
    updated_at: str | None = None
    updated_by: str | None = None
    undo: tuple[Mapping[str, Any], ...] = ()
    redo: tuple[Mapping[str, Any], ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)  # codes that changed while being typed
    forms: FormSet | None = field(default=None, repr=False, compare=False)  # those among which it will stand

    @property
    def overlay(self) -> bool:
        return self.kind == "overlay"

    def compiled(self, definition: Mapping[str, Any]) -> Form:
        """The form that `definition` would be, among the others; never fails, however unfinished it is."""
        form = compile_form(self.form, {"properties": {}, **definition}, version="0")
        return self.forms.including(form) if self.forms is not None else form

    def fixed(self, path: str) -> bool:
        """Whether records may hold values under this path: its code stays, its type changes only within its kind."""
        fields: Any = (self.published or {}).get("properties", {})
        head, _dot, tail = path.partition(".")
        if tail:
            fields = fields.get(head, {}).get("items", {}).get("properties", {})
        return (tail or head) in fields

    def shipped(self, path: str) -> bool:
        """Whether the field is the module's, not the tenant's: then only some properties may be set."""
        return self.overlay and path.partition(".")[0] in (self.base or {}).get("properties", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one edit did: the draft after it, the field to show next, what could not be taken and what to tell."""

    draft: Draft
    selected: str = ""
    problems: tuple[Problem, ...] = ()  # field = the property at fault
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    number: int
    kind: Kind
    note: str
    at: str
    by: str  # the member's name
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """A stored record that would no longer fit, named as its form names it."""

    id: str
    label: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitness:
    """What a new definition means for what is stored. `complete` is False where the scan stopped at its bound."""

    checked: int = 0
    complete: bool = True
    unfit: int = 0  # would no longer fit
    unfit_already: int = 0  # did not fit before either
    samples: tuple[Unfit, ...] = ()
    by_field: tuple[tuple[str, int], ...] = ()  # (title, records)
    hidden_values: tuple[tuple[str, int], ...] = ()  # (title of a removed field, records that keep a value)
    same_key: int = 0  # records whose business key another record already has
    same_key_samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What publishing would do, in words."""

    changes: tuple[str, ...]
    problems: tuple[Problem, ...]  # why it cannot be published; empty where it can
    fitness: Fitness
    views: tuple[tuple[str, tuple[str, ...]], ...] = ()  # saved view, titles of removed fields it uses
    findings: tuple[str, ...] = ()  # overlay: where module and tenant changed the same thing
    first: bool = False  # nothing has been published before
    roles: tuple[str, ...] = ()  # first: the roles that get it by their patterns

    @property
    def ready(self) -> bool:
        return bool(self.changes or self.first) and not self.problems and not self.fitness.same_key


@dataclass(frozen=True, slots=True, kw_only=True)
class FormState:
    """One line of the list of forms."""

    form: str
    kind: Kind
    title: str
    icon: str
    version: int  # 0: never published
    fields: int
    draft: bool
    menu: bool = True
    records: int = 0
    records_exact: bool = True
    changed_at: str | None = None
    rebuilding: int | None = None  # per cent, while lists are being made fast again
    added: int = 0  # overlay: fields of the tenant
    changed: int = 0  # overlay: other changes
    findings: int = 0
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleState:
    """One card of the switches. `manifest` is None for a module whose folder is gone."""

    name: str
    manifest: Manifest | None
    enabled: bool
    licensed: bool = True  # the tenant's licence lets it be on
    forms: tuple[tuple[str, str, int, int], ...] = ()  # (name, title, fields, records)
    pages: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    roles: tuple[tuple[str, str, bool], ...] = ()  # (code, title, already there)
    needs: tuple[tuple[str, str, bool], ...] = ()  # (name, title, on)
    needed_by: tuple[tuple[str, str], ...] = ()  # modules that are on and need it
    own_references: tuple[str, ...] = ()  # the tenant's own forms that refer to its forms
    has_settings: bool = False
    counted_exactly: bool = True
    switched_at: str | None = None

    @property
    def records(self) -> int:
        return sum(number for _name, _title, _fields, number in self.forms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    form: Form
    version: int
    rebuilding: frozenset[str]
