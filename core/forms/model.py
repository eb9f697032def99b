"""What a form and a module are once read: frozen values that every other room reads; no checking, no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

FieldType = Literal[
    "text", "longtext", "integer", "decimal", "money", "date", "datetime", "boolean",
    "choice", "choices", "reference", "person", "phone", "idcard", "uscc",
    "file", "photo", "place", "rows",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    title: str
    color: str | None = None  # grey, blue, green, purple, cyan, pink: never the four alert colours
    others: tuple[str, ...] = ()  # its titles in other languages: understood when typed or imported


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Conditions of a field, each a formula ("": none). A static "required" holds while the field is visible."""

    visible: str = ""
    required: str = ""
    readonly: str = ""
    hidden: Literal["clear", "keep"] = "clear"  # what becomes of its value while it is not visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. In `data` its value is, by type:

    text longtext phone idcard uscc: str · integer: int · decimal money: Decimal (or int) ·
    date: "2026-03-15" · datetime: "2026-03-15T08:30:00Z" (UTC) · boolean: bool · choice: the choice's value ·
    choices: list of values · reference: the other record's id · person: the member's id ·
    file photo: list of file ids · place: {"address": str, "lat": number?, "lng": number?} ·
    rows: list of objects of the `columns`. An empty value is absent from `data`, never null or "".
    """

    name: str
    type: FieldType
    title: str
    help: str = ""
    required: bool = False
    slot: str | None = None  # "t3", "n1", "d2", "r1": filtered and sorted by an index; None: through JSON
    choices: tuple[Choice, ...] = ()
    ref: str | None = None  # reference: the form referred to
    decimals: int = 0  # decimal, money: places kept; a number slot holds value * 10**decimals
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    max_length: int | None = None
    min_items: int | None = None  # choices, file, photo, rows
    max_items: int | None = None
    pattern: str | None = None
    default: Any = None  # a value, or "today" (date), "now" (datetime), "me" (person)
    unit: str = ""
    pii: bool = False
    computed: bool = False  # by a module in record_compute, by `formula` or by steps: shown, never typed
    formula: str = ""  # over the codes of its siblings; one that names its own field works on what was typed
    default_formula: str = ""  # what a new record begins with, worked out; instead of `default`
    when: When | None = None
    columns: tuple[Field, ...] = ()  # rows
    drawn: bool = False  # photo: drawn by hand on the screen, as a signature is
    section: str = ""  # heading under which the form shows it
    owner: Literal["module", "tenant"] = "module"

    @property
    def numeric(self) -> bool:
        return self.type in ("integer", "decimal", "money")

    @property
    def always_required(self) -> bool:
        """Whether it must be filled in whatever else the record says."""
        return self.required and not (self.when and self.when.visible)


@dataclass(frozen=True, slots=True)
class Rule:
    """What must be true of a record; `message` says what to do where it is not, at `field`."""

    when: str  # a formula
    message: str
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state of a form: a choice of its state field, and what holds while a record stands in it."""

    code: str
    title: str
    color: str | None = None
    final: bool = False  # nothing follows
    read_only: frozenset[str] | None = frozenset()  # fields that nobody edits here; None: none of the record
    required: frozenset[str] = frozenset()  # fields that must be filled in here


Comment = Literal["none", "optional", "required"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One way from state to state. Without `roles`, whoever may edit the record takes it."""

    code: str
    title: str  # a verb: what the button says
    sources: tuple[str, ...]
    target: str
    roles: tuple[str, ...] = ()  # codes of roles; one of them is needed
    when: str = ""  # a formula that must be true
    message: str = ""  # what to do where it is not
    required: tuple[str, ...] = ()  # fields that the step asks for, and that who takes it may fill in
    comment: Comment = "optional"
    apart: tuple[str, ...] = ()  # steps whose taker may not take this one


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The states and steps of a form. The choice field `field` holds the state; only steps change it."""

    field: str
    initial: str
    states: Mapping[str, State]  # in the order of the field's choices
    steps: tuple[Step, ...] = ()

    def state_of(self, data: Mapping[str, Any]) -> str:
        """The state that `data` is in. A record older than the states stands at the beginning."""
        return data.get(self.field) or self.initial

    def state(self, code: str) -> State:
        """A state by code; one that the form no longer has binds nothing and leads nowhere."""
        return self.states.get(code) or State(code=code, title=code)

    def step(self, code: str) -> Step | None:
        return next((one for one in self.steps if one.code == code), None)

    def steps_from(self, state: str) -> tuple[Step, ...]:
        return tuple(one for one in self.steps if state in one.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A compiled form in one language. `name` is "module.form"; a tenant's own forms are "own.form"."""

    name: str
    version: str
    title: str
    description: str = ""
    fields: Mapping[str, Field]  # in the form's order
    key: tuple[str, ...] = ()  # business key: fields whose values together are unique
    list: tuple[str, ...] = ()  # columns of the list, in order
    label: str = ""  # the field that names a record where it is referred to
    icon: str = "file"
    menu: bool = True  # shown in the menu
    offline: bool = False  # new ones may be filled in without a network, and arrive when it is back
    rules: tuple[Rule, ...] = ()
    flow: Flow | None = None
    hidden: Mapping[str, Field] = field(default_factory=dict)  # by an overlay: never shown, still stored and checked
    slots_pending: frozenset[str] = frozenset()  # slots being rebuilt: read through JSON meanwhile
    schema: Mapping[str, Any] = field(repr=False, default_factory=dict, compare=False)  # merged definition
    machine: Any = field(init=False, repr=False, compare=False, default=None)  # made on first use by checking.py
    plan: Any = field(init=False, repr=False, compare=False, default=None)  # made on first use by formulas.py
    filters: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)  # kept by filters.py
    forms: Any = field(init=False, repr=False, compare=False, default=None)  # the FormSet it stands in, if any

    @property
    def module(self) -> str:
        return self.name.partition(".")[0]

    def slot_of(self, name: str) -> str | None:
        """The slot that may be used for `name` now, or None where JSON must be read."""
        slot = (self.fields.get(name) or self.hidden[name]).slot
        return None if slot in self.slots_pending else slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`schemas/<name>/module.json`, read before any Python of the module."""

    name: str
    api: int
    version: str
    titles: Mapping[str, str]  # by language; "zh" always there
    descriptions: Mapping[str, str] = field(default_factory=dict)
    icon: str = "cube"
    requires: tuple[str, ...] = ()  # modules that must be on too
    uses: tuple[str, ...] = ()  # modules it can do without
    forms: tuple[str, ...] = ()  # in menu order, without the module's name
    roles: tuple[Mapping[str, Any], ...] = ()  # roles offered when switched on
    settings: Mapping[str, Any] = field(default_factory=dict)  # the tenant's settings for it, in the dialect of fields

    def title(self, lang: str) -> str:
        return self.titles.get(lang) or self.titles["zh"]

    def description(self, lang: str) -> str:
        return self.descriptions.get(lang) or self.descriptions.get("zh", "")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every module that was found: who it is, and its forms as shipped."""

    manifests: Mapping[str, Manifest]
    forms: Mapping[str, Mapping[str, Any]]  # by full name; translations inside under "x-translations"
