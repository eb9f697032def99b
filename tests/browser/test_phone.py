"""The main job on a phone, 390 pixels wide."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.browser.steps import OPINION, PNG, NewPage, enter, menu, pick, save

REVIEW = "/forms/partners.review"


async def box(locator: Locator) -> dict[str, float]:
    found = await locator.bounding_box()
    assert found
    return dict(found)


async def fits(page: Page) -> bool:
    return await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


async def test_on_a_phone_a_list_is_cards_and_the_bar_at_the_bottom_leads_on(new_page: NewPage):
    page = await new_page(phone=True)
    await enter(page, "linxi")
    bar = page.get_by_role("navigation", name="快捷入口")
    place = await box(bar)
    assert place["y"] + place["height"] == 844
    await expect(menu(page)).not_to_be_in_viewport()
    await bar.get_by_role("button", name="菜单").tap()
    await menu(page).get_by_role("link", name="居民意见").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("居民意见")
    cards = page.locator("#list tbody tr[data-id]")
    first, second = await box(cards.nth(0)), await box(cards.nth(1))
    assert first["width"] <= 390
    assert second["y"] >= first["y"] + first["height"]
    assert first["height"] > 60  # several lines, not one long row
    assert await fits(page)
    await cards.first.get_by_role("link").first.tap()
    await expect(page.get_by_role("complementary", name="历史")).to_be_attached()
    assert await fits(page)
    await page.goto(OPINION)
    await bar.get_by_role("link", name="新建").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("新建居民意见")
    assert await fits(page)


async def test_on_a_phone_a_photo_goes_along_with_what_one_enters(new_page: NewPage):
    page = await new_page(phone=True)
    await enter(page, "linxi")
    await page.goto(f"{REVIEW}/new")
    await page.get_by_label("评价编号").fill("PJ-手机-1")
    await pick(page, "被评单位", "公司")
    await page.get_by_label("优秀").check()
    photos = page.get_by_role("group", name="佐证照片")
    async with page.expect_file_chooser() as chooser:
        await photos.get_by_text("选择照片").tap()
    await (await chooser.value).set_files({"name": "现场.png", "mimeType": "image/png", "buffer": PNG})
    picture = photos.get_by_role("img", name="现场.png")
    await expect(picture).to_be_visible()
    assert await fits(page)
    await save(page)
    shown = page.get_by_role("img", name="现场.png")
    await expect(shown).to_be_visible()
    answer = await page.request.get(await shown.get_attribute("src") or "")
    assert await answer.body() == PNG
