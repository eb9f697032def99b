"""What is wrong today, as the cost engineer sees and handles it in a browser."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.steps import enter


async def test_an_alert_is_found_by_its_level_opened_and_resolved(page: Page):
    await enter(page, "cost")
    bell = page.locator(".bells [data-alerts]")
    await expect(bell).to_be_visible()
    await page.locator(".bells a[href='/alerts']").click()
    lines = page.locator(".alert-line")
    await expect(lines.first).to_be_visible()
    await page.locator(".alert-level.red").click()
    await page.wait_for_url(re.compile(r"level=red"))
    await expect(page.locator(".alert-line.orange")).to_have_count(0)
    first = page.locator(".alert-line.red a[href^='/alerts/']").first
    subject = (await first.inner_text()).strip()
    await first.click()
    await page.wait_for_url(re.compile(r"/alerts/[0-9A-Z]{16}"))
    await expect(page.get_by_role("heading", name=subject)).to_be_visible()
    await page.get_by_role("button", name="开始处理").click()
    await expect(page.locator(".alert-page").get_by_text("处理中", exact=True)).to_be_visible()
    await page.get_by_label("怎样处理的").fill("已报预算调整，等批复")
    await page.get_by_role("button", name="处理完毕").click()
    await expect(page.locator(".alert-page").get_by_text("已处理", exact=True)).to_be_visible()
    await expect(page.locator(".alert-history")).to_contain_text("已报预算调整，等批复")


async def test_the_page_of_alerts_fits_a_phone(new_page):
    page = await new_page(phone=True)
    await enter(page, "admin")
    await page.goto("/alerts")
    await expect(page.locator(".alert-line").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
