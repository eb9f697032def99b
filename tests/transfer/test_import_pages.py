"""The pages of import and export, as a browser without scripts walks through them."""

from __future__ import annotations

import asyncio
import io
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from openpyxl import load_workbook

from core.people import sign_in
from core.testing import PASSWORD, new_tenant
from tests.transfer.files_kit import csv_rows
from tests.transfer.region_forms import AREA, with_form
from tests.transfer.workbook_files import bomb, workbook
from ui.pages import exports

if TYPE_CHECKING:
    from litestar import Litestar

IMPORT = "/forms/own.area/import"
AREAS = "编码,名称,天气\n110101,东城区,晴\n,无编码,雨\n"


class Browser:
    """One signed-in person who posts forms as the page has them."""

    def __init__(self, client: httpx.AsyncClient, cookie: str, token: str) -> None:
        self._client, self._cookies = client, {"cookie": f"{cookie}={token}", "accept": "text/html"}
        self.page = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        answer = await self._client.get(path, headers={**self._cookies, **headers})
        self.page = answer.text
        return answer

    async def post(self, path: str, data: dict[str, str], *, csrf: str = "", **more: Any) -> httpx.Response:
        """The answer after the redirect, if there is one."""
        found = re.search(r'name="_csrf" value="([^"]+)"', self.page)
        fields = {"_csrf": csrf or (found[1] if found else ""), **data}
        answer = await self._client.post(path, data=fields, headers=self._cookies, **more)
        self.page = answer.text
        return await self.get(answer.headers["location"]) if answer.status_code == 303 else answer


@pytest.fixture
async def browsers(app: Litestar, client: httpx.AsyncClient) -> tuple[Browser, Browser]:
    """The administrators of two tenants that both have 区县."""
    found = []
    for code in ("aa", "bb"):
        ctx = await with_form(app.state.platform, await new_tenant(app.state.platform, code), "area", AREA)
        token = await sign_in(ctx.db, ctx.member.login, password=PASSWORD, address=None, hours=1)
        found.append(Browser(client, app.state.web.session_cookie, token))
    return found[0], found[1]


async def upload(browser: Browser, data: bytes | str, name: str = "区县.csv") -> httpx.Response:
    await browser.get(IMPORT)
    return await browser.post(IMPORT, {}, files={"file": (name, data)})


async def settled(app: Litestar, browser: Browser, path: str) -> httpx.Response:
    """The page of a run, or of an export, once its job has ended."""
    sql = "SELECT id FROM job WHERE (key = $1 OR id = $1) AND state IN ('waiting', 'running')"
    while await app.state.platform.db.fetch_across(sql, path.rsplit("/", 1)[1]):  # noqa: ASYNC110 - the server's own task
        await asyncio.sleep(0.02)
    return await browser.get(path)


async def test_the_wizard_leads_from_the_file_to_the_result(app: Litestar, browsers: tuple[Browser, Browser]) -> None:
    browser, stranger = browsers
    matching = await upload(browser, AREAS)
    path = matching.url.path
    assert matching.status_code == 200
    assert "东城区" in matching.text
    assert re.search(r'<option value="code" selected>', matching.text)
    await browser.post(f"{path}/check", {"field-0": "code", "field-1": "name", "field-2": "", "mode": "upsert"})
    preview = await settled(app, browser, path)
    assert "导入 1 行" in preview.text
    assert "“编码”必须填写" in preview.text
    await browser.post(f"{path}/commit", {})
    result = await settled(app, browser, path)
    assert "导入完成" in result.text
    answer = await browser.get(re.search(r'href="(/files/[^"]+)"', result.text)[1].replace("&amp;", "&"))
    assert csv_rows(answer.content, encoding="utf-8")[2][-1]
    for seen in (await stranger.get(path), await stranger.post(f"{path}/commit", {})):
        assert seen.status_code in (403, 404)
        assert "东城区" not in seen.text
    assert "区县.csv" in (await browser.get(IMPORT)).text
    assert "区县.csv" not in (await stranger.get(IMPORT)).text


async def test_while_it_runs_htmx_gets_the_step_alone(browsers: tuple[Browser, Browser]) -> None:
    path = (await upload(browsers[0], AREAS)).url.path
    part = await browsers[0].get(path, **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert part.text.lstrip().startswith('<div id="step"')
    assert "<html" not in part.text


async def test_a_file_that_cannot_be_used_is_refused_beside_the_field(browsers: tuple[Browser, Browser]) -> None:
    browser = browsers[0]
    refused = {
        "合并的单元格：A1:C1": workbook(["x"], ["编码", "名称"], [1, 2], merge="A1:C1"),
        "压缩炸弹": bomb(250 * 1024 * 1024),
        "A 列和 B 列的标题都是“编码”": "编码,编码\n1,2\n",
        "不是表格": b"\x89PNG\r\n\x1a\n\x00\x01\x02",
    }
    for words, data in refused.items():
        answer = await upload(browser, data, name="x.xlsx")
        assert answer.status_code == 422
        assert words in answer.text
        assert 'id="file"' in answer.text
    assert (await browser.post(IMPORT, {})).status_code == 422


async def test_fifty_megabytes_are_refused(browsers: tuple[Browser, Browser]) -> None:
    answer = await upload(browsers[0], b"x" * (50 * 1024 * 1024))
    assert answer.status_code == 413


async def test_a_gb18030_file_shows_its_words(browsers: tuple[Browser, Browser]) -> None:
    assert "东城区" in (await upload(browsers[0], AREAS.encode("gb18030"))).text


async def test_columns_that_cannot_work_come_back_as_chosen(browsers: tuple[Browser, Browser]) -> None:
    path = (await upload(browsers[0], AREAS)).url.path
    again = await browsers[0].post(f"{path}/check", {"field-0": "name", "field-1": "name", "field-2": "city_code"})
    assert again.status_code == 422
    assert "请只留一列" in again.text
    assert re.search(r'<option value="city_code" selected>', again.text)


async def test_a_broken_token_begins_nothing(browsers: tuple[Browser, Browser]) -> None:
    path = (await upload(browsers[0], AREAS)).url.path
    answer = await browsers[0].post(f"{path}/check", {"field-0": "code"}, csrf="broken")
    assert answer.status_code == 403
    assert "对应列" in (await browsers[0].get(path)).text


async def test_templates_and_exports_are_downloads(app: Litestar, browsers: tuple[Browser, Browser]) -> None:
    browser = browsers[0]
    for kind, start in (("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf")):
        answer = await browser.get(f"{IMPORT}/template?kind={kind}")
        assert answer.content.startswith(start)
        assert answer.headers["content-disposition"].startswith("attachment")
    chooser = await browser.get("/forms/own.area/export?sort=-code&columns=code")
    assert re.search(r'value="code" checked', chooser.text)
    answer = await browser.get("/forms/own.area/export?kind=csv&column=name&column=code")
    assert csv_rows(answer.content) == [["名称", "编码"]]


async def test_the_page_of_the_api_loads_nothing_from_outside(browsers: tuple[Browser, Browser]) -> None:
    page = (await browsers[0].get("/api/docs?form=own.area")).text
    assert "/api/v1/forms/own.area/records" in page
    for address in re.findall(r'(?:src|href|action|hx-get)="([^"]+)"', page):
        assert address.startswith(("/", "#")), address


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_long_list_is_written_by_a_job_and_fetched_by_who_asked_alone(
    app: Litestar, browsers: tuple[Browser, Browser], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    browser, stranger = browsers
    monkeypatch.setattr(exports, "LONG", 1)
    path = (await upload(browser, "编码,名称\n110101,东城区\n110102,西城区\n110105,朝阳区\n")).url.path
    await browser.post(f"{path}/check", {"field-0": "code", "field-1": "name", "mode": "upsert"})
    await settled(app, browser, path)
    await browser.post(f"{path}/commit", {})
    await settled(app, browser, path)
    choosing = await browser.get("/forms/own.area/export?q=城区")
    assert "文件由后台任务生成" in choosing.text
    begun = await browser.post("/forms/own.area/export", {"q": "城区", "kind": kind, "column": "name"})
    place = begun.url.path
    ready = await settled(app, browser, place)
    assert "共 2 条" in ready.text
    address = re.search(r'href="(/files/[^"]+)"', ready.text)[1].replace("&amp;", "&")
    file = (await browser.get(address)).content
    rows = csv_rows(file) if kind == "csv" else [list(row) for row in load_workbook(io.BytesIO(file)).active.values]
    assert sorted(rows) == [["东城区"], ["名称"], ["西城区"]]
    for seen in (await stranger.get(place), await stranger.get(address), await stranger.post(f"{place}/cancel", {})):
        assert seen.status_code in (403, 404)
    assert "的导出已完成" in (await browser.get("/notices")).text


async def test_an_export_can_be_stopped_and_a_question_that_means_nothing_begins_none(
    app: Litestar, browsers: tuple[Browser, Browser]
) -> None:
    browser = browsers[0]
    await app.state.platform.worker.stop()  # so that the job waits until it is looked at
    await browser.get("/forms/own.area/export")
    waiting = await browser.post("/forms/own.area/export", {"kind": "csv", "column": "name"})
    again = await browser.post("/forms/own.area/export", {"kind": "csv", "column": "name"})
    assert "正在排队" in waiting.text
    assert waiting.url.path == again.url.path, "asked twice, written once"
    assert "没有生成文件" in (await browser.post(f"{waiting.url.path}/cancel", {})).text

    refused = await browser.post("/forms/own.area/export", {"kind": "csv", "where": "nothing:eq:1", "column": "name"})
    assert refused.status_code == 422
