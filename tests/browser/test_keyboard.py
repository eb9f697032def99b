"""The list and the drawer without a mouse."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.steps import OPINION, enter


async def test_a_list_is_walked_opened_and_left_by_keys(page: Page):
    await enter(page, "linxi")
    await page.goto(OPINION)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    here = page.locator("#list tr.here")
    name = await here.locator("td.first").inner_text()
    await page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="详情")
    await expect(drawer.get_by_role("definition").get_by_text(name, exact=True)).to_be_visible()
    assert "open=" in page.url
    await page.keyboard.press("ArrowDown")
    await expect(drawer.get_by_role("definition").get_by_text(name, exact=True)).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(drawer).to_be_hidden()
    assert "open=" not in page.url
    await expect(here).to_have_count(0)


async def test_slash_goes_to_the_search_and_n_makes_something_new(page: Page):
    await enter(page, "linxi")
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox", name="搜索所有内容")).to_be_focused()
    await page.keyboard.type("电梯")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="搜索结果")).to_be_visible()
    await expect(page.get_by_role("main").get_by_role("link").filter(has_text="电梯").first).to_be_visible()
    await page.goto(OPINION)
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox", name="在居民意见中搜索")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("n")
    await expect(page.get_by_role("heading", level=1)).to_have_text("新建居民意见")
    await expect(page.get_by_label("编号")).to_be_focused()
