"""Sessions over HTTP: cookies, fixation, isolation of two tenants, switching, languages, tokens."""

from __future__ import annotations

from core import people
from tests.web.conftest import PASSWORD


async def test_signing_in_opens_the_tenant(client, town):
    answer = await client.sign_in("anna")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "甲单位" in (await client.get("/note")).text


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client, town):
    answer = await client.sign_in("anna")
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith("dougong=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie


async def test_secure_cookies_carry_the_host_prefix(client, town, web, settings):
    object.__setattr__(settings, "secure_cookies", True)
    client.base_url = "https://site.test"
    client.headers["Origin"] = "https://site.test"
    answer = await client.sign_in("anna")
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if "dougong=" in c]
    assert cookie.startswith("__Host-dougong=")
    assert "Secure" in cookie
    assert "max-age=31536000" in answer.headers["strict-transport-security"]


async def test_a_session_name_chosen_by_an_attacker_is_never_taken_up(client, town, db):
    client.cookies.set("dougong", "ATTACKER", domain="site.test")
    await client.sign_in("anna")
    assert client.cookies["dougong"] != "ATTACKER"
    client.cookies.set("dougong", "ATTACKER", domain="site.test")
    client.cookies.delete("dougong", domain="")
    assert (await client.get("/note")).status_code == 303
    assert len(await db.fetch("SELECT 1 AS one FROM session")) == 1


async def test_signing_in_again_replaces_the_token(client, town):
    await client.sign_in("anna")
    first = client.cookies["dougong"]
    await client.sign_in("anna")
    assert client.cookies["dougong"] != first


async def test_a_page_without_a_session_asks_to_sign_in_and_comes_back(client, town):
    answer = await client.get("/note?text=hello")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?to=/note%3Ftext%3Dhello")
    answer = await client.sign_in("anna", to="/note?text=hello")
    assert answer.headers["location"] == "/note?text=hello"


async def test_signing_in_never_leads_to_another_site(client, town):
    for evil in ("https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)", "/\nx"):
        assert (await client.sign_in("anna", to=evil)).headers["location"] == "/"


async def test_signing_out_ends_the_session(client, town):
    await client.sign_in("anna")
    kept = client.cookies["dougong"]
    answer = await client.post("/sign-out", data={"_csrf": await client.token("/note")})
    assert answer.headers["location"] == "/sign-in"
    assert "dougong" not in client.cookies
    client.cookies.set("dougong", kept)
    assert (await client.get("/note")).status_code == 303


async def test_one_tenants_session_shows_nothing_of_the_other(client, other, town):
    await client.sign_in("anna")
    await other.sign_in("boss")
    assert "乙单位" not in (await client.get("/note")).text
    assert "甲单位" not in (await other.get("/note")).text


async def test_who_has_no_tenant_chosen_is_sent_to_choose(client, town):
    await client.sign_in("both")
    answer = await client.get("/note")
    assert (answer.status_code, answer.headers["location"]) == (303, "/tenant")
    assert (await client.get("/api/v1/me")).status_code == 403


async def test_switching_the_tenant_switches_everything(client, town, db, small_app):
    token = await people.sign_in(db, "both", password=PASSWORD, address=None, hours=12, prefer=town.a)
    client.cookies.set("dougong", token)
    assert "甲单位" in (await client.get("/note")).text
    signed_in = await people.session_of(db, token, hours=12, cache=small_app.state.web.access_cache)
    client.cookies.set("dougong", await people.switch_tenant(db, signed_in, tenant=town.b, hours=12))
    page = (await client.get("/note")).text
    assert "乙单位" in page
    assert "甲单位" not in page


async def test_administration_is_for_those_who_hold_it(client, other, town):
    await client.sign_in("anna")
    await other.sign_in("ed")
    assert (await client.get("/design")).status_code == 200
    refused = await other.get("/design")
    assert refused.status_code == 403
    assert "表单设计" in refused.text
    assert (await client.get("/operate")).status_code == 403


async def test_the_operator_needs_no_tenant(client, town, db):
    await db.execute("UPDATE account SET operator = 1 WHERE login = 'alone'")
    await client.sign_in("alone")
    assert (await client.get("/operate")).json() == {"text": "operating"}


async def test_a_route_of_a_module_that_is_off_is_not_there(client, town, small_app):
    await client.sign_in("anna")
    assert (await client.get("/module")).status_code == 404
    await small_app.state.platform.db.execute(
        "UPDATE tenant SET settings = $2 WHERE id = $1", town.a, '{"enabled": ["cost_center"]}'
    )
    assert (await client.get("/module")).status_code == 200


async def test_the_language_is_the_accounts_else_the_cookies(client, town, db):
    client.cookies.set("language", "en")
    assert "<title>Sign in" in (await client.get("/sign-in")).text
    await client.sign_in("anna")
    assert 'lang="zh-CN"' in (await client.get("/note")).text
    await db.execute("UPDATE account SET language = 'en' WHERE login = 'anna'")
    assert 'lang="en"' in (await client.get("/note")).text


async def token_for(town, db, who="ed@a"):
    anna = await people.access_of(db, town.a, town.members["anna@a"])
    return await people.create_token(db, anna, member=town.members[who], name="接口")


async def test_a_bearer_token_opens_the_api_without_cookie_or_csrf(client, town, db):
    headers = {"Authorization": f"Bearer {await token_for(town, db)}", "Accept": "application/json"}
    assert (await client.get("/api/v1/me", headers=headers)).json() == {"tenant": "aa"}
    answer = await client.post("/api/v1/me", json={"a": 1}, headers=headers | {"Origin": "http://elsewhere.test"})
    assert answer.status_code == 200


async def test_a_bearer_token_opens_nothing_but_the_api(client, town, db):
    headers = {"Authorization": f"Bearer {await token_for(town, db, 'anna@a')}"}
    assert (await client.get("/note", headers=headers)).status_code in (303, 401)
    assert (await client.get("/design", headers=headers)).status_code in (303, 401)


async def test_a_wrong_bearer_token_is_not_helped_by_a_cookie(client, town):
    await client.sign_in("anna")
    answer = await client.get("/api/v1/me", headers={"Authorization": "Bearer dg_1_wrong"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "unauthorized"


async def test_the_api_takes_a_session_too_with_the_csrf_header(client, town):
    await client.sign_in("anna")
    assert (await client.get("/api/v1/me")).json() == {"tenant": "aa"}
    assert (await client.post("/api/v1/me", json={})).status_code == 403
    token = await client.token("/note")
    assert (await client.post("/api/v1/me", json={}, headers={"X-CSRF-Token": token})).status_code == 200
