"""What people meet: the end of a licence, a suspended tenant, seats, the operator's console; pages and API."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from core import people
from core.context import Context
from core.people import Licence, licences
from core.platform import Platform
from core.testing import PASSWORD, new_member, new_tenant
from tests.ui.conftest import Browser

FORM = "/forms/partners.company"
COMPANY = {"code": "C1", "name": "甲公司", "kind": "supplier", "status": "qualified"}


@dataclass
class Town:
    """Two tenants with a company each, and an operator who belongs to none."""

    platform: Platform
    client: httpx.AsyncClient
    mine: Context
    other: Context

    async def browser(self, login: str) -> Browser:
        token = await people.sign_in(self.platform.db, login, password=PASSWORD, address=None, hours=1)
        found = Browser(self.client, token)
        await found.get("/operator" if login == "ops" else "/")
        return found

    async def api(self, ctx: Context) -> dict[str, str]:
        token = await people.create_token(self.platform.db, ctx.access, member=ctx.member.id, name="t", days=30)
        return {"Authorization": f"Bearer {token}"}

    async def licence(self, ctx: Context, licence: Licence) -> None:
        operator = await people.account_by_login(self.platform.db, "ops")
        await people.set_licence(self.platform.db, operator, ctx.tenant.id, licence, vendor_key="")


@pytest.fixture
async def town(app: Any, client: httpx.AsyncClient) -> Town:
    platform = app.state.platform
    await people.create_account(platform.db, login="ops", name="运营", password=PASSWORD, operator=True)
    found = [await new_tenant(platform, code, modules=("partners",)) for code in ("aa", "bb")]
    for ctx in found:
        await ctx.records.create("partners.company", COMPANY)
    return Town(platform, client, *found)


async def ended(town: Town, *, days_left: float = -1) -> None:
    """The first tenant's trial, so that this many days are left of it."""
    moment = licences.clock.present() - licences.timedelta(days=people.TRIAL_DAYS - days_left)
    licence = replace(people.new_trial(), started_at=licences.clock.stamp(moment))
    text = licences.licence_text(licence)
    await town.platform.db.execute("UPDATE tenant SET licence = $2 WHERE id = $1", town.mine.tenant.id, text)


async def test_after_the_end_pages_say_why_and_lists_and_exports_go_on(town: Town) -> None:
    api = await town.api(town.mine)
    await ended(town)
    admin = await town.browser("aa-admin")
    listed = await admin.get(FORM)
    assert listed.status_code == 200
    assert "甲公司" in listed.text
    assert "试用已于" in listed.text
    assert f'href="{FORM}/new"' not in listed.text
    assert re.search(r'aria-disabled="true" title="试用已于[^"]+"', listed.text)
    for path in (f"{FORM}/new", f"{FORM}/import", "/admin/forms/new"):
        answer = await admin.get(path)
        assert answer.status_code in (200, 403), path
    refused = await admin.post(f"{FORM}/new", COMPANY | {"code": "C2"})
    assert refused.status_code == 403
    assert "现在只能查看" in refused.text
    records = "/api/v1/forms/partners.company/records"
    told = (await town.client.post(records, json={"data": COMPANY}, headers=api)).json()
    assert told["error"]["code"] == "read_only"
    assert "试用已于" in told["error"]["message"]
    for path in (f"{FORM}/export?format=csv", "/admin/people", "/admin/modules", "/admin/licence", "/me"):
        assert (await admin.get(path)).status_code == 200, path
    assert (await town.client.get("/api/v1/forms/partners.company/export?kind=csv", headers=api)).status_code == 200
    other = await town.browser("bb-admin")
    assert (await other.post(f"{FORM}/new", COMPANY | {"code": "C2"})).status_code == 303


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(("left", "said"), [(5.5, False), (4.5, True)])
async def test_everybody_is_told_from_five_days_before_the_end(town: Town, left: float, said: bool) -> None:
    await ended(town, days_left=left)
    await new_member(town.platform, town.mine, "vera", roles=("viewer",))
    assert ("试用还剩 5 天" in (await (await town.browser("vera")).get(FORM)).text) is said


async def test_a_suspended_tenant_shows_one_page_and_its_api_refuses(town: Town) -> None:
    api = await town.api(town.mine)
    admin = await town.browser("aa-admin")
    ops = await town.browser("ops")
    done = await ops.post(f"/operator/tenants/{town.mine.tenant.id}/suspend", {"why": "欠费"})
    assert done.status_code == 303
    for path in ("/", FORM, "/admin/people"):
        answer = await admin.get(path)
        assert answer.status_code == 403
        assert "已暂停使用" in answer.text
        assert "欠费" in answer.text
        assert "甲公司" not in answer.text
        assert "往来单位" not in answer.text
    refused = await town.client.get("/api/v1/forms/partners.company/records", headers=api)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "suspended")
    assert (await (await town.browser("bb-admin")).get(FORM)).status_code == 200
    await ops.post(f"/operator/tenants/{town.mine.tenant.id}/resume", {})
    assert (await admin.get(FORM)).status_code == 200
    told = (await admin.get("/admin/licence")).text
    assert "暂停使用：欠费" in told
    assert "已恢复使用" in told
    assert "欠费" not in (await (await town.browser("bb-admin")).get("/admin/licence")).text


async def test_an_operator_opens_a_tenant_and_its_first_password_is_shown_once(town: Town) -> None:
    ops = await town.browser("ops")
    refused = await ops.post("/operator/tenants", {"code": "Linxi", "name": "", "login": "wang"})
    assert refused.status_code == 422
    assert "代号为 2 至 32 位" in refused.text
    opened = await ops.post("/operator/tenants", {"code": "linxi", "name": "临溪", "login": "wang", "person": "王"})
    password = re.search(r'id="secret">([^<]+)<', opened.text)[1]
    assert opened.headers["Cache-Control"] == "no-store"
    assert password not in (await ops.get("/operator")).text
    token = await people.sign_in(town.platform.db, "wang", password=password, address=None, hours=1)
    assert "临溪" in (await Browser(town.client, token).get("/")).text
    tenant = await people.tenant_by_code(town.platform.db, "linxi")
    assert people.standing(tenant).days_left == people.TRIAL_DAYS
    assert "试用中" in (await ops.get("/operator")).text


async def test_an_operator_sets_a_licence_and_seats_and_the_tenant_sees_them(town: Town) -> None:
    ops, admin = await town.browser("ops"), await town.browser("aa-admin")
    place = f"/operator/tenants/{town.mine.tenant.id}"
    wrong = await ops.post(f"{place}/licence", {"edition": "professional", "seats": "none"})
    assert wrong.status_code == 422
    assert "席位为 1 至" in wrong.text
    fields = {"edition": "enterprise", "seats": "1", "modules": "nothing"}
    wrong = await ops.post(f"{place}/licence", fields)
    assert "没有安装模块 nothing" in wrong.text
    done = await ops.post(f"{place}/licence", fields | {"modules": "partners"})
    assert done.status_code == 303
    seats = await admin.get("/admin/people")
    assert "席位 1 / 1" in seats.text
    assert "席位已满" in seats.text
    refused = await admin.post("/admin/people", {"login": "new", "name": "新人"})
    assert refused.status_code == 422
    assert "1 个席位都已占用（在用 1 人）" in refused.text
    assert "未授权" in (await admin.get("/admin/modules")).text
    assert "席位 1" in (await admin.get("/admin/licence")).text
    assert "未授权" not in (await (await town.browser("bb-admin")).get("/admin/modules")).text


async def test_a_tenant_is_exported_fetched_and_brought_in_again_through_the_console(town: Town) -> None:
    ops = await town.browser("ops")
    place = f"/operator/tenants/{town.mine.tenant.id}"
    assert (await ops.post(f"{place}/archives", {})).status_code == 303
    await town.platform.archives.wait()
    (archive,) = town.platform.archives.of(town.mine.tenant.id)
    assert archive.name in (await ops.get(place)).text
    fetched = await ops.get(f"{place}/archives/{archive.name}")
    assert zipfile.ZipFile(io.BytesIO(fetched.content)).testzip() is None
    elsewhere = f"/operator/tenants/{town.other.tenant.id}/archives/{archive.name}"
    assert (await ops.get(elsewhere)).status_code == 404
    assert (await ops.get(f"{place}/archives/..%2F..%2Fsecret")).status_code == 404
    came = await town.client.post(
        "/operator/import", data={"code": "again"}, files={"archive": ("a.zip", fetched.content)},
        headers=ops.headers(**{"X-CSRF-Token": ops.token}),
    )  # fmt: skip
    assert came.status_code == 200
    assert "历史逐笔核对无误" in came.text
    assert "aa-admin@again" in came.text
    assert await people.tenant_by_code(town.platform.db, "again")
    bad = await town.client.post(
        "/operator/import", data={"code": "bad"}, files={"archive": ("a.zip", b"nothing")},
        headers=ops.headers(**{"X-CSRF-Token": ops.token}),
    )  # fmt: skip
    assert bad.status_code == 422
    assert (await ops.post(f"{place}/archives/{archive.name}/discard", {})).status_code == 303
    assert town.platform.archives.of(town.mine.tenant.id) == []
    acts = [act.act for act in await people.acts(town.platform.db, about=town.mine.tenant.id)]
    assert acts == ["discarded", "fetched", "exported"]
    assert "整体导出" in (await (await town.browser("aa-admin")).get("/admin/licence")).text


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_who_only_operates_arrives_at_the_console(town: Town) -> None:
    ops = await town.browser("ops")
    asked = await town.client.get("/tenant", headers=ops.headers(), follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/operator")
    assert (await ops.get("/operator/log")).status_code == 200


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_clock_set_back_is_said_to_administrators_and_operators_not_to_others(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.note_time(town.platform.db)
    await new_member(town.platform, town.mine, "vera", roles=("viewer",))
    back = licences.clock.present() - licences.timedelta(hours=2)
    monkeypatch.setattr(licences.clock, "present", lambda: back)
    words = "服务器的时钟"
    assert words in (await (await town.browser("aa-admin")).get("/")).text
    assert words not in (await (await town.browser("vera")).get("/")).text
    ops = await town.browser("ops")
    assert words in (await ops.get("/operator")).text
    await ops.post("/operator/clock", {})
    assert words not in (await ops.get("/operator")).text
