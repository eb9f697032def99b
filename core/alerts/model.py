"""The values of alerts: what a module offers, a rule as the tenant has it, a measure, an alert and its history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from core.context import Context

Severity = Literal["blue", "yellow", "orange", "red"]
SEVERITIES: tuple[Severity, ...] = ("blue", "yellow", "orange", "red")  # stored as 1 to 4, so that they sort
State = Literal["open", "acknowledged", "resolved", "auto_closed", "suppressed"]
OPEN: tuple[State, ...] = ("open", "acknowledged")  # what the page shows and counts
OWN = "own"  # rules that the tenant's administrator made: "own.<id>"


def rank(severity: Severity) -> int:
    return SEVERITIES.index(severity) + 1


def severity_named(number: int) -> Severity:
    return SEVERITIES[number - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One subject measured: a record, or a `part` of it (an account of a project) with its `label`."""

    form: str
    record: str
    value: Decimal
    part: str = ""
    label: str = ""
    project: str | None = None  # id of the record the page groups by
    period: str | None = None
    url: str = ""  # the rows behind; "": the record itself
    owner: str | None = None  # member


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """What a module offers by the hook `alerts`. Its thresholds are where a tenant starts, not where it must stay.

    `watches`: forms whose changes make it be measured again. `reads`: forms that the value is made of; an alert is
    shown only to those who see all of them, or the value would tell what is hidden. `strict`: levels whose threshold
    itself is still within bounds.
    """

    code: str  # "<module>.<name>"
    title: str
    metric: str
    measure: Callable[[Context], Awaitable[Iterable[Measure]]]
    watches: tuple[str, ...]
    reads: tuple[str, ...]
    levels: Mapping[Severity, Decimal]
    strict: frozenset[Severity] = frozenset()
    direction: Literal["above", "below"] = "above"
    margin: Decimal = Decimal(0)
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who gets a notice when an alert opens or grows worse, beside its owner; only those who may see it do."""

    roles: tuple[str, ...] = ()  # ids
    person: str = ""  # a person field of the subject: he becomes the owner
    creator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule in force for one tenant: a module's with the tenant's thresholds, or one of the tenant's own.

    `levels` are by number (1 blue to 4 red). An own rule has a `form` and a `formula` over one record: of a condition
    (`condition`) the one level is `severity`, of a number the thresholds decide.
    """

    code: str
    title: str
    metric: str
    unit: str
    levels: Mapping[int, Decimal]
    strict: frozenset[int] = frozenset()
    direction: Literal["above", "below"] = "above"
    margin: Decimal = Decimal(0)
    watches: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    active: bool = True
    told: Told = field(default_factory=Told)
    due_days: int | None = None
    offered: AlertRule | None = None
    form: str = ""
    formula: str = ""
    condition: bool = False
    severity: int = 0
    fields: frozenset[str] = frozenset()  # of the form that the formula reads
    fault: str = ""  # why an own rule cannot run any more
    checked_at: str | None = None
    error: str | None = None

    @property
    def module(self) -> str:
        return self.code.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as a reader may see it."""

    id: str
    rule: str
    title: str
    metric: str
    form: str
    record: str
    subject: str  # the record's name, with the part's
    project: str | None
    severity: Severity
    value: Decimal | None  # None: a condition holds
    threshold: Decimal | None
    direction: Literal["above", "below"]
    unit: str
    period: str | None
    url: str
    state: State
    first_at: str
    last_at: str
    closed_at: str | None
    owner: str | None
    due_at: str | None
    note: str
    until_at: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an alert's history."""

    kind: str
    at: str
    by: str | None  # None: the platform
    severity: Severity
    value: Decimal | None
    note: str


@dataclass(frozen=True, slots=True)
class Happening:
    """What became of one subject's alert in one evaluation: `row` as it is now."""

    kind: str  # opened, raised, lowered, woken, auto_closed; by a person: see acting.py
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What the page asks for; () and "" mean all."""

    severities: tuple[Severity, ...] = ()
    modules: tuple[str, ...] = ()
    project: str = ""
    states: tuple[State, ...] = OPEN
    mine: bool = False


def decimal(value: Any) -> Decimal | None:
    return None if value is None or value == "" else Decimal(str(value))
