"""Entering, changing, losing and bringing back what people write, as they meet it on the pages."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.steps import (
    OPINION,
    NewPage,
    confirm,
    enter,
    fill_in_sign_in,
    list_row,
    open_more,
    save,
    write_opinion,
)


async def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(page: Page):
    await enter(page, "linxi")
    await page.goto(f"{OPINION}/new")
    typed = {"编号": "B-01", "反映人": "钱老师", "联系电话": "12", "意见内容": "第一行\n第二行"}
    for label, value in typed.items():
        await page.get_by_label(label).fill(value)
    await page.get_by_role("button", name="保存", exact=True).last.click()
    summary = page.get_by_role("alert")
    await expect(summary).to_contain_text("没有保存")
    for label, value in typed.items():
        await expect(page.get_by_label(label)).to_have_value(value)
    phone = page.get_by_label("联系电话")
    await expect(phone).to_have_attribute("aria-invalid", "true")
    await expect(phone).to_have_accessible_description(re.compile("电话|号码"))
    await expect(page.get_by_label("事项").first).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("事项").first.fill("楼道灯不亮")
    await phone.fill("13800138000")
    await page.get_by_label("收到日期").fill("2026-11-02")
    await save(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("楼道灯不亮")
    await expect(page.get_by_text("第一行")).to_be_visible()


async def test_who_changed_what_is_in_the_history_and_an_old_version_comes_back(page: Page):
    await enter(page, "linxi")
    address = await write_opinion(page, "B-02", "井盖松动")
    await page.get_by_role("link", name="编辑", exact=True).click()
    await page.get_by_label("事项").first.fill("井盖松动，夜里很响")
    await page.get_by_label("类别").select_option(label="道路照明")
    await save(page)
    history = page.get_by_role("complementary", name="历史")
    newest = history.get_by_role("listitem").first
    for words in ("王志强", "井盖松动，夜里很响", "道路照明"):
        await expect(newest).to_contain_text(words)
    await history.get_by_role("button", name="恢复到此").last.click()
    await confirm(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("井盖松动")
    await expect(history.get_by_role("listitem").first).to_contain_text("道路照明")
    assert page.url.split("?")[0] == address


async def test_what_is_deleted_lies_in_the_bin_and_comes_back(page: Page):
    await enter(page, "linxi")
    address = await write_opinion(page, "B-03", "垃圾站有异味")
    await open_more(page)
    await page.get_by_role("button", name="删除", exact=True).click()
    await confirm(page)
    await page.wait_for_url(lambda url: url.split("?")[0].endswith(OPINION))
    await expect(list_row(page, "垃圾站有异味")).to_have_count(0)
    await page.goto(f"{OPINION}/bin")
    await page.get_by_role("row").filter(has_text="垃圾站有异味").get_by_role("button", name="恢复").click()
    await page.wait_for_url(address)
    await page.goto(f"{OPINION}?q=垃圾站有异味")
    await expect(list_row(page, "垃圾站有异味")).to_have_count(1)
    await page.goto(address)
    await expect(page.get_by_role("heading", level=1)).to_have_text("垃圾站有异味")


async def test_when_two_people_edit_one_record_the_second_sees_both_versions(new_page: NewPage):
    first, second = await new_page(), await new_page()
    await enter(first, "linxi")
    await enter(second, "both", tenant="临溪区民心工程办公室")
    address = await write_opinion(first, "B-04", "路面坑洼")
    for page in (first, second):
        await page.goto(f"{address}/edit")
    await first.get_by_label("事项").first.fill("路面坑洼，已围挡")
    await save(first)
    await second.get_by_label("事项").first.fill("路面坑洼，请尽快修")
    await second.get_by_label("反映人").fill("孙阿姨")
    await second.get_by_role("button", name="保存", exact=True).last.click()
    await expect(second.get_by_role("heading", level=1)).to_contain_text("别人也改了")
    title = second.get_by_role("row").filter(has_text="事项")
    for words in ("路面坑洼，请尽快修", "路面坑洼，已围挡", "两人都改了"):
        await expect(title).to_contain_text(words)
    await expect(second.get_by_text("王志强已先保存")).to_be_visible()
    await title.get_by_text("路面坑洼，已围挡").click()
    await second.get_by_role("button", name="按选择的保存").click()
    await expect(second.get_by_role("heading", level=1)).to_have_text("路面坑洼，已围挡")
    await expect(second.get_by_text("孙阿姨").first).to_be_visible()


async def test_what_was_typed_comes_back_when_the_session_ends_in_the_middle_of_a_form(page: Page):
    await enter(page, "linxi")
    await page.goto(f"{OPINION}/new")
    typed = {
        "编号": "B-05",
        "事项": "广场舞噪声",
        "反映人": "吴先生",
        "意见内容": "晚上 & <太响>",
        "收到日期": "2026-11-03",
    }
    for label, value in typed.items():
        await page.get_by_label(label).first.fill(value)
    await page.get_by_label("类别").select_option(label="绿化")
    await page.context.clear_cookies()
    await page.get_by_role("button", name="保存", exact=True).last.click()
    await expect(page.get_by_role("alert")).to_contain_text("内容还在")
    await fill_in_sign_in(page, "linxi")
    await page.get_by_role("button", name="继续").click()
    await expect(page.get_by_text("这是您登录前填写的内容，还没有保存")).to_be_visible()
    for label, value in typed.items():
        await expect(page.get_by_label(label).first).to_have_value(value)
    await expect(page.get_by_label("类别")).to_have_value("green")
    await save(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("广场舞噪声")


async def test_in_the_drawer_what_was_typed_stays_when_the_session_has_ended(page: Page):
    await enter(page, "linxi")
    await write_opinion(page, "B-06", "树枝挡路")
    await page.goto(f"{OPINION}?q=B-06")
    await list_row(page, "树枝挡路").get_by_role("link", name="B-06").click()
    drawer = page.get_by_role("complementary", name="详情")
    await drawer.get_by_role("link", name="编辑").click()
    await drawer.get_by_label("事项").first.fill("树枝挡路，已报绿化队")
    await page.context.clear_cookies()
    await drawer.get_by_role("button", name="保存", exact=True).last.click()
    await expect(page.get_by_role("alert").first).to_contain_text("登录")
    await expect(drawer.get_by_label("事项").first).to_have_value("树枝挡路，已报绿化队")
