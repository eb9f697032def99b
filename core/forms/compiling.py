"""From a definition (and a tenant's overlay) to a Form in one language; checks nothing, never fails on old stock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from core.forms.flows import flow_of
from core.forms.model import Choice, Field, Form, Rule, When
from core.forms.overlays import merge
from core.forms.types import FIELD_TYPES
from core.formulas import names_in

OWN = "own"  # the "module" of forms that tenants design


def compile_form(
    name: str,
    definition: Mapping[str, Any],
    overlay: Mapping[str, Any] | None = None,
    *,
    version: str,
    lang: str = "zh",
    pending: Iterable[str] = (),
) -> Form:
    """The form that pages, checks and queries work with. `definition` has passed check_definition when published.

    A field whose type this version does not know is left out: its values stay stored, untouched.
    """
    merged = merge(definition, overlay)
    body = merged.definition
    spoken = body.get("x-translations") or {}
    words = spoken.get(lang) or {}
    own = name.partition(".")[0] == OWN
    fields = {}
    for field_name, prop in body["properties"].items():
        if isinstance(prop, Mapping) and prop.get("x-type") in FIELD_TYPES:
            tenant = own or field_name in merged.added
            said = _Said(lang, spoken).of("fields", field_name)
            fields[field_name] = _field(field_name, prop, body.get("required") or (), said, tenant=tenant)
    flow = flow_of(body, fields, lang=lang)
    if flow is not None:  # shown everywhere as any choice is, typed nowhere
        fields[flow.field] = replace(fields[flow.field], computed=True)
    shown = {key: field for key, field in fields.items() if key not in merged.hidden}
    return Form(
        name=name,
        version=version,
        title=words.get("title") or body.get("title") or name,
        description=words.get("description") or body.get("description") or "",
        fields=shown,
        hidden={key: field for key, field in fields.items() if key in merged.hidden},
        key=tuple(key for key in body.get("x-key") or () if key in shown),
        list=_columns(body, shown),
        label=_label(body, shown),
        icon=body.get("x-icon") or "file",
        menu=body.get("x-menu", True),
        offline=body.get("x-offline", False),
        rules=_rules(body),
        flow=flow,
        slots_pending=frozenset(pending),
        schema=body,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What translations say about one thing, by language; `words` are those of the language asked for."""

    lang: str
    spoken: Mapping[str, Mapping[str, Any]]

    @property
    def words(self) -> Mapping[str, Any]:
        return self.spoken.get(self.lang) or {}

    def of(self, part: str, name: str) -> _Said:
        return _Said(self.lang, {lang: (one.get(part) or {}).get(name) or {} for lang, one in self.spoken.items()})


def _field(name: str, prop: Mapping[str, Any], required: Iterable[str], said: _Said, *, tenant: bool) -> Field:
    words = said.words
    kind = FIELD_TYPES[prop["x-type"]]
    decimals = prop.get("x-decimals", 2) if kind.name in ("decimal", "money") else 0
    formula, preset = prop.get("x-formula") or "", prop.get("x-default")
    return Field(
        name=name,
        type=kind.name,
        title=words.get("title") or prop.get("title") or name,
        help=words.get("help") or prop.get("x-help") or "",
        required=name in required,
        slot=prop.get("x-slot"),
        choices=_choices(prop, said),
        ref=prop.get("x-ref"),
        decimals=decimals,
        minimum=_number(prop.get("minimum")),
        maximum=_number(prop.get("maximum")),
        max_length=prop.get("maxLength"),
        min_items=prop.get("minItems"),
        max_items=prop.get("maxItems"),
        pattern=prop.get("pattern"),
        default=None if isinstance(preset, Mapping) else preset,
        unit=words.get("unit") or prop.get("x-unit") or "",
        pii=prop.get("x-pii", kind.name == "idcard"),
        computed=prop.get("x-computed", False) or bool(formula and name not in names_in(formula)),
        formula=formula,
        default_formula=preset.get("formula", "") if isinstance(preset, Mapping) else "",
        when=When(**prop["x-when"]) if prop.get("x-when") else None,
        columns=_columns_of(prop, said, tenant=tenant),
        drawn=prop.get("x-drawn", False),
        section=words.get("section") or prop.get("x-section") or "",
        owner="tenant" if tenant else "module",
    )


def _columns_of(prop: Mapping[str, Any], said: _Said, *, tenant: bool) -> tuple[Field, ...]:
    items = prop.get("items") if prop.get("x-type") == "rows" else None
    if not isinstance(items, Mapping):
        return ()
    required = items.get("required") or ()
    return tuple(
        _field(name, column, required, said.of("columns", name), tenant=tenant)
        for name, column in (items.get("properties") or {}).items()
        if isinstance(column, Mapping) and column.get("x-type") in FIELD_TYPES
    )


def _choices(prop: Mapping[str, Any], said: _Said) -> tuple[Choice, ...]:
    spoken = [one.get("choices") or {} for one in said.spoken.values()]
    found = []
    for one in prop.get("x-choices") or ():
        value = one["value"]
        source = one.get("title") or value
        title = (said.words.get("choices") or {}).get(value) or source
        others = dict.fromkeys((source, *(known[value] for known in spoken if value in known)))
        found.append(Choice(value, title, one.get("color"), tuple(other for other in others if other != title)))
    return tuple(found)


def _rules(body: Mapping[str, Any]) -> tuple[Rule, ...]:
    return tuple(Rule(one["when"], one["message"], one.get("field", "")) for one in body.get("x-rules") or ())


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _columns(body: Mapping[str, Any], fields: Mapping[str, Field]) -> tuple[str, ...]:
    named = tuple(name for name in body.get("x-list") or () if name in fields)
    return named or tuple(name for name, field in fields.items() if FIELD_TYPES[field.type].slot)[:6]


def _label(body: Mapping[str, Any], fields: Mapping[str, Field]) -> str:
    """The field that names a record: as said, else the first text that everybody fills in and that is no code,
    else the first text of the list, else the first field."""
    if body.get("x-label") in fields:
        return str(body["x-label"])
    texts = [
        str(name) for name in (*(body.get("x-list") or ()), *fields) if name in fields and fields[name].type == "text"
    ]
    names = [name for name in texts if fields[name].required and name not in (body.get("x-key") or ())]
    return next(iter([*names, *texts, *fields]), "")
