"""The operator opens a tenant in his console; its trial begins, ends and is followed by a licence, in the browser."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from core.store import open_database
from tests.browser.steps import NewPage, confirm
from tests.setup.chromium import axe_faults, sign_in
from tests.setup.server import Server

CODE, NAME, LOGIN = "shuixi", "水溪镇政府", "shuixi-admin"


async def open_tenant(page: Page) -> str:
    """Through the console; the first password."""
    await sign_in(page, "operator")
    await page.wait_for_url("**/operator")
    await page.get_by_role("main").get_by_role("link", name="开通单位").click()
    await page.get_by_label("单位名称").fill(NAME)
    await page.get_by_label("代号").fill(CODE)
    await page.get_by_label("管理员登录名").fill(LOGIN)
    await page.get_by_role("button", name="开通").click()
    return await page.locator("#secret").inner_text()


async def end_trial(server: Server) -> None:
    """Twenty days are over."""
    db = await open_database(server.database_url, pool_size=1)
    text = '{"edition":"trial","days":15,"started_at":"2026-01-01T00:00:00.000000Z"}'
    await db.execute("UPDATE tenant SET licence = $2 WHERE code = $1", CODE, text)
    await db.close()


async def give_licence(page: Page) -> None:
    await page.goto("/operator")
    await page.get_by_role("link", name=NAME).click()
    await page.get_by_role("radio", name=re.compile("专业版")).check()
    await page.get_by_label("席位", exact=True).fill("1")
    await page.get_by_role("button", name="保存许可").click()
    await expect(page.get_by_text("许可已生效")).to_be_visible()


async def test_a_tenant_from_its_opening_to_the_end_of_its_trial_and_on(new_page: NewPage, server: Server) -> None:
    operator, admin = await new_page(), await new_page(phone=True)
    password = await open_tenant(operator)
    assert not await axe_faults(operator)
    await sign_in(admin, LOGIN, password)
    await admin.goto("/admin/people")
    await expect(admin.get_by_role("link", name="添加成员")).to_be_visible()
    await end_trial(server)
    await admin.goto("/admin/people")
    await expect(admin.get_by_role("status").filter(has_text="试用已于 2026-01-16 结束")).to_be_visible()
    await expect(admin.get_by_role("button", name="添加成员")).to_have_attribute("aria-disabled", "true")
    assert not await axe_faults(admin)
    await give_licence(operator)
    await admin.goto("/admin/people")
    await expect(admin.get_by_text("席位 1 / 1")).to_be_visible()
    await expect(admin.get_by_role("status").filter(has_text="试用")).to_have_count(0)
    await operator.get_by_label("原因（成员看得到）").fill("换届")
    await operator.get_by_role("button", name="暂停使用").click()
    await confirm(operator)
    await expect(operator.get_by_role("button", name="恢复使用")).to_be_visible()
    await admin.goto("/")
    await expect(admin.get_by_role("heading", name="已暂停使用")).to_be_visible()
    await expect(admin.get_by_text("换届")).to_be_visible()
    assert not await axe_faults(admin)
