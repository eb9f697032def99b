"""A module is switched on and off in the browser: everything of it comes and goes at once, the data stays."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.steps import enter, menu

COST = "项目成本中心"
PAGES = ("/cost_center", "/forms/cost_center.entry", "/forms/cost_center.project/new")


async def switch(page: Page, to: str) -> None:
    """Through the switch of the card and the question it asks."""
    await page.goto("/admin/modules")
    await page.get_by_role("switch", name=COST).click()
    dialog = page.get_by_role("dialog", name="打开或关闭模块")
    await expect(dialog.get_by_role("heading", name=COST)).to_be_visible()
    await dialog.get_by_role("button", name=f"{to}模块").click()
    await page.wait_for_url("**/admin/modules?switched=**")


async def statuses(page: Page) -> set[int]:
    """What the module's addresses answer, in the browser and in the API."""
    api = await page.request.get("/api/v1/forms/cost_center.entry/records")
    return {api.status, *[(await page.request.get(address)).status for address in PAGES]}


async def entries(page: Page) -> str:
    """Every record of the module's list as the API gives it."""
    answer = await page.request.get("/api/v1/forms/cost_center.entry/records?limit=200&sort=_id")
    assert answer.ok
    return await answer.text()


async def test_a_module_goes_and_comes_back_with_its_data_unchanged(page: Page):
    await enter(page, "linxi")
    before = await entries(page)
    assert await statuses(page) == {200}
    await switch(page, "关闭")
    try:
        await expect(menu(page).get_by_role("link", name="成本总览")).to_have_count(0)
        await expect(menu(page).get_by_text("居民意见")).to_be_visible()
        assert await statuses(page) == {404}
    finally:
        await switch(page, "打开")
    await expect(menu(page).get_by_role("link", name="成本总览")).to_be_visible()
    assert await statuses(page) == {200}
    assert await entries(page) == before


async def test_what_a_module_offers_is_said_before_it_is_switched(page: Page):
    await enter(page, "admin")
    await page.goto("/admin/modules")
    await page.get_by_role("switch", name=COST).click()
    dialog = page.get_by_role("dialog", name="打开或关闭模块")
    for words in ("关闭后马上消失", "成本记录", "条数据和它们的历史、附件"):
        await expect(dialog.get_by_text(words).first).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(menu(page).get_by_role("link", name="成本总览")).to_be_visible()


async def test_who_may_not_switch_modules_sees_no_switches(page: Page):
    await enter(page, "viewer")
    await expect(page.get_by_role("link", name="模块", exact=True)).to_have_count(0)
    assert (await page.request.get("/admin/modules")).status == 403
