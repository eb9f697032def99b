"""A tenant's form with states, the people who take its steps, and records in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core import people
from core.context import Context
from core.platform import Platform
from core.testing import new_member, refreshed
from tests.designer.designing import published

FORM = "own.bill"
BILL: Mapping[str, Any] = {
    "title": "付款单", "type": "object", "required": ["code"], "x-key": ["code"], "x-label": "code",
    "x-list": ["code", "state", "amount"],
    "properties": {
        "code": {"title": "编号", "x-type": "text", "maxLength": 12},
        "amount": {"title": "金额", "x-type": "money"},
        "double": {"title": "两倍", "x-type": "money", "x-formula": "amount * 2"},
        "opinion": {"title": "审批意见", "x-type": "text"},
        "paid": {"title": "付款日期", "x-type": "date"},
        "state": {"title": "状态", "x-type": "choice", "x-choices": [
            {"value": "draft", "title": "草稿"}, {"value": "sent", "title": "待审批", "color": "blue"},
            {"value": "good", "title": "已批准", "color": "green"}, {"value": "done", "title": "已付款"},
        ]},
    },
    "x-states": {"field": "state", "initial": "draft", "states": {
        "sent": {"read_only": ["code", "amount"], "required": ["amount"]},
        "good": {"read_only": True},
        "done": {"read_only": True, "final": True},
    }},
    "x-flow": [
        {"code": "send", "title": "提交", "from": ["draft"], "to": "sent", "when": "amount > 0",
         "message": "金额应大于零"},
        {"code": "back", "title": "退回", "from": ["sent"], "to": "draft", "roles": ["chief"], "comment": "required"},
        {"code": "agree", "title": "批准", "from": ["sent"], "to": "good", "roles": ["chief"],
         "required": ["opinion"], "apart": ["send"]},
        {"code": "pay", "title": "付款", "from": ["good"], "to": "done", "roles": ["chief"], "required": ["paid"],
         "comment": "none"},
    ],
}  # fmt: skip
READ = {"forms": ["own.*"], "actions": ["read"], "rows": "all"}


@dataclass(frozen=True)
class Office:
    """One tenant: `clerk` may edit, `chief` only reads and holds the role of the steps, `both` does both."""

    clerk: Context
    chief: Context
    both: Context

    async def bill(self, code: str = "B1", **more: Any) -> Any:
        return await self.clerk.records.create(FORM, {"code": code, "amount": 100, **more})

    async def sent(self, code: str = "B1") -> Any:
        made = await self.bill(code)
        return await self.clerk.flow.take(FORM, made.id, "send", revision=made.revision)


async def office(platform: Platform, admin: Context, definition: Mapping[str, Any] = BILL) -> Office:
    admin, _name = await published(platform, admin, "bill", definition)
    await people.create_role(platform.db, admin.access, name="主任", rules=[READ], code="chief")
    code = admin.tenant.code
    clerk = await new_member(platform, admin, f"{code}-clerk", roles=("editor",))
    chief = await new_member(platform, admin, f"{code}-chief", roles=("chief",))
    both = await new_member(platform, admin, f"{code}-both", roles=("editor", "chief"))
    return Office(*[await refreshed(platform, one) for one in (clerk, chief, both)])
