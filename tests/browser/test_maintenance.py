"""Maintenance in a real browser: from what is wrong today to a scanned label, a reported fault and its work order."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.steps import NewPage, enter


async def test_from_the_overview_to_a_label_and_a_fault_that_becomes_an_order(page: Page):
    await enter(page, "admin")
    await page.goto("/maintenance")
    await expect(page.get_by_role("heading", level=1)).to_have_text("运维总览")
    await expect(page.locator("figure.chart.drawn").first).to_be_visible()
    await page.get_by_role("link", name="二维码标签").click()
    await expect(page.locator(".sheet .label svg.qr").first).to_be_visible()
    await page.goto("/maintenance/ledger?class=lighting")
    await page.get_by_role("region", name="设施台账").get_by_role("rowheader").get_by_role("link").first.click()
    await page.get_by_role("link", name="扫码页面").click()
    await page.get_by_label("哪里坏了").fill("灯杆倾斜")
    await page.get_by_label("紧急程度").select_option(label="水电气热")
    await page.get_by_role("button", name="提交报修").click()
    await expect(page.get_by_role("status")).to_contain_text("已报修")
    order = page.get_by_role("link", name="灯杆倾斜")
    for _look in range(40):  # the job makes the order within a second or two
        if await order.count():
            break
        await page.reload()
    await order.first.click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("灯杆倾斜")


async def test_the_calendar_and_the_label_fit_a_phone(new_page: NewPage):
    page = await new_page(phone=True)
    await enter(page, "admin")
    for address in ("/maintenance", "/maintenance/calendar", "/maintenance/labels"):
        await page.goto(address)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
