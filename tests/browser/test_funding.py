"""The money's main path in a browser: the overview, a band of the flow, the rows behind it."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.steps import enter


async def test_a_band_of_the_flow_opens_the_payments_that_it_is_made_of(page: Page):
    await enter(page, "admin")
    await page.goto("/funding")
    await expect(page.get_by_role("heading", name="资金总览")).to_be_visible()
    flow = page.get_by_role("region", name="资金流向")
    band = flow.get_by_role("link", name="中央财政城镇保障性安居工程补助 → 主体劳务分包合同")
    await expect(band).to_have_count(1)
    await band.focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/forms/funding.allocation"))
    await expect(page.locator("main")).to_contain_text("青禾市宏远建筑劳务有限公司")
