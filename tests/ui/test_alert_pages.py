"""The pages of alerts, notices and webhooks: what they show, what they refuse, what they do; in this process."""

from __future__ import annotations

import re

import pytest

from core import people
from core.alerts import Filter
from core.testing import PASSWORD, new_member, new_tenant, refreshed

ENTRY = {"code": "E", "date": "2026-01-01", "source": "expense", "summary": "零星", "amount_net": 5}


class Browser:
    """One signed-in member; reads the CSRF token from a page as a browser would."""

    def __init__(self, app, client, login):
        self.app, self.client, self.login = app, client, login
        self.headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}

    async def enter(self):
        token = await people.sign_in(self.app.state.platform.db, self.login, password=PASSWORD, address=None, hours=1)
        self.headers["Cookie"] = f"{self.app.state.web.session_cookie}={token}"
        found = re.search(r'X-CSRF-Token":"([^"]+)"', (await self.get("/me")).text.replace("&#34;", '"'))
        self.headers["X-CSRF-Token"] = found[1]
        return self

    async def get(self, path):
        return await self.client.get(path, headers=self.headers)

    async def post(self, path, data=None):
        return await self.client.post(path, data=data or {}, headers=self.headers)


@pytest.fixture
async def world(app, client):
    """A tenant with one red alert about a project; its administrator's context and browser."""
    platform = app.state.platform
    ctx = await new_tenant(platform, "aa", modules=("cost_center",))
    account = await ctx.records.create(
        "cost_center.account", {"code": "1", "name": "材料", "kind": "direct", "active": True}
    )
    project = await ctx.records.create("cost_center.project", {"code": "P", "name": "解放路", "status": "in_progress"})
    await ctx.records.create("cost_center.entry", {**ENTRY, "project": project.id, "account": account.id})
    await ctx.alerts.evaluate()
    return ctx, await Browser(app, client, "aa-admin").enter()


async def test_the_page_shows_what_is_wrong_and_each_line_opens_what_is_behind(world):
    ctx, browser = world
    page = (await browser.get("/alerts")).text
    assert "解放路" in page
    assert "没有预算却已发生成本" in page
    (alert,) = (await ctx.alerts.page(Filter()))[0]
    assert f'href="/alerts/{alert.id}"' in page
    assert (await browser.get(alert.url)).status_code == 200
    assert "解放路" in (await browser.get("/")).text
    assert "data-alerts>1<" in (await browser.get("/bells")).text
    for hidden in ("level=yellow", "module=own", "project=nothing", "mine=1", "state=closed"):
        assert "解放路" not in (await browser.get(f"/alerts?{hidden}")).text.replace('">解放路</option>', ""), hidden
    assert "解放路" in (await browser.get("/alerts?level=red&module=cost_center&level=red")).text


async def test_an_alert_is_handled_on_its_page_and_says_how(world):
    ctx, browser = world
    (alert,) = (await ctx.alerts.page(Filter()))[0]
    place = f"/alerts/{alert.id}"
    assert (await browser.post(place, {"act": "nothing"})).status_code == 404
    refused = await browser.post(place, {"act": "resolve", "note": ""})
    assert refused.status_code == 422
    assert "请写明怎样处理的" in refused.text
    assert (await browser.post(place, {"act": "acknowledge"})).status_code == 303
    kept = await browser.post(place, {"act": "suppress", "note": "等变更批复", "until": "2020-01-01"})
    assert kept.status_code == 422
    assert "等变更批复" in kept.text
    assert (await browser.post(place, {"act": "resolve", "note": "补编了预算"})).status_code == 303
    page = (await browser.get(place)).text
    assert "补编了预算" in page
    assert "处理完毕" in page
    assert (await browser.post(place, {"act": "resolve", "note": "再来"})).status_code == 409
    assert "data-alerts" not in (await browser.get("/bells")).text


async def test_a_rule_is_made_refused_changed_and_deleted_without_code(world):
    ctx, browser = world
    platform = browser.app.state.platform
    assert (await browser.get("/admin/alerts/new?form=cost_center.project")).status_code == 200
    typed = {"form": "cost_center.project", "title": "名称带路", "formula": 'CONTAINS(项目名称, "路")', "active": "1"}
    refused = await browser.post("/admin/alerts/new", {**typed, "severity": "", "formula": "名称错 > 1"})
    assert refused.status_code == 422
    assert "名称错" in refused.text
    assert (await browser.post("/admin/alerts/new", {**typed, "severity": "blue"})).status_code == 303
    await (await refreshed(platform, ctx)).alerts.evaluate()
    assert "名称带路" in (await browser.get("/alerts?level=blue")).text
    fresh = await refreshed(platform, ctx)
    (code,) = [code for code in await fresh.alerts.rules() if code.startswith("own.")]
    page = await browser.get(f"/admin/alerts/{code}")
    assert "CONTAINS(项目名称" in page.text  # titles again, not codes
    assert (await browser.post(f"/admin/alerts/{code}/delete")).status_code == 303
    assert "名称带路" not in (await browser.get("/alerts?level=blue")).text


async def test_the_thresholds_of_a_modules_rule_are_the_tenants(world):
    ctx, browser = world
    place = "/admin/alerts/cost_center.unbudgeted"
    assert (await browser.get(place)).status_code == 200
    assert (await browser.post(place, {"active": "1", "level_red": "100"})).status_code == 303
    await (await refreshed(browser.app.state.platform, ctx)).alerts.evaluate()
    assert await (await refreshed(browser.app.state.platform, ctx)).alerts.open() == []
    assert "超过 100" in (await browser.get("/admin/alerts")).text
    assert (await browser.post(f"{place}/delete")).status_code == 303
    await (await refreshed(browser.app.state.platform, ctx)).alerts.evaluate()
    assert len(await (await refreshed(browser.app.state.platform, ctx)).alerts.open()) == 1


async def test_notices_are_counted_listed_read_and_chosen(world):
    ctx, browser = world
    await ctx.notices.send([ctx.member.id], "other", "材料涨价：{n} 项", words={"n": 3}, url="/alerts")
    assert "data-unread>1<" in (await browser.get("/bells")).text
    assert "材料涨价：3 项" in (await browser.get("/notices")).text
    ((notice,), _next) = await ctx.notices.list()
    opened = await browser.get(f"/notices/{notice.id}")
    assert (opened.status_code, opened.headers["location"]) == (303, "/alerts")
    assert "data-unread" not in (await browser.get("/bells")).text
    assert "材料涨价" not in (await browser.get("/notices?unread=1")).text
    refused = await browser.post("/notices/settings", {"email": "zhou@", "way_alert": "mail"})
    assert refused.status_code == 422
    assert "zhou@" in refused.text
    kept = {"email": "zhou@example.com", "way_alert": "none", "way_import": "mail", "way_mention": "app"}
    assert (await browser.post("/notices/settings", {**kept, "way_other": "digest"})).status_code == 303
    choice = await ctx.notices.choice()
    assert (choice.email, choice.ways["alert"], choice.ways["other"]) == ("zhou@example.com", "none", "digest")
    assert "还没有配置邮件服务器" in (await browser.get("/notices/settings")).text


async def test_the_secret_of_a_webhook_is_shown_once(world):
    _ctx, browser = world
    typed = {"name": "财务", "url": "http://127.0.0.1:9/", "events": ["cost_center.entry:create", "alert:opened"]}
    made = await browser.post("/admin/webhooks/new", typed)
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", made.text.replace("&#43;", "+"))
    assert made.headers["cache-control"] == "no-store"
    (place,) = set(re.findall(r"/admin/webhooks/[0-9A-Z]{16}", made.text))
    assert secret not in (await browser.get(place)).text
    other = await browser.post(f"{place}/do", {"act": "secret"})
    assert "whsec_" in other.text
    assert secret not in other.text.replace("&#43;", "+")
    inside = await browser.post(f"{place}/edit", {**typed, "url": "http://169.254.169.254/latest"})
    assert inside.status_code == 422
    assert "内部网络" in inside.text
    assert (await browser.post(f"{place}/do", {"act": "delete"})).status_code == 303
    assert (await browser.get(place)).status_code == 404


async def test_who_may_not_administer_finds_no_rules_and_no_webhooks(app, client, world):
    ctx, _browser = world
    await new_member(app.state.platform, ctx, "viewer", roles=("viewer",))
    viewer = await Browser(app, client, "viewer").enter()
    for path in ("/admin/alerts", "/admin/alerts/cost_center.incurred", "/admin/webhooks", "/admin/webhooks/new"):
        assert (await viewer.get(path)).status_code == 403, path
    assert (await viewer.post("/admin/alerts/cost_center.incurred/delete")).status_code == 403
