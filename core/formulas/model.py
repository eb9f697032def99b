"""The values of the language: types, names in scope, the nodes of a tree, faults and the scene; no parsing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

from core.dates import CHINA
from core.errors import DougongError

# Types are words: number text boolean date datetime null, "list:number" and so on, "list:row"; "?" after a fault.
Type = str
UNKNOWN = "?"
RELATED = "list:related"
NOTHING: Mapping[Any, Any] = MappingProxyType({})

LONGEST_FORMULA = 4_000  # characters
MOST_NODES = 1_000
DEEPEST = 60  # nodes inside one another; a chain a+b+c nests too
LONGEST_TEXT = 100_000  # characters of any text on the way
LONGEST_LIST = 10_000  # rows read as one list


class TooCostly(DougongError):
    """An evaluation left its budget: a text or a list grew too long."""

    status, code = 422, "costly"


@dataclass(frozen=True, slots=True)
class Gathered:
    """A total over the records that refer here: `owner` says which, as a name in scope.

    `member` is what is totalled ("": the records themselves are counted); only those whose `test` equals `wanted`
    count, where there is a test.
    """

    owner: str
    function: str  # sum, count, min, max, avg
    member: str = ""
    test: str = ""
    wanted: Any = None


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for. `members`: columns of rows, or what can be looked up through a reference, or, where
    the type is RELATED, what can be totalled over the records that refer here."""

    code: str
    type: Type
    title: str = ""
    members: Mapping[str, Named] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """The names a formula may use. `spoken`: titles are understood too, as when an administrator types."""

    names: Mapping[str, Named] = field(default_factory=dict)
    spoken: bool = True
    old: bool = True  # OLD(field) may be used: not inside rows, which have no identity


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a formula; line and column count from 1."""

    line: int
    column: int
    message: str
    suggestion: str = ""


@dataclass(frozen=True)
class Scene:
    """Everything besides the values that an answer may depend on."""

    now: str = "2000-01-01T00:00:00Z"
    me: str | None = None
    department: str | None = None
    roles: tuple[str, ...] = ()  # names of the roles held
    old: Mapping[str, Any] = field(default_factory=dict)
    lookups: Mapping[tuple[str, str], Any] = field(default_factory=dict)  # (reference, member) -> value
    gathered: Mapping[Gathered, Any] = field(default_factory=dict)  # totals over the records that refer here

    @cached_property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.now).replace(microsecond=0)

    @cached_property
    def today(self) -> date:
        return self.moment.astimezone(CHINA).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    at: int  # offset in the text
    type: Type = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Node):
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Node):
    word: str  # the code, once checked
    old: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Node):
    """`lines.amount`, a list, or `project.name`, a look-up, or, inside a total, `entries.amount`."""

    owner: str
    word: str
    looked_up: bool = False
    related: bool = False
    old: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(Node):
    sign: str  # "-", "+", "%"
    of: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Node):
    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    function: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gather(Node):
    """A total over the records that refer here, which whoever asks for the answer has fetched."""

    what: Gathered
