"""The Gantt chart in a real browser: drawn, walked by keys, changed by drawing on it, and a file brought in."""

from __future__ import annotations

from playwright.async_api import Page, expect

from plugins.progress import mspdi
from tests.browser.steps import NewPage, enter
from tests.plugins.progress.test_files import PLAN


async def open_new_plan(page: Page, code: str) -> None:
    """A plan from a file: it is this test's own."""
    await enter(page, "admin")
    await page.goto("/progress/import")
    await page.get_by_label("文件").set_input_files({"name": "plan.xml", "mimeType": "", "buffer": mspdi.write(PLAN)})
    await page.get_by_label("计划编号").fill(code)
    await page.get_by_label("计划名称").fill(f"导入的计划 {code}")
    await page.get_by_role("button", name="导入").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"导入的计划 {code}")


def row(page: Page, name: str):
    return page.locator(".g-row").filter(has_text=name)


async def test_a_bar_is_dragged_and_the_plan_follows(page: Page):
    await open_new_plan(page, "G-1")
    bar = row(page, "支护").locator(".g-bar")
    before = await row(page, "支护").locator(".g-start").inner_text()
    box = await bar.bounding_box()
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] / 2 + 200, box["y"] + 5, steps=5)
    await page.mouse.up()
    await expect(page.get_by_text("已保存并重排").first).to_be_visible()
    await expect(row(page, "支护").locator(".g-start")).not_to_have_text(before)


async def test_the_chart_is_walked_and_changed_by_keys(page: Page):
    await open_new_plan(page, "G-2")
    await row(page, "支护").locator(".g-days").click()
    await page.get_by_role("grid", name="横道图").focus()
    before = await row(page, "支护").locator(".g-finish").inner_text()
    await page.keyboard.press("Alt+ArrowRight")
    await expect(page.get_by_text("已保存并重排").first).to_be_visible()
    await expect(row(page, "支护").locator(".g-finish")).not_to_have_text(before)
    await page.keyboard.press("Home")
    await page.keyboard.press("Space")
    await expect(row(page, "开挖")).to_have_count(0)


async def test_a_baseline_is_taken_and_the_report_shows_it(page: Page):
    await open_new_plan(page, "G-3")
    await page.get_by_role("button", name="建立基线").first.click()
    await page.get_by_label("名称").fill("合同计划")
    await page.get_by_role("dialog").get_by_role("button", name="建立基线").click()
    await expect(page.get_by_text("合同计划")).to_be_visible()
    await page.get_by_role("link", name="进度报告").click()
    await expect(page.get_by_role("heading", name="计划体检")).to_be_visible()
    await expect(page.locator("figure.chart.drawn")).to_be_visible()


async def test_the_chart_fits_a_phone(new_page: NewPage):
    page = await new_page(phone=True)
    await enter(page, "admin")
    await page.goto("/progress")
    await page.get_by_role("row").get_by_role("link").first.click()
    await expect(page.locator(".gantt.drawn .g-row").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
