"""Values that go in and out of the record store: records, queries, pages, changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from core.errors import Conflict, Problem

if TYPE_CHECKING:
    from core.forms.model import Form

LOCKED = "🔒"  # the label of what the reader may not see, or what is gone
Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "empty", "filled"]
SYSTEM_FIELDS = ("_id", "_created_at", "_updated_at", "_created_by", "_updated_by", "_department")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One stored record. `data` holds only the fields that the reader may see."""

    id: str
    form: str
    version: str
    revision: int
    data: Mapping[str, Any]
    created_at: str
    created_by: str | None  # member id; None: the system
    updated_at: str
    updated_by: str | None
    department: str | None
    deleted_at: str | None = None
    hidden: frozenset[str] = frozenset()  # fields of the form that the reader may not see
    overdue: frozenset[str] = frozenset()  # fields whose values wait to be worked out again: what they read has moved


@dataclass(frozen=True, slots=True)
class Condition:
    """`field` is a field of the form or one of SYSTEM_FIELDS; `value` is typed as in `data`.

    "in" takes a tuple; "empty" and "filled" take None; "contains" is a substring (text) or membership
    (choices).
    """

    field: str
    op: Operator
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    where: tuple[Condition, ...] = ()  # all must hold
    formula: str = ""  # a formula that must be true too, in codes or titles of fields: "实付 > 应付"
    search: str = ""  # substring over every text of the record that the reader may see
    sort: tuple[tuple[str, bool], ...] = ()  # (field, descending); () = newest first
    after: str | None = None  # the cursor of the page before
    limit: int = 50
    deleted: bool = False  # the bin instead of the list


@dataclass(frozen=True, slots=True)
class Page:
    records: tuple[Record, ...]
    next: str | None  # cursor for `after`; None on the last page
    labels: Mapping[str, str]  # id -> label of every reference, person and file on the page; LOCKED for the unreadable


@dataclass(frozen=True, slots=True)
class Count:
    number: int
    exact: bool  # False: there are more than `number`


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`field` may be "" for count. The result key is `name`. `formula` instead of a field totals what it answers."""

    name: str
    function: Literal["sum", "count", "min", "max", "avg"]
    field: str = ""
    formula: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row of history. `changes` maps field -> (before, after); a side that was absent is None."""

    id: str
    record: str
    form: str
    kind: Literal["create", "update", "delete", "restore"]
    revision: int
    at: str
    by: str | None
    source: str  # "page", "api", "import", "module", "system"
    changes: Mapping[str, tuple[Any, Any]]
    sealed: int | None = None  # place in the tenant's chain
    step: str = ""  # the code of the step that was taken
    comment: str = ""  # what was said with it


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a reference or person picker."""

    id: str
    label: str
    detail: str = ""  # the business key or department, to tell two of one name apart


@dataclass(frozen=True, slots=True)
class Related:
    """Records of `form` whose field `field` refers to the record being looked at."""

    form: str
    field: str
    page: Page
    count: Count


@dataclass(frozen=True, slots=True)
class BulkRow:
    """What became of one row of a bulk write, or, on a dry run, what would."""

    status: Literal["new", "changed", "same", "wrong"]
    id: str | None = None  # None: wrong, or new on a dry run
    problems: tuple[Problem, ...] = ()
    revision: int | None = None  # of what was written


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """`rows` has one entry for each row given, in the same order."""

    new: int = 0
    changed: int = 0
    same: int = 0
    wrong: int = 0
    rows: tuple[BulkRow, ...] = field(default=(), repr=False)


class Listener(Protocol):
    """A room above that must write something together with what is written here."""

    async def wants(self, form: str) -> bool:
        """Whether changes of this form concern it: asked first, so that others cost nothing."""
        ...

    async def saved(self, form: Form, changes: Sequence[Change]) -> None:
        """Records of `form` were written; the transaction is still open."""
        ...


class Outdated(Conflict):
    """Somebody saved in between: `current` is what is stored now."""

    code = "outdated"

    def __init__(self, message: str, current: Record) -> None:
        super().__init__(message)
        self.current = current


class Referred(Conflict):
    """Others refer to it: `referrers` names the first few the reader may see, `number` counts all up to a bound."""

    code = "referred"

    def __init__(self, message: str, *, referrers: tuple[Option, ...], number: Count) -> None:
        super().__init__(message)
        self.referrers = referrers
        self.number = number
