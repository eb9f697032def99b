"""An office with one form of every kind of field, two people in it, and a neighbour who must see nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx
import pytest
from argon2 import PasswordHasher
from litestar import Litestar

from core import people
from core.context import Context
from core.definitions import create_form, publish, save_draft
from core.people import passwords
from core.testing import PASSWORD, new_member, new_tenant, refreshed

TEXT = {"type": "string", "x-type": "text"}
DEFINITION = {
    "title": "合同台账", "description": "登记合同。", "type": "object", "x-icon": "file", "x-key": ["code"],
    "x-label": "name", "x-list": ["code", "name", "amount", "kind", "signed"], "required": ["code", "name"],
    "properties": {
        "code": TEXT | {"title": "编号", "maxLength": 20},
        "name": TEXT | {"title": "名称", "maxLength": 80},
        "amount": {"x-type": "money", "title": "金额", "x-decimals": 2, "x-unit": "元", "x-section": "金额"},
        "days": {"x-type": "integer", "title": "工期", "x-section": "金额"},
        "kind": {"x-type": "choice", "title": "类别", "x-choices": [
            {"value": "main", "title": "总包", "color": "blue"}, {"value": "sub", "title": "分包", "color": "green"}]},
        "tags": {"x-type": "choices", "title": "标签", "x-choices": [
            {"value": "a", "title": "暂估"}, {"value": "b", "title": "固定总价"}]},
        "signed": {"x-type": "date", "title": "签订日期"},
        "filed": {"x-type": "datetime", "title": "备案时间"},
        "urgent": {"x-type": "boolean", "title": "紧急"},
        "owner": {"x-type": "person", "title": "经办人"},
        "parent": {"x-type": "reference", "title": "上级合同", "x-ref": "own.contract"},
        "phone": {"x-type": "phone", "title": "电话", "x-pii": True},
        "place": {"x-type": "place", "title": "地点"},
        "scan": {"x-type": "file", "title": "扫描件"},
        "note": {"x-type": "longtext", "title": "备注"},
        "lines": {"x-type": "rows", "title": "清单", "type": "array", "items": {
            "type": "object", "required": ["item"],
            "properties": {
                "item": TEXT | {"title": "项目名称"},
                "price": {"x-type": "money", "title": "单价", "x-decimals": 2},
                "under": {"x-type": "reference", "title": "归属合同", "x-ref": "own.contract"},
            },
        }},
    },
}  # fmt: skip
FORM = "own.contract"
PATH = f"/forms/{FORM}"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with little work: what is tested here is not how slow it is."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobody.cache_clear()


@dataclass
class Browser:
    """What one person's browser does: keeps the session, sends back the token of the page."""

    client: httpx.AsyncClient
    cookie: str
    token: str = ""

    def headers(self, *, part: bool = False, **more: str) -> dict[str, str]:
        found = {"Cookie": f"dougong={self.cookie}", "Accept": "text/html"}
        if part:
            found |= {"HX-Request": "true", "HX-Request-Type": "partial"}
        return found | more

    async def get(self, path: str, *, part: bool = False, **more: str) -> httpx.Response:
        answer = await self.client.get(path, headers=self.headers(part=part, **more))
        found = re.search(r'X-CSRF-Token":"([^"]+)"', answer.text)
        self.token = found.group(1) if found else self.token
        return answer

    async def post(self, path: str, fields: dict, *, part: bool = False, **more: str) -> httpx.Response:
        if not self.token:
            await self.get("/")
        headers = self.headers(part=part, **{"X-CSRF-Token": self.token}, **more)
        return await self.client.post(path, data=fields, headers=headers)


@dataclass
class Office:
    client: httpx.AsyncClient
    app: Litestar
    admin: Context
    clerk: Context
    viewer: Context
    neighbour: Context

    async def browser(self, ctx: Context) -> Browser:
        db = self.app.state.platform.db
        token = await people.sign_in(db, ctx.member.login, password=PASSWORD, address=None, hours=12)
        return Browser(self.client, token)

    async def contract(self, **data: object) -> str:
        """A stored contract; its id."""
        given = {"code": "HT-1", "name": "外墙保温合同"} | data
        return (await self.admin.records.create(FORM, given)).id


@pytest.fixture
async def office(app: Litestar, client: httpx.AsyncClient) -> Office:
    platform = app.state.platform
    admin = await new_tenant(platform, "aa")
    name = await create_form(admin, title="合同台账", code="contract")
    await save_draft(admin, name, DEFINITION)
    await publish(admin, name, note="第一版")
    admin = await refreshed(platform, admin)
    clerk = await new_member(platform, admin, "clerk", roles=("editor",))
    viewer = await new_member(platform, admin, "viewer", roles=("viewer",))
    neighbour = await new_tenant(platform, "bb")
    return Office(client, app, admin, clerk, viewer, neighbour)
