"""The cost engineer's way: where a project stands, its earned value at another instant, a bill of quantities in."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.steps import enter
from tests.plugins.cost_center.test_boq import usual, workbook


async def test_a_cost_engineer_sees_where_a_project_stands_and_brings_its_bill(page: Page):
    await enter(page, "cost")
    await page.goto("/cost_center")
    await page.get_by_role("region", name="按项目").get_by_role("rowheader").get_by_role("link").first.click()
    await expect(page.get_by_role("region", name="动态成本对目标")).to_be_visible()
    await expect(page.get_by_role("region", name="三算对比")).to_be_visible()
    await expect(page.locator("figure.chart.drawn").first).to_be_visible()
    project = page.url
    await page.get_by_role("link", name="挣值分析").first.click()
    measures = page.get_by_role("region", name="指标")
    await expect(measures).to_contain_text("成本绩效 CPI")
    await page.get_by_label("状态时刻").fill("2020-01-01T08:00")
    await page.get_by_role("button", name="查看").click()
    await expect(page.get_by_text("还没有填报形象进度").first).to_be_visible()
    await expect(measures.get_by_role("row").filter(has_text="实际成本 AC")).to_contain_text("0.00")
    await page.goto(f"{project}/boq")
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    wrong = {"name": "名单.xlsx", "mimeType": sheet, "buffer": workbook(["姓名"], ["张"])}
    await page.get_by_label("清单文件").set_input_files(wrong)
    await page.get_by_role("button", name="读取").click()
    await expect(page.get_by_role("alert")).to_contain_text("没有找到清单的表头")
    bill = {"name": "清单.xlsx", "mimeType": sheet, "buffer": usual()}
    await page.get_by_label("清单文件").set_input_files(bill)
    await page.get_by_role("button", name="读取").click()
    await expect(page.get_by_role("region", name="读到的清单")).to_contain_text("实心砖墙")
    await page.get_by_role("button", name="导入 4 项").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("工程量清单")
    await expect(page.get_by_text("实心砖墙").first).to_be_visible()
