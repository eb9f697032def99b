"""A foreman without a network fills in and signs; when it is back there is exactly one ticket; the sheet is read."""

from __future__ import annotations

from datetime import date, timedelta

from playwright.async_api import Locator, Page, expect

from tests.browser.steps import PNG, NewPage, enter, pick
from tests.setup.chromium import axe_faults

TICKET = "/forms/day_labor.ticket"
DAY = (date.today() - timedelta(days=1)).isoformat()


def cell(page: Page, column: str) -> Locator:
    """Of the last line of men."""
    return page.locator(f'.lines tbody tr [name$=".{column}"]').last


async def fill(page: Page, content: str) -> None:
    await page.get_by_label("用工日期").fill(DAY)
    await pick(page, "班组", "综合")
    await page.get_by_label("开始").fill(f"{DAY}T08:00")
    await page.get_by_label("结束").fill(f"{DAY}T17:00")
    await page.get_by_label("用工原因").select_option("cleaning")
    await page.get_by_label("工作内容").fill(content)
    await cell(page, "trade").select_option("general")
    await cell(page, "heads").fill("2")
    await cell(page, "hours").fill("9")


async def sign(page: Page) -> None:
    await page.locator('[data-field="foreman_sign"]').get_by_role("button", name="签字").click()
    pad = await page.locator("#signing canvas").bounding_box()
    await page.mouse.move(pad["x"] + 40, pad["y"] + 60)
    await page.mouse.down()
    await page.mouse.move(pad["x"] + 160, pad["y"] + 120, steps=6)
    await page.mouse.up()
    await page.get_by_role("button", name="签好了").click()


async def test_a_foreman_without_a_network_fills_signs_and_photographs_and_it_arrives_once(new_page: NewPage):
    page = await new_page(phone=True)
    await enter(page, "cost")
    await page.goto(f"{TICKET}/new")
    await expect(page.locator("html[data-offline-ready]")).to_be_attached()
    await page.context.set_offline(True)
    await page.goto(f"{TICKET}/new")  # from what the phone has kept
    content = f"离线清运 {date.today():%m%d}"
    await fill(page, content)
    photo = {"name": "site.png", "mimeType": "image/png", "buffer": PNG}
    await page.locator('[data-field="before"] input[type=file]').first.set_input_files(photo)
    await expect(page.locator('[data-field="before"] li[data-held] img')).to_be_visible()
    await sign(page)
    await expect(page.locator('[data-field="foreman_sign"] li[data-held] img')).to_be_visible()
    await page.get_by_role("button", name="保存", exact=True).last.click()
    await expect(page.locator(".outbox-entry")).to_contain_text(content)
    await expect(page.locator(".outbox-entry")).to_contain_text("2 个附件")
    await page.context.set_offline(False)
    await page.reload()
    await expect(page.locator(".outbox-entry")).to_have_count(0)
    await page.goto(f"{TICKET}?q={content}")
    rows = page.locator("#list tbody tr[data-id]")
    await expect(rows).to_have_count(1)
    await page.goto(f"{TICKET}/{await rows.first.get_attribute('data-id')}")
    await expect(page.locator(".shots img")).to_have_count(2)


async def test_what_the_server_refuses_stays_on_the_phone_with_its_reason(new_page: NewPage):
    page = await new_page(phone=True)
    await enter(page, "cost")
    await page.goto(f"{TICKET}/new")
    await expect(page.locator("html[data-offline-ready]")).to_be_attached()
    await page.context.set_offline(True)
    await page.goto(f"{TICKET}/new")
    await fill(page, "填错的工时")
    await cell(page, "hours").fill("25")
    await page.get_by_role("button", name="保存", exact=True).last.click()
    await expect(page.locator(".outbox-entry")).to_have_count(1)
    await page.context.set_offline(False)
    await page.reload()
    await expect(page.locator(".outbox-entry")).to_contain_text("没有收下")
    await page.get_by_role("button", name="修改").click()
    await cell(page, "hours").fill("9")
    await page.get_by_role("button", name="保存", exact=True).last.click()
    await page.wait_for_url(lambda url: "/new" not in url)
    await page.goto("/offline")
    await expect(page.get_by_text("没有等待上传的内容。")).to_be_visible()


async def test_the_overview_and_the_sheet_are_read_and_printed(page: Page):
    await enter(page, "admin")
    await page.goto("/day_labor")
    await expect(page.get_by_role("heading", name="超期没有签认")).to_be_visible()
    await expect(page.locator("figure.chart.drawn").first).to_be_visible()
    assert await axe_faults(page) == []
    await page.get_by_role("link", name="月度点工表").last.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("月度点工表")
    options = await page.get_by_label("月份").locator("option").all_inner_texts()
    await page.get_by_label("月份").select_option(options[1])
    await page.get_by_role("button", name="查看").click()
    await expect(page.locator(".labor-sheet tbody tr").first).to_be_visible()
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="导出 Excel").click()
    assert (await coming.value).suggested_filename.endswith(".xlsx")
    await page.emulate_media(media="print")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
