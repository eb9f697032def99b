"""Who: tenants, accounts, members, departments, roles and what a right is; frozen values, no SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Action = Literal["read", "create", "update", "delete", "import", "export"]
ACTIONS: tuple[Action, ...] = get_args(Action)
Rows = Literal["all", "own", "department"]
ROWS: tuple[Rows, ...] = get_args(Rows)
Edition = Literal["trial", "professional", "enterprise"]
EDITIONS: tuple[Edition, ...] = get_args(Edition)
ADMIN_PERMISSIONS = ("forms", "people", "modules")  # design forms; members, roles, tokens; switch modules


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """What a tenant may use, how long and with how many people. Its own words: None is "without limit"."""

    edition: Edition = "professional"
    seats: int | None = None  # members who are switched on
    modules: frozenset[str] | None = None
    valid_to: str | None = None  # the last day, in China
    days: int = 0  # of a trial, from its first use
    started_at: str | None = None  # of a trial: None until somebody has signed in
    number: str = ""  # the vendor's number of a signed one
    signed: str = ""  # the file as it came from the vendor
    refused: str = ""  # why it does not count here: "unsigned", "altered", "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    id: int
    code: str
    name: str
    definitions_version: int  # grows with every publish, switch and change of roles
    settings: Mapping[str, Any] = field(default_factory=dict)
    licence: Licence = Licence()
    suspended_at: str | None = None
    suspended_why: str = ""
    latest: str = ""  # the latest instant this installation has seen: time does not run back for a licence
    brought_from: int | None = None  # its id where its history began, if it was brought here from elsewhere

    @property
    def history(self) -> int:
        """The number that stands in the hashes of its history."""
        return self.brought_from or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One account inside one tenant."""

    id: str
    account: str
    login: str
    name: str
    department: str | None
    departments: frozenset[str] = frozenset()  # own department and all below it
    roles: tuple[str, ...] = ()  # role ids
    role_codes: frozenset[str] = frozenset()  # what steps and modules call them by
    role_names: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()  # of ADMIN_PERMISSIONS


@dataclass(frozen=True, slots=True)
class Right:
    """One grant for one form and action: these rows, these fields (None: all of them) but not `hides`.

    `when`: of these rows those for which this formula over their fields is true; "" all of them.
    """

    rows: Rows
    fields: frozenset[str] | None = None
    hides: frozenset[str] = frozenset()
    when: str = ""

    def shows(self, name: str) -> bool:
        return name not in self.hides and (self.fields is None or name in self.fields)


Rights = tuple[Right, ...]  # union: a row is allowed if any right allows it; () = nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of a role: for these forms and actions, these rows and fields.

    A form pattern is a form's name, `module.*`, or `*`.
    """

    role: str  # the role's id and name, so that a right can be explained
    role_name: str
    forms: tuple[str, ...]
    actions: tuple[Action, ...]
    rows: Rows = "all"
    fields: frozenset[str] | None = None
    hides: frozenset[str] = frozenset()
    when: str = ""

    @property
    def right(self) -> Right:
        return Right(self.rows, self.fields, self.hides, self.when)

    def covers(self, form: str, action: Action) -> bool:
        return action in self.actions and any(matches(pattern, form) for pattern in self.forms)


class Rules:
    """All rules of one member, with the answers already given: rights are asked many times a request."""

    __slots__ = ("_answers", "rules")

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._answers: dict[tuple[str, Action], Rights] = {}

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def rights(self, form: str, action: Action) -> Rights:
        found = self._answers.get((form, action))
        if found is None:
            covering = [rule for rule in self.rules if rule.covers(form, action)]
            found = _widest(dict.fromkeys(rule.right for rule in covering))
            self._answers[form, action] = found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a request knows about who asks: loaded once, handed to everything below."""

    tenant: Tenant
    member: Member
    language: str
    rules: Rules
    operator: bool = False  # of the whole installation
    via: Literal["session", "token", "system"] = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who can sign in; what he may do is said by his membership in each tenant."""

    id: str
    login: str
    name: str
    language: str
    active: bool = True
    operator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A valid session: the account, and its access where a tenant is chosen and the member active."""

    session: str  # hash of the token
    account: Account
    access: Access | None
    memberships: int = 1  # in how many tenants: is there anything to switch to?


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    id: str
    name: str
    parent: str | None
    position: int = 0
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """`rules` are plain mappings as stored: forms, actions, rows, when, fields, except."""

    id: str
    code: str
    name: str
    module: str | None = None
    permissions: tuple[str, ...] = ()
    rules: tuple[Mapping[str, Any], ...] = ()
    members: int = 0

    @property
    def fixed(self) -> bool:
        """The administrator's role is never edited, so that a tenant cannot be locked."""
        return self.code == "admin"


def matches(pattern: str, form: str) -> bool:
    if pattern == "*":
        return True
    return form.startswith(pattern[:-1]) if pattern.endswith(".*") else form == pattern


def _widest(rights: Mapping[Right, None]) -> Rights:
    """Without the rights that another one includes: fewer conditions in every statement."""

    def within(small: Right, large: Right) -> bool:
        if large.rows != "all" and large.rows != small.rows:
            return False
        if large.when not in ("", small.when):
            return False
        if not large.hides <= small.hides and not (
            small.fields is not None and not (large.hides & (small.fields - small.hides))
        ):
            return False
        if large.fields is None:
            return True
        return small.fields is not None and (small.fields - small.hides) <= large.fields

    kept: list[Right] = []
    for right in rights:
        if any(within(right, other) for other in kept):
            continue
        kept = [other for other in kept if not within(other, right)]
        kept.append(right)
    return tuple(kept)
