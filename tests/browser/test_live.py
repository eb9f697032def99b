"""A form as one types: what follows from it appears by itself, at a desk and on a phone; nothing typed is disturbed."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.steps import OPINION, NewPage, enter, save


async def test_amounts_and_conditions_follow_what_is_typed(page: Page):
    await enter(page, "admin")
    await page.goto("/forms/cost_center.contract/new")
    until = page.get_by_label("租赁到期日")
    await expect(until).to_be_hidden()
    await page.get_by_label("合同类型").select_option(label="租赁")
    await expect(until).to_be_visible()
    gross = page.get_by_label("合同金额（含税）")
    await gross.fill("109000")
    await page.get_by_label("税率").fill("9")
    net = page.locator('[data-field="amount_net"]')
    await expect(net).to_contain_text("100,000.00")
    await expect(page.get_by_label("税率")).to_be_focused()
    await expect(gross).to_have_value("109,000.00")
    await page.get_by_label("合同类型").select_option(label="服务")
    await expect(until).to_be_hidden()


async def test_a_default_follows_until_somebody_changes_it_also_on_a_phone(new_page: NewPage):
    page = await new_page(phone=True)
    await enter(page, "linxi")
    await page.goto(f"{OPINION}/new")
    due = page.get_by_label("办理期限")
    await page.get_by_label("收到日期").fill("2026-11-02")
    await expect(due).to_have_value("2026-11-11")
    await due.fill("2026-11-20")
    await page.get_by_label("收到日期").fill("2026-11-03")
    await expect(page.get_by_label("反映人")).to_be_visible()
    await page.get_by_role("switch", name="不留姓名").check()
    await expect(page.get_by_label("反映人")).to_be_hidden()
    await expect(due).to_have_value("2026-11-20")
    await page.get_by_label("编号").fill("L-01")
    await page.get_by_label("事项").first.fill("路灯不亮")
    await save(page)
    await expect(page.get_by_text("2026-11-20").first).to_be_visible()
