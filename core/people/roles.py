"""Roles: the built-in ones, and what an administrator makes of them; every change is checked here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import new_id
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.forms import typed_filter
from core.i18n import _
from core.people.access import role_body
from core.people.licences import must_write
from core.people.model import ACTIONS, ADMIN_PERMISSIONS, ROWS, Access, Role
from core.store import UniqueViolation
from core.store import people as stored

if TYPE_CHECKING:
    from core.forms import FormSet
    from core.store import Database

LONGEST_NAME = 32
MOST_RULES = 500
LONGEST_CONDITION = 2_000  # characters of a rule's condition
_PATTERN = re.compile(r"\*|[a-z][a-z0-9_]*\.(\*|[a-z][a-z0-9_]*)")
BUILT_IN = (
    ("admin", "系统管理员", ADMIN_PERMISSIONS, [{"forms": ["*"], "actions": list(ACTIONS), "rows": "all"}]),
    ("editor", "业务人员", (), [{"forms": ["*"], "actions": list(ACTIONS), "rows": "all"}]),
    ("viewer", "只读", (), [{"forms": ["*"], "actions": ["read", "export"], "rows": "all"}]),
)


async def create_built_in(db: Database, tenant: int) -> None:
    """The roles every tenant begins with."""
    for code, name, permissions, rules in BUILT_IN:
        body = exact.dumps({"permissions": list(permissions), "rules": rules})
        await stored.insert_role(db, tenant, id=new_id(), code=code, name=name, module=None, rules=body)


async def roles(db: Database, tenant: int) -> tuple[Role, ...]:
    return await _all(db, tenant)


async def role(db: Database, tenant: int, id: str) -> Role:
    for found in await roles(db, tenant):
        if found.id == id:
            return found
    raise NotFound(_("这个角色不存在或已被删除。"))


async def create_role(
    db: Database,
    access: Access,
    *,
    name: str,
    permissions: Sequence[str] = (),
    rules: Sequence[Mapping[str, Any]] = (),
    code: str | None = None,
    module: str | None = None,
    forms: FormSet | None = None,
) -> str:
    """`code` and `module` are given where a module offers the role; `forms` to check the rules' conditions by."""
    name, body = _checked(access, name, permissions=permissions, rules=rules, forms=forms)
    id = new_id()
    tenant = access.tenant.id
    must_write(access.tenant)
    async with db.write():
        await stored.bump_definitions(db, tenant)
        await _check_name(db, tenant, name, but=None)
        try:
            await stored.insert_role(db, tenant, id=id, code=code or id.lower(), name=name, module=module, rules=body)
        except UniqueViolation:
            raise Conflict(_("这个角色已经有了。")) from None
    return id


async def change_role(
    db: Database,
    access: Access,
    *,
    id: str,
    name: str,
    permissions: Sequence[str],
    rules: Sequence[Mapping[str, Any]],
    forms: FormSet | None = None,
) -> None:
    """Replace a role's name, permissions and rules; `forms` to check the rules' conditions by."""
    name, body = _checked(access, name, permissions=permissions, rules=rules, forms=forms)
    tenant = access.tenant.id
    must_write(access.tenant)
    async with db.write():
        await stored.bump_definitions(db, tenant)
        before = await role(db, tenant, id)
        if before.fixed:
            raise Forbidden(_("“{name}”角色不能修改，以免无人能够管理。可以另建一个角色。", name=before.name))
        may_grant(access, before.permissions)
        await _check_name(db, tenant, name, but=id)
        await stored.update_role(db, tenant, id, name=name, rules=body)
        await check_administered(db, access)


async def delete_role(db: Database, access: Access, *, id: str) -> None:
    tenant = access.tenant.id
    must_write(access.tenant)
    async with db.write():
        await stored.bump_definitions(db, tenant)
        before = await role(db, tenant, id)
        if before.fixed:
            raise Forbidden(_("“{name}”角色不能删除，以免无人能够管理。", name=before.name))
        may_grant(access, before.permissions)
        if before.members:
            raise Conflict(_("还有 {n} 人是“{name}”，请先给他们换一个角色。", n=before.members, name=before.name))
        await stored.delete_role(db, tenant, id)


def may_grant(access: Access, permissions: Sequence[str]) -> None:
    """Nobody hands out, or takes from others, administration that he does not hold himself."""
    if set(permissions) - access.member.permissions:
        raise Forbidden(_("您自己没有这些管理权限，不能授予或收回它们。"))


async def check_reach(db: Database, access: Access, member: str) -> None:
    """Whoever holds more administration than oneself is out of reach."""
    for row in await stored.roles_of_member(db, access.tenant.id, member):
        may_grant(access, role_body(row["rules"])["permissions"])


async def check_administered(db: Database, access: Access) -> None:
    """Refuse, inside the transaction, a change after which nobody, or not its maker, manages people."""
    holders = {
        row["member"]
        for row in await stored.active_holders(db, access.tenant.id)
        if "people" in role_body(row["rules"])["permissions"]
    }
    if not holders:
        raise Conflict(_("这样就没有人能管理人员了。请先指定另一位系统管理员。"))
    if access.via != "system" and access.member.id not in holders:
        raise Conflict(_("这样您自己就不能再管理人员了。请由另一位管理员来改。"))


def _checked(
    access: Access,
    name: str,
    *,
    permissions: Sequence[str],
    rules: Sequence[Mapping[str, Any]],
    forms: FormSet | None,
) -> tuple[str, str]:
    name = " ".join(name.split())
    problems = []
    if not name:
        problems.append(Problem("name", "required", _("请填写角色名称。")))
    if len(name) > LONGEST_NAME:
        problems.append(Problem("name", "too_long", _("名称最多 {n} 个字。", n=LONGEST_NAME)))
    if set(permissions) - set(ADMIN_PERMISSIONS):
        problems.append(Problem("permissions", "choice", _("没有这种管理权限。")))
    if len(rules) > MOST_RULES:
        problems.append(Problem("rules", "too_many", _("一个角色最多 {n} 条规则。", n=MOST_RULES)))
    clean = []
    for place, rule in enumerate(rules):
        message = _wrong(rule)
        kept = {} if message else _stored_rule(rule)
        if kept.get("when") and forms is not None:
            kept["when"], message = _condition(kept, forms)
        if message:
            problems.append(Problem(f"rules.{place}", "rule", message))
        else:
            clean.append(kept)
    if problems:
        raise Invalid(problems)
    may_grant(access, permissions)
    return name, exact.dumps({"permissions": [p for p in ADMIN_PERMISSIONS if p in permissions], "rules": clean})


def _wrong(rule: Mapping[str, Any]) -> str:
    """What is wrong with a rule, in words; "" when nothing is."""
    if unknown := set(rule) - {"forms", "actions", "rows", "when", "fields", "except"}:
        return _("规则里有不认识的内容：{names}。", names="、".join(sorted(unknown)))
    forms, actions = rule.get("forms") or (), rule.get("actions") or ()
    if not forms or not all(isinstance(form, str) and _PATTERN.fullmatch(form) for form in forms):
        return _("请写明规则管哪些表单。")
    if not actions or set(actions) - set(ACTIONS):
        return _("请写明规则允许做什么。")
    if rule.get("rows", "all") not in ROWS:
        return _("数据范围只能是全部、本人或本部门。")
    when = rule.get("when", "")
    if not isinstance(when, str) or len(when) > LONGEST_CONDITION:
        return _("数据条件不对，最多 {n} 个字。", n=LONGEST_CONDITION)
    if when and any(form.endswith("*") for form in forms):
        return _("带数据条件的规则要写明是哪张表单。")
    for names in (rule.get("fields"), rule.get("except")):
        if names is not None and not all(isinstance(name, str) and 0 < len(name) <= 64 for name in names):
            return _("字段名单不对。")
    return ""


def _condition(rule: Mapping[str, Any], forms: FormSet) -> tuple[str, str]:
    """A rule's condition in codes of fields, and what is wrong with it in words. A form that is off is not asked."""
    text = rule["when"]
    for name in rule["forms"]:
        if name in forms:
            codes, faults = typed_filter(forms.get(name), rule["when"])
            if faults:
                said = {"line": faults[0].line, "column": faults[0].column, "message": faults[0].message}
                title = forms.get(name).title
                return text, _("“{form}”的数据条件第 {line} 行第 {column} 个字：{message}", form=title, **said)
            text = codes
    return text, ""


def _stored_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "forms": list(dict.fromkeys(rule["forms"])),
        "actions": [action for action in ACTIONS if action in rule["actions"]],
        "rows": rule.get("rows", "all"),
    }
    if rule.get("when", "").strip():
        kept["when"] = rule["when"].strip()
    if rule.get("fields") is not None:
        kept["fields"] = list(dict.fromkeys(rule["fields"]))
    if rule.get("except"):
        kept["except"] = list(dict.fromkeys(rule["except"]))
    return kept


async def _check_name(db: Database, tenant: int, name: str, *, but: str | None) -> None:
    if any(r.name == name and r.id != but for r in await roles(db, tenant)):
        raise Invalid([Problem("name", "taken", _("已有叫“{name}”的角色。", name=name))])


async def _all(db: Database, tenant: int) -> tuple[Role, ...]:
    return tuple(_role(row) for row in await stored.roles(db, tenant))


def _role(row: Mapping[str, Any]) -> Role:
    body = role_body(row["rules"])
    return Role(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        module=row["module"],
        permissions=tuple(body["permissions"]),
        rules=tuple(body["rules"]),
        members=row["members"],
    )
