"""The designer and the switches as requests: what they answer, where it appears, and to whom."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from core.testing import PASSWORD, new_member, new_tenant

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@dataclass
class Browser:
    """Somebody signed in: his client and the token his pages carry."""

    client: httpx.AsyncClient
    token: str = ""

    async def get(self, path: str, **options: Any) -> httpx.Response:
        answer = await self.client.get(path, **options)
        found = re.search(r'name="_csrf" value="([^"]+)"', answer.text)
        self.token = found[1] if found else self.token
        return answer

    async def post(self, path: str, data: dict[str, Any], **options: Any) -> httpx.Response:
        return await self.client.post(path, data={"_csrf": self.token, **data}, **options)

    async def edit(self, form: str, op: str, **values: Any) -> httpx.Response:
        return await self.post(f"/admin/forms/{form}/edit", {"op": op, **values}, headers=HTMX)


@asynccontextmanager
async def signed_in(app: Any, login: str) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver.local") as client:
        browser = Browser(client)
        await browser.get("/sign-in")
        assert (await browser.post("/sign-in", {"login": login, "password": PASSWORD})).status_code == 303
        await browser.get("/")
        yield browser


@pytest.fixture
async def browsers(app: Any, client: Any) -> AsyncIterator[tuple[Browser, Browser, Browser]]:
    """The administrators of two tenants, and an editor of the first."""
    platform = app.state.platform
    a = await new_tenant(platform, "aa")
    await new_tenant(platform, "bb")
    await new_member(platform, a, "aa-editor", roles=("editor",))
    async with (
        signed_in(app, "aa-admin") as first, signed_in(app, "bb-admin") as second, signed_in(app, "aa-editor") as third
    ):  # fmt: skip
        yield first, second, third


async def new_form(browser: Browser, title: str = "安全检查", code: str = "check") -> str:
    await browser.get("/admin/forms/new")
    answer = await browser.post("/admin/forms/new", {"title": title, "code": code})
    assert answer.status_code == 303
    return answer.headers["location"].rpartition("/")[2]


async def test_a_form_made_in_the_browser_is_in_menu_and_api_when_published_and_nowhere_for_others(browsers):
    a, b, editor = browsers
    name = await new_form(a)
    assert (await a.edit(name, "add", type="text")).status_code == 200
    answer = await a.edit(name, "set", field="wenben", title="部位")
    assert "buwei" in answer.text
    assert answer.headers["HX-Replace-Url"] == f"/admin/forms/{name}?field=buwei"
    await a.edit(name, "add", type="photo")
    page = (await a.get(f"/admin/forms/{name}")).text
    assert "部位" in page
    assert (await a.get(f"/forms/{name}")).status_code == 404
    preview = (await a.get(f"/admin/forms/{name}/publish", headers=HTMX)).text
    assert "共 2 个字段" in preview
    assert "<html" not in preview
    answer = await a.post(f"/admin/forms/{name}/publish", {"note": "第一版"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/admin/forms/{name}?published=1")
    for one in (a, editor):
        assert (await one.get(f"/forms/{name}")).status_code == 200
        assert f"/forms/{name}" in (await one.get("/")).text
        assert (await one.get(f"/api/v1/forms/{name}")).status_code == 200
    assert "第一版" in (await a.get(f"/admin/forms/{name}/versions")).text
    assert (await a.get(f"/admin/forms/{name}/versions/1")).status_code == 200
    paths = ["", "/publish", "/versions", "/versions/1", "/preview", "/progress"]
    for path in paths[:-1]:
        assert (await b.get(f"/admin/forms/{name}{path}")).status_code == 404
    assert "安全检查" not in (await b.get("/admin/forms")).text
    assert (await b.get(f"/forms/{name}")).status_code == 404
    assert (await b.edit(name, "add", type="text")).status_code == 404
    for path in paths:
        assert (await editor.get(f"/admin/forms/{name}{path}")).status_code == 403


async def test_every_edit_works_without_scripts_too(browsers):
    a, _b, _editor = browsers
    name = await new_form(a)
    answer = await a.post(f"/admin/forms/{name}/edit", {"op": "add", "type": "money"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/admin/forms/{name}?field=jine")
    page = (await a.get(answer.headers["location"])).text
    assert 'id="panel"' in page
    assert "<html" in page
    answer = await a.post(f"/admin/forms/{name}/edit", {"op": "set", "field": "jine", "minimum": "很多"})
    assert answer.status_code == 200  # the page itself, with what is wrong in its place
    assert "不是数字" in answer.text
    assert 'value="很多"' in answer.text
    answer = await a.post(f"/admin/forms/{name}/publish", {"note": ""})
    assert answer.status_code == 303


async def test_a_wrong_definition_is_told_beside_the_property_and_not_published(browsers):
    a, _b, _editor = browsers
    name = await new_form(a)
    await a.edit(name, "add", type="reference")
    panel = (await a.get(f"/admin/forms/{name}?field=guanlian", headers=HTMX)).text
    assert "<html" not in panel
    assert re.search(r'id="p-ref" aria-invalid="true".*?请选择要关联的表单', panel, re.S)
    answer = await a.post(f"/admin/forms/{name}/publish", {"note": ""})
    assert answer.status_code == 409
    assert "请选择要关联的表单" in answer.text
    await a.edit(name, "add", type="text")
    wrong = {"set": {"field": "nothing", "title": "x"}, "explode": {}, "type": {"field": "wenben", "type": "x"}}
    for op, values in {**wrong, "add": {"type": "rows", "within": "wenben"}, "columns": {"do": "up:x"}}.items():
        assert (await a.edit(name, op, **values)).status_code == 200, op
    assert (await a.get(f"/admin/forms/{name}?field=nothing")).status_code == 200
    answer = await a.post("/admin/forms/new", {"title": "", "code": "9"})
    assert answer.status_code == 422
    assert "小写字母" in answer.text


async def test_what_is_typed_into_a_form_cannot_become_markup(browsers):
    a, _b, _editor = browsers
    name = await new_form(a, title="<b>坏</b>")
    await a.edit(name, "add", type="text")
    await a.edit(name, "set", field="wenben", title="<img src=x onerror=1>", section='"><script>', code="evil")
    await a.edit(name, "add", type="choice")
    await a.edit(name, "choices", field="danxuan", choice_value="", choice_title="<i>甲</i>", choice_color="x")
    for path in ("", "?field=evil", "?field=danxuan", "/preview", "/publish"):
        text = (await a.get(f"/admin/forms/{name}{path}")).text
        assert "<img src=x" not in text
        assert "<script>" not in text
        assert "<i>甲" not in text


async def test_a_pattern_is_tried_by_the_engine_that_checks_records(browsers):
    a, _b, _editor = browsers
    name = await new_form(a)
    path = f"/admin/forms/{name}/pattern"
    for params, words in (
        ({"pattern": "^[A-Z]{2}[0-9]{4}$", "sample": "AB1234"}, "符合格式"),
        ({"pattern": "^[A-Z]{2}[0-9]{4}$", "sample": "AB12"}, "不符合格式"),
        ({"pattern": "^(?=a)", "sample": "a"}, "前后查找"),
        ({"pattern": "^(a+)+$", "sample": "a" * 60 + "b"}, "不符合格式"),
    ):
        assert words in (await a.get(path, params=params, headers=HTMX)).text


async def test_a_formula_is_answered_with_its_fault_by_place_or_an_example(browsers):
    a, _b, _editor = browsers
    name = await new_form(a)
    for type_, title in (("decimal", "数量"), ("money", "金额")):
        answer = await a.edit(name, "add", type=type_, title=title)
    assert 'name="formula"' in answer.text
    wrong = (await a.edit(name, "set", field="jine", formula="数两 * 2")).text
    assert "第 1 行第 1 个字：没有叫“数两”的字段，是不是“数量”？" in wrong
    assert "数两 * 2</textarea>" in wrong
    right = (await a.edit(name, "set", field="jine", formula="数量 * 2")).text
    assert "试算：数量 = 100.00 时得 200.00" in right
    assert "数量 * 2</textarea>" in right


async def test_a_module_switched_in_the_browser_appears_and_disappears_at_once_for_one_tenant(browsers):
    a, b, editor = browsers
    for browser in (a, b):
        assert "打开“" in (await browser.get("/admin/modules/cost_center")).text
        answer = await browser.post("/admin/modules/cost_center/switch", {"on": "1"})
        assert answer.status_code == 303
    places = ["/cost_center", "/forms/cost_center.project", "/api/v1/forms/cost_center.project"]
    on = [(await a.get(place)).status_code for place in places]
    assert on == [200, 200, 200]
    assert "/forms/cost_center.project" in (await editor.get("/")).text
    assert "关闭后马上消失" in (await a.get("/admin/modules/cost_center", headers=HTMX)).text
    await a.post("/admin/modules/cost_center/switch", {"on": "0"})
    for browser in (a, editor):
        assert [(await browser.get(place)).status_code for place in places] == [404, 404, 404]
        assert "/forms/cost_center.project" not in (await browser.get("/")).text
    assert [(await b.get(place)).status_code for place in places] == on
    assert (await editor.get("/admin/modules")).status_code == 403
    assert (await editor.post("/admin/modules/cost_center/switch", {"on": "1"})).status_code == 403
    assert (await a.get("/admin/modules/nothing")).status_code == 404
    assert (await a.post("/admin/modules/nothing/switch", {"on": "1"})).status_code == 404


async def test_settings_of_a_module_are_kept_when_they_are_right(browsers):
    a, _b, _editor = browsers
    await a.post("/admin/modules/cost_center/switch", {"on": "1"})
    assert (await a.get("/admin/modules/cost_center/settings")).status_code == 200
    answer = await a.post("/admin/modules/cost_center/settings", {"basis": "half"})
    assert answer.status_code == 422
    answer = await a.post("/admin/modules/cost_center/settings", {"basis": "gross"})
    assert answer.status_code == 303
    shown = (await a.get("/admin/modules/cost_center/settings")).text
    assert re.search(r'value="gross"[^>]* (selected|checked)', shown)
