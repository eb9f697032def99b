"""The pages of people, through the whole application."""

from __future__ import annotations

import re

import pytest
from litestar import Litestar

from core import people
from core.testing import PASSWORD, new_member, new_tenant

BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "Origin": "http://testserver.local"}


class Visitor:
    """Somebody at a browser: follows no redirects, takes the token from the page he is on."""

    def __init__(self, client) -> None:
        self.client = client
        client.headers.update(BROWSER)

    async def get(self, path: str) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
        return answer.text

    async def press(self, page: str, path: str, **data):
        token = re.search(r'name="_csrf" value="([^"]+)"', await self.get(page))
        return await self.client.post(path, data={"_csrf": token[1]} | data)

    async def sign_in(self, login: str, password: str = PASSWORD):
        return await self.press("/sign-in", "/sign-in", login=login, password=password)


@pytest.fixture
async def a(client, app: Litestar):
    return await new_tenant(app.state.platform, "aa", modules=("cost_center",))


@pytest.fixture
async def visitor(client, a) -> Visitor:
    made = Visitor(client)
    await made.sign_in("aa-admin")
    return made


def hidden(html: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', html)[1]


async def test_the_way_in_and_out(client, a):
    made = Visitor(client)
    wrong = await made.sign_in("aa-admin", "wrong")
    assert wrong.status_code == 401
    assert "登录名或密码不对" in wrong.text
    assert 'value="aa-admin"' in wrong.text
    assert (await made.sign_in("aa-admin")).headers["location"] == "/"
    assert (await client.get("/sign-in")).headers["location"] == "/"
    assert "Tenant aa" in await made.get("/me")
    assert (await made.press("/me", "/sign-out")).headers["location"] == "/sign-in"
    assert (await client.get("/me")).status_code == 303


async def test_a_colleague_is_added_and_signs_in_with_the_password_shown_once(visitor, client, a):
    viewer = next(r.id for r in await people.roles(a.db, a.tenant.id) if r.code == "viewer")
    answer = await visitor.press(
        "/admin/people/new", "/admin/people", login="xiaozhang", name="小张", roles=viewer, department=""
    )
    assert answer.status_code == 200
    password = re.search(r'<code id="secret">([^<]+)<', answer.text)[1]
    assert answer.headers["cache-control"] == "no-store"
    assert password not in await visitor.get("/admin/people")
    client.cookies.clear()
    assert (await visitor.sign_in("xiaozhang", password)).headers["location"] == "/"
    assert (await client.get("/admin/people")).status_code == 403


async def test_what_is_wrong_is_said_beside_the_field_and_nothing_typed_is_lost(visitor):
    answer = await visitor.press("/admin/people/new", "/admin/people", login="has space", name="小<张>")
    assert answer.status_code == 422
    assert "登录名为 2 至 64 个字" in answer.text
    assert 'value="has space"' in answer.text
    assert "小&lt;张&gt;" in answer.text


async def test_a_person_is_changed_switched_off_and_found(visitor, a, app):
    ed = (await new_member(app.state.platform, a, "ed", roles=["editor"])).member
    path = f"/admin/people/{ed.id}"
    assert "业务人员" in await visitor.get(path)
    answer = await visitor.press(path, path, name="艾德", active="0")
    assert answer.headers["location"] == "/admin/people"
    assert "艾德" not in await visitor.get("/admin/people")
    assert "艾德" in await visitor.get("/admin/people?state=off&q=艾")


async def test_the_last_administrator_is_told_why_not(visitor, a):
    path = f"/admin/people/{a.member.id}"
    answer = await visitor.press(path, path, name="aa-admin", active="1")
    assert answer.status_code == 409
    assert "没有人能管理人员" in answer.text


async def test_a_password_is_reset_and_shown_once(visitor, a, app):
    ed = (await new_member(app.state.platform, a, "ed", roles=["editor"])).member
    answer = await visitor.press(f"/admin/people/{ed.id}", f"/admin/people/{ed.id}/password")
    password = re.search(r'<code id="secret">([^<]+)<', answer.text)[1]
    assert await people.sign_in(a.db, "ed", password=password, address=None, hours=1)


async def test_a_role_is_made_and_edited_as_a_table(visitor, client, a):
    answer = await visitor.press("/admin/roles", "/admin/roles", name="项目经理", like="")
    path = answer.headers["location"]
    shown = await visitor.get(path)
    field = list(a.forms.get("cost_center.contract").fields)[-1]
    data = {
        "name": "项目经理",
        "seen": hidden(shown, "seen"),
        "c:cost_center.contract:read": "own",
        "c:cost_center.contract:create": "all",
        "see:cost_center.contract": "except",
        "see-fields:cost_center.contract": field,
    }
    assert (await visitor.press(path, path, **data)).headers["location"] == "/admin/roles"
    role = await people.role(a.db, a.tenant.id, path.rpartition("/")[2])
    assert [dict(rule) for rule in role.rules] == [
        {"forms": ["cost_center.contract"], "actions": ["read"], "rows": "own", "except": [field]},
        {"forms": ["cost_center.contract"], "actions": ["create"], "rows": "all"},
    ]
    again = await visitor.press(path, path, **data)  # with what was seen before that change
    assert again.status_code == 409
    assert "别人刚刚改过" in again.text
    assert 'value="own" selected' in again.text


async def test_departments_are_made_moved_and_removed(visitor, a):
    place = "/admin/departments"
    await visitor.press(place, place, name="工程部")
    (top,) = await people.departments(a.db, a.tenant.id)
    await visitor.press(place, place, name="一队", parent=top.id)
    refused = await visitor.press(place, f"{place}/{top.id}/delete")
    assert refused.status_code == 409
    assert "下级部门" in refused.text
    wrong = await visitor.press(place, f"{place}/{top.id}", name="", parent="")
    assert wrong.status_code == 422
    assert "请填写部门名称" in wrong.text
    below = next(d for d in await people.departments(a.db, a.tenant.id) if d.parent)
    await visitor.press(place, f"{place}/{below.id}/delete")
    assert [d.name for d in await people.departments(a.db, a.tenant.id)] == ["工程部"]


async def test_a_token_is_shown_once_works_and_is_revoked(visitor, client, a):
    answer = await visitor.press("/admin/tokens", "/admin/tokens", name="财务", member=a.member.id, days="30")
    token = re.search(r'<code id="secret">([^<]+)<', answer.text)[1]
    assert token not in await visitor.get("/admin/tokens")
    (listed,) = await people.tokens(a.db, a.tenant.id)
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/api/v1/forms", headers=headers)).status_code == 200
    await visitor.press("/admin/tokens", f"/admin/tokens/{listed.id}/revoke")
    assert (await client.get("/api/v1/forms", headers=headers)).status_code == 401


async def test_who_belongs_to_two_tenants_switches_between_them(client, app, a):
    b = await new_tenant(app.state.platform, "bb")
    account = await people.account_by_login(a.db, "aa-admin")
    await people.add_member(a.db, b.tenant.id, account=account.id, roles=["viewer"])
    made = Visitor(client)
    choice = await made.sign_in("aa-admin")
    assert "进入哪个单位" in choice.text
    await made.press("/tenant", "/tenant", tenant=str(b.tenant.id))
    before = client.cookies["dougong"]
    assert "Tenant bb" in await made.get("/me")
    assert (await client.get("/admin/people")).status_code == 403
    await made.press("/me", "/tenant", tenant=str(a.tenant.id))
    assert client.cookies["dougong"] != before
    assert "Tenant aa" in await made.get("/admin/people")
    await made.press("/me", "/sign-out")
    assert (await made.sign_in("aa-admin")).headers["location"] == "/"  # the last tenant is remembered
    assert "Tenant aa" in await made.get("/me")


async def test_a_changed_password_keeps_only_this_session(visitor, client, a):
    other = await people.sign_in(a.db, "aa-admin", password=PASSWORD, address=None, hours=1)
    before = client.cookies["dougong"]
    new = "a new long sentence"
    wrong = await visitor.press("/me", "/me/password", old_password="x", new_password=new, password_again=new)
    assert wrong.status_code == 422
    done = await visitor.press("/me", "/me/password", old_password=PASSWORD, new_password=new, password_again=new)
    assert "密码已修改" in done.text
    assert client.cookies["dougong"] != before
    assert "Tenant aa" in await visitor.get("/me")
    client.cookies.set("dougong", other, domain="testserver.local")
    assert (await client.get("/me")).status_code == 303


async def test_every_page_of_people_speaks_english(visitor, a, app):
    ed = (await new_member(app.state.platform, a, "ed", roles=["editor"])).member
    await visitor.press("/me", "/language", language="en", to="/me")
    roles = await people.roles(a.db, a.tenant.id)
    role, names = roles[1].id, [r.name for r in roles if r.module]
    for path in (
        "/me",
        "/admin/people",
        "/admin/people/new",
        f"/admin/people/{ed.id}",
        "/admin/roles",
        f"/admin/roles/{role}",
        "/admin/departments",
        "/admin/tokens",
    ):
        html = await visitor.get(path)
        main = re.sub(r"<[^>]+>", " ", html.split("<main")[1].split("</main>")[0])
        for role_name in names:  # words of the tenant's own
            main = main.replace(role_name, "")
        assert re.findall(r"[一-鿿]{2,}", main.replace("Tenant aa", "").replace("中文", "")) == [], path


async def test_what_was_typed_before_the_session_ended_comes_back(visitor, client, a):
    shown = await visitor.get("/admin/people/new")
    await a.db.execute("UPDATE session SET expires_at = '2026-01-01T00:00:00.000000Z'")
    data = {"_csrf": hidden(shown, "_csrf"), "login": "xiaowang", "name": "小王", "department": ""}
    answer = await client.post("/admin/people", data=data)
    assert answer.status_code == 401
    assert "您刚才填写的内容还在" in answer.text
    data = {name: hidden(answer.text, name) for name in ("_csrf", "carried", "to")}
    answer = await client.post("/sign-in", data=data | {"login": "aa-admin", "password": PASSWORD})
    assert "继续" in answer.text
    data = {name: hidden(answer.text, name) for name in ("_csrf", "_restored", "login", "name", "department")}
    answer = await client.post("/admin/people", data=data)
    assert answer.status_code == 200
    assert 'value="xiaowang"' in answer.text
    assert "xiaowang" not in {p.login for p in await people.people(a.db, a.tenant.id)}


async def test_what_another_account_typed_is_not_shown(visitor, client, a, app):
    await new_member(app.state.platform, a, "ed", roles=["admin"])
    shown = await visitor.get("/admin/people/new")
    await a.db.execute("UPDATE session SET expires_at = '2026-01-01T00:00:00.000000Z'")
    data = {"_csrf": hidden(shown, "_csrf"), "login": "xiaowang", "name": "保密的名字"}
    answer = await client.post("/admin/people", data=data)
    data = {name: hidden(answer.text, name) for name in ("_csrf", "carried", "to")}
    answer = await client.post("/sign-in", data=data | {"login": "ed", "password": PASSWORD})
    assert "没有恢复刚才填写的内容" in answer.text
    assert "保密的名字" not in answer.text


async def test_a_role_gets_a_condition_as_it_is_spoken_and_is_told_what_is_wrong_with_it(visitor, client, a):
    path = (await visitor.press("/admin/roles", "/admin/roles", name="大额", like="")).headers["location"]
    amount = a.forms.get("cost_center.contract").fields["amount_gross"].title
    data = {
        "name": "大额", "seen": hidden(await visitor.get(path), "seen"), "c:cost_center.contract:read": "all",
        "when:cost_center.contract": f"[{amount}] >= 10000 * 100",
    }  # fmt: skip
    wrong = await visitor.press(path, path, **{**data, "when:cost_center.contract": f"[{amount}] >= 没有这项"})
    assert wrong.status_code == 422
    assert "没有叫“没有这项”的字段" in wrong.text
    assert "没有这项&lt;" in wrong.text or "没有这项</textarea>" in wrong.text
    idle = await visitor.press(path, path, **{**data, "c:cost_center.contract:read": ""})
    assert "这一行没有选择能做什么" in idle.text
    assert (await visitor.press(path, path, **data)).headers["location"] == "/admin/roles"
    role = await people.role(a.db, a.tenant.id, path.rpartition("/")[2])
    assert [dict(rule) for rule in role.rules] == [
        {"forms": ["cost_center.contract"], "actions": ["read"], "rows": "all", "when": "amount_gross >= 10000 * 100"}
    ]
    assert f"只限 [{amount}] &gt;= 10000 * 100" in await visitor.get("/admin/roles")
    check = "/admin/roles/condition/cost_center.contract?when:x="
    assert "现在有 0 条符合" in await visitor.get(f"{check}amount_gross > 1")
    assert "公式没有写完" in await visitor.get(f"{check}amount_gross -")
