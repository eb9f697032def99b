"""In a real browser and over a real connection: a session that ends in the middle of a form, and too much at once."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
from playwright.async_api import Page, expect

from core.store import open_database
from tests.setup.chromium import sign_in
from tests.setup.server import Server

FORM = "/forms/cost_center.account/new"


async def end_all_sessions(server: Server) -> None:
    db = await open_database(server.database_url, pool_size=1)
    await db.execute("UPDATE session SET expires_at = '2026-01-01T00:00:00.000000Z'")
    await db.close()


async def test_what_was_typed_into_a_record_comes_back_after_signing_in(page: Page, server: Server):
    await sign_in(page, "admin")
    await page.goto(FORM)
    await page.locator("[name=code]").fill("9.9")
    await page.locator("[name=name]").fill("会话结束时填写的“科目” <1>")
    await end_all_sessions(server)
    await page.locator("main form button.primary").first.click()
    await expect(page.locator("main")).to_contain_text("您刚才填写的内容还在")
    await page.locator("input[name=login]").fill("admin")
    await page.locator("input[name=password]").fill("dougong-demo")
    await page.locator("input[name=password]").press("Enter")
    await page.get_by_role("button", name="继续").click()
    await expect(page.locator("[name=code]")).to_have_value("9.9")
    await expect(page.locator("[name=name]")).to_have_value("会话结束时填写的“科目” <1>")
    await page.goto("/forms/cost_center.account?q=会话结束")
    await expect(page.locator("main")).not_to_contain_text("会话结束时填写的")


async def test_fifty_megabytes_are_refused_in_words_over_a_real_connection(page: Page, server: Server):
    await sign_in(page, "admin")
    await page.goto(FORM)
    token = await page.locator("input[name=_csrf]").first.input_value()
    cookies = {cookie["name"]: cookie["value"] for cookie in await page.context.cookies()}

    async def pieces() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n\r\n'
        for _ in range(50):
            yield bytes(1024 * 1024)
        yield b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b", "X-CSRF-Token": token, "Accept": "application/json"}
    async with httpx.AsyncClient(base_url=server.url, cookies=cookies, timeout=60) as asking:
        answer = await asking.post("/files", content=pieces(), headers=headers)
        assert answer.status_code == 413
        assert "20 MB" in answer.json()["error"]["message"]
        assert (await asking.get("/healthz")).status_code == 200
