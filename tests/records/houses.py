"""Two tenants with the same two forms, members with whatever rules a test gives them, hooks a test may set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.clock import new_id, now
from core.forms import Catalogue, FormSet, StoredDefinition, assign_slots
from core.people import ACTIONS, Access, Member, Rule, Rules, Tenant
from core.records import Records
from core.store import Database
from core.store import people as stored

PROJECT = {
    "title": "项目",
    "properties": {
        "code": {"title": "编码", "x-type": "text", "maxLength": 20},
        "name": {"title": "名称", "x-type": "text", "maxLength": 50},
        "status": {"title": "状态", "x-type": "choice", "x-choices": [
            {"value": "open", "title": "进行"}, {"value": "done", "title": "完成"}]},
        "budget": {"title": "预算", "x-type": "money", "x-decimals": 2, "minimum": 0},
        "area": {"title": "面积", "x-type": "decimal", "x-decimals": 3},
        "floors": {"title": "层数", "x-type": "integer"},
        "start": {"title": "开工", "x-type": "date"},
        "met": {"title": "会议", "x-type": "datetime"},
        "urgent": {"title": "加急", "x-type": "boolean"},
        "tags": {"title": "标签", "x-type": "choices", "x-choices": [
            {"value": "road", "title": "道路"}, {"value": "water", "title": "水"}]},
        "manager": {"title": "负责人", "x-type": "person"},
        "parent": {"title": "上级", "x-type": "reference", "x-ref": "own.project"},
        "note": {"title": "说明", "x-type": "longtext"},
        "phone": {"title": "电话", "x-type": "phone"},
        "site": {"title": "地点", "x-type": "place"},
        "papers": {"title": "附件", "x-type": "file"},
    },
    "required": ["code", "name"],
    "x-key": ["code"],
    "x-list": ["code", "name", "status", "budget"],
    "x-label": "name",
}  # fmt: skip
ENTRY = {
    "title": "支出",
    "properties": {
        "project": {"title": "项目", "x-type": "reference", "x-ref": "own.project"},
        "amount": {"title": "金额", "x-type": "money", "x-decimals": 2},
        "day": {"title": "日期", "x-type": "date"},
        "memo": {"title": "摘要", "x-type": "text"},
        "lines": {"title": "明细", "x-type": "rows", "items": {"type": "object", "properties": {
            "item": {"title": "品名", "x-type": "text"},
            "price": {"title": "单价", "x-type": "money", "x-decimals": 2},
            "target": {"title": "用于", "x-type": "reference", "x-ref": "own.project"}}}},
    },
    "required": ["project", "amount"],
    "x-list": ["project", "amount", "day"],
    "x-label": "memo",
}  # fmt: skip
Hook = Callable[..., Awaitable[Any]]


class Hooks:
    """Stands for the caller of modules' hooks: a test sets what it wants sent."""

    def __init__(self) -> None:
        self.set: dict[str, list[Hook]] = {}

    def has(self, hook: str, form: str = "") -> bool:
        return bool(self.set.get(hook))

    async def call(self, hook: str, **values: Any) -> list[Any]:
        answers = [await one(**values) for one in self.set.get(hook, ())]
        return [answer for answer in answers if answer is not None]


def rule(
    forms: str = "*",
    *actions: str,
    rows: str = "all",
    fields: Iterable[str] | None = None,
    hides: Iterable[str] = (),
    when: str = "",
) -> Rule:
    return Rule(
        role="r",
        role_name="r",
        forms=(forms,),
        actions=actions or ACTIONS,  # type: ignore[arg-type]
        rows=rows,  # type: ignore[arg-type]
        fields=None if fields is None else frozenset(fields),
        hides=frozenset(hides),
        when=when,
    )


def form_set(**forms: Mapping[str, Any]) -> FormSet:
    own = {
        f"own.{name}": StoredDefinition(f"own.{name}", 1, assign_slots(definition))
        for name, definition in forms.items()
    }
    return FormSet(Catalogue({}, {}), own=own)


@dataclass
class House:
    """One tenant of a test. `member()` gives the Records of a new member with these rules (none: everything)."""

    db: Database
    tenant: Tenant
    forms: FormSet
    hooks: Hooks = field(default_factory=Hooks)

    async def member(self, *rules: Rule, department: str | None = None, name: str = "张三") -> Records:
        at, account, id = now(), new_id(), new_id()
        await self.db.execute(
            "INSERT INTO account (id, login, name, password_hash, language, active, operator, created_at)"
            " VALUES ($1, $2, $3, '', 'zh', 1, 0, $4)", account, f"login-{account.lower()}", name, at,
        )  # fmt: skip
        await stored.insert_member(
            self.db, self.tenant.id, id=id, account=account, name=name, department=department, at=at
        )
        member = Member(
            id=id, account=account, login=account, name=name, department=department,
            departments=frozenset([department] if department else []),
        )  # fmt: skip
        access = Access(tenant=self.tenant, member=member, language="zh", rules=Rules(rules or (rule(),)))
        records = Records(self.db, access, forms=self.forms, hooks=self.hooks)
        records.context = records
        return records

    def again(self, records: Records, *rules: Rule) -> Records:
        """The same member with other rules."""
        access = Access(
            tenant=self.tenant, member=records.access.member, language="zh", rules=Rules(rules or (rule(),))
        )
        return Records(self.db, access, forms=self.forms, hooks=self.hooks)


async def house(db: Database, code: str, forms: FormSet | None = None) -> House:
    id = await stored.insert_tenant(db, code=code, name=code, at=now(), licence="{\"edition\":\"professional\"}")
    tenant = Tenant(id=id, code=code, name=code, definitions_version=1)
    return House(db, tenant, forms or form_set(project=PROJECT, entry=ENTRY))
