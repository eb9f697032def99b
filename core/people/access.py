"""From a row about who asks to an Access; rules and departments of members kept by version."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from core import exact
from core.errors import NotFound
from core.i18n import LANGUAGES, _
from core.people.departments import below
from core.people.licences import tenant_of
from core.people.model import (
    ACTIONS,
    ADMIN_PERMISSIONS,
    ROWS,
    Access,
    Account,
    Action,
    Member,
    Right,
    Rights,
    Rule,
    Rules,
    Tenant,
)
from core.store import people as stored
from core.store import sessions as stored_sessions

if TYPE_CHECKING:
    from core.store import Database

KEPT = 4096  # members whose rules stay in memory


@dataclass(frozen=True, slots=True)
class _Grants:
    version: int
    department: str | None
    departments: frozenset[str]
    roles: tuple[str, ...]
    role_codes: frozenset[str]
    role_names: tuple[str, ...]
    permissions: frozenset[str]
    rules: Rules


def rights(access: Access, form: str, action: Action) -> Rights:
    """What `access` may do with `form`: the union of all rights, without those another includes."""
    return access.rules.rights(form, action)


def explain(access: Access, form: str, action: Action) -> tuple[tuple[Rule, Right], ...]:
    """Each rule that grants something here, with its role's name: the answer to "why can I see this?"."""
    return tuple((rule, rule.right) for rule in access.rules if rule.covers(form, action))


class AccessCache:
    """Grants by (tenant, member), each valid for one definitions_version of the tenant."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str], _Grants] = OrderedDict()

    async def access(self, db: Database, row: Mapping[str, Any], *, via: Literal["session", "token"]) -> Access | None:
        """The access said by a row of who_by_session or who_by_token; None without an active membership."""
        if row["tenant"] is None or not row["member_active"]:
            return None
        grants = await self._grants(db, row)
        member = Member(
            id=row["member"],
            account=row["account"],
            login=row["login"],
            name=row["member_name"],
            department=row["department"],
            departments=grants.departments,
            roles=grants.roles,
            role_codes=grants.role_codes,
            role_names=grants.role_names,
            permissions=grants.permissions,
        )
        return Access(
            tenant=tenant_of(row, name="tenant_name", id="tenant"),
            member=member,
            language=row["language"] if row["language"] in LANGUAGES else LANGUAGES[0],
            rules=grants.rules,
            operator=bool(row["operator"]),
            via=via,
        )

    async def _grants(self, db: Database, row: Mapping[str, Any]) -> _Grants:
        key, version = (row["tenant"], row["member"]), row["definitions_version"]
        found = self._kept.get(key)
        if found is None or found.version != version or found.department != row["department"]:
            found = await _load(db, row["tenant"], row["member"], department=row["department"], version=version)
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return found


async def _load(db: Database, tenant: int, member: str, *, department: str | None, version: int) -> _Grants:
    # The version was read before what it stands for: at worst newer grants are kept under an older
    # version and read once more.
    roles = await stored.roles_of_member(db, tenant, member)
    tree = {row["id"]: row["parent"] for row in await stored.departments(db, tenant)} if department else {}
    bodies = [(row["id"], row["name"], role_body(row["rules"])) for row in roles]
    return _Grants(
        version=version,
        department=department,
        departments=below(tree, department) if department else frozenset(),
        roles=tuple(row["id"] for row in roles),
        role_codes=frozenset(row["code"] for row in roles),
        role_names=tuple(row["name"] for row in roles),
        permissions=frozenset(p for _id, _name, body in bodies for p in body["permissions"] if p in ADMIN_PERMISSIONS),
        rules=Rules(tuple(rule for id, name, body in bodies for rule in rules_of(id, name, rules=body["rules"]))),
    )


def role_body(text: str) -> dict[str, Any]:
    """The stored JSON of a role: {"permissions": [...], "rules": [...]}."""
    body = exact.loads(text or "{}")
    return {"permissions": body.get("permissions", []), "rules": body.get("rules", [])}


def rules_of(role: str, name: str, *, rules: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Stored rules as values. What is not understood grants nothing."""
    found = []
    for rule in rules:
        actions = tuple(action for action in ACTIONS if action in rule.get("actions", ()))
        fields = rule.get("fields")
        if actions and rule.get("rows", "all") in ROWS:
            found.append(
                Rule(
                    role=role,
                    role_name=name,
                    forms=tuple(rule.get("forms", ())),
                    actions=actions,
                    rows=rule.get("rows", "all"),
                    fields=None if fields is None else frozenset(fields),
                    hides=frozenset(rule.get("except") or ()),
                    when=rule.get("when") or "",
                )
            )
    return found


def account_of(row: Mapping[str, Any], *, id: str = "id") -> Account:
    return Account(
        id=row[id],
        login=row["login"],
        name=row["name"],
        language=row["language"],
        active=bool(row["active"]),
        operator=bool(row["operator"]),
    )


async def access_of(db: Database, tenant: int, member: str) -> Access:
    """The access of a member without a session: for jobs, the command line and tests."""
    row = await stored_sessions.who_by_member(db, tenant, member)
    found = await AccessCache().access(db, row, via="session") if row else None
    if found is None:
        raise NotFound(_("没有这个人，或他不在本单位。"))
    return found


def system_access(tenant: Tenant, *, language: str = "zh") -> Access:
    """The installation itself at work in `tenant` (start, jobs, demo data): everything, as nobody."""
    everything = Rule(role="", role_name="", forms=("*",), actions=ACTIONS)
    member = Member(id="", account="", login="", name="", department=None, permissions=frozenset(ADMIN_PERMISSIONS))
    return Access(tenant=tenant, member=member, language=language, rules=Rules((everything,)), via="system")
