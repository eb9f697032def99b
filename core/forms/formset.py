"""The forms of one tenant in one language: of its modules, as it changed them, and its own; compiled when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.errors import NotFound
from core.forms.compiling import OWN, compile_form
from core.forms.model import Catalogue, Field, Form, Manifest
from core.i18n import _


@dataclass(frozen=True, slots=True)
class StoredDefinition:
    """One published version of an own form or of an overlay, as the store keeps it."""

    form: str
    version: int
    body: Mapping[str, Any]
    pending: frozenset[str] = frozenset()


class FormSet:
    """Immutable; forms are compiled when first asked for, and kept."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        own: Mapping[str, StoredDefinition] | None = None,
        overlays: Mapping[str, StoredDefinition] | None = None,
        enabled: frozenset[str] = frozenset(),
        lang: str = "zh",
    ) -> None:
        self.catalogue = catalogue
        self.enabled = enabled
        self.lang = lang
        self._own = dict(own or {})
        self._overlays = dict(overlays or {})
        self._names = (*self._of_modules(), *sorted(self._own))
        self._compiled: dict[str, Form] = {}
        self.readers: Any = None  # made on first use by dependence.py

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[Form]:
        return iter(self.all())

    def names(self) -> tuple[str, ...]:
        """Modules' forms in menu order, then own forms."""
        return self._names

    def get(self, name: str) -> Form:
        """The form, or NotFound: also where its module is off or no longer installed."""
        if name not in self._compiled:
            if name not in self._names:
                raise NotFound(_("没有这张表单，或它所在的模块未启用"))
            self._compiled[name] = self._placed(self._compile(name))
        return self._compiled[name]

    def _placed(self, form: Form) -> Form:
        object.__setattr__(form, "forms", self)
        return form

    def including(self, form: Form) -> Form:
        """`form` as it would stand among these, in the place of the one of its name."""
        others = FormSet(
            self.catalogue, own=self._own, overlays=self._overlays, enabled=self.enabled, lang=self.lang
        )
        others._compiled = {name: others._placed(replace(one)) for name, one in self._compiled.items()}
        others._names = self._names if form.name in self._names else (*self._names, form.name)
        others._compiled[form.name] = others._placed(replace(form))
        return others._compiled[form.name]

    def find(self, name: str) -> Form | None:
        return self.get(name) if name in self._names else None

    def all(self) -> tuple[Form, ...]:
        return tuple(self.get(name) for name in self._names)

    def menu(self) -> list[tuple[Manifest | None, list[Form]]]:
        """What the menu shows, grouped by module; own forms last, under None."""
        groups: dict[str, list[Form]] = {}
        for form in self.all():
            if form.menu:
                groups.setdefault(form.module, []).append(form)
        return [(self.catalogue.manifests.get(module), forms) for module, forms in groups.items()]

    def referring(self, name: str) -> tuple[tuple[Form, Field], ...]:
        """Every (form, field) that points at `name`: for related lists."""
        return tuple(
            (form, field)
            for form in self.all()
            for field in form.fields.values()
            if field.type == "reference" and field.ref == name
        )

    def in_language(self, lang: str) -> FormSet:
        if lang == self.lang:
            return self
        return FormSet(self.catalogue, own=self._own, overlays=self._overlays, enabled=self.enabled, lang=lang)

    def _of_modules(self) -> Iterator[str]:
        for module, manifest in self.catalogue.manifests.items():
            if module in self.enabled:
                yield from (f"{module}.{form}" for form in manifest.forms)

    def _compile(self, name: str) -> Form:
        if name in self._own:
            own = self._own[name]
            return compile_form(name, own.body, version=str(own.version), lang=self.lang, pending=own.pending)
        base = self.catalogue.forms[name]
        version = str(base.get("x-version", "1"))
        overlay = self._overlays.get(name)
        if overlay is None:
            return compile_form(name, base, version=version, lang=self.lang)
        return compile_form(
            name, base, overlay.body, version=f"{version}+{overlay.version}", lang=self.lang, pending=overlay.pending
        )


__all__ = ["OWN", "FormSet", "StoredDefinition"]
