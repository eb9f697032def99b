"""What a list costs on the wire, and that no page does what the browser was told to refuse."""

from __future__ import annotations

import gzip

from playwright.async_api import Page, Response, expect

from tests.browser.steps import NewPage, enter, refused_by_the_browser

LIST = "/forms/cost_center.entry"
HTML = 20_000  # bytes, compressed: fifty rows with their frame
PAGES = ("/", "/forms/own.opinion", "/forms/own.opinion/new", "/cost_center", "/admin/forms/own.opinion")
AGAIN = 4  # requests of a second visit that are not answered from the cache: the page, its count, its sums


async def test_a_list_is_light_and_asks_for_little(page: Page):
    await enter(page, "admin")
    await page.goto(LIST, wait_until="networkidle")
    answers: list[Response] = []
    page.on("response", lambda one: answers.append(one))
    answer = await page.goto(LIST, wait_until="networkidle")
    assert answer
    body = await answer.body()
    assert await page.locator("#list tbody tr[data-id]").count() >= 50
    sizes = await answer.request.sizes()
    wire = sizes["responseBodySize"]
    assert wire < HTML, f"{wire} bytes, {len(body)} unpacked, {len(gzip.compress(body))} by gzip"
    fresh = [one for one in answers if not await served_from_cache(one)]
    assert len(fresh) <= AGAIN, [one.url for one in fresh]


async def served_from_cache(answer: Response) -> bool:
    sizes = await answer.request.sizes()
    return sizes["responseHeadersSize"] <= 0 or "immutable" in answer.headers.get("cache-control", "")


async def test_a_filter_changes_the_list_alone(page: Page):
    await enter(page, "linxi")
    await page.goto("/forms/own.opinion", wait_until="networkidle")
    documents: list[str] = []
    page.on("request", lambda asked: documents.append(asked.url) if asked.resource_type == "document" else None)
    await page.get_by_role("searchbox", name="在居民意见中搜索").fill("电梯")
    await expect(page).to_have_url("/forms/own.opinion?q=%E7%94%B5%E6%A2%AF")
    await expect(page.locator("#list tbody tr[data-id]").first).to_contain_text("电梯")
    assert not documents


async def test_no_page_tries_what_the_policy_forbids(new_page: NewPage):
    for phone in (False, True):
        page = await new_page(phone=phone)
        with refused_by_the_browser(page) as said:
            await enter(page, "linxi")
            for address in (
                "/",
                "/forms/own.opinion",
                "/forms/own.opinion/new",
                "/cost_center",
                "/admin/forms/own.opinion",
            ):
                answer = await page.goto(address)
                assert answer
                policy = answer.headers["content-security-policy"]
                assert "default-src 'self'" in policy
                assert "unsafe" not in policy
        assert not said
