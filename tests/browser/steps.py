"""What people do on many pages, said once; the tests beside this file say what must come of it."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from playwright.async_api import FilePayload, Locator, Page

from core.demo import PASSWORD
from tests.setup.chromium import sign_in

NewPage = Callable[..., Awaitable[Page]]
OPINION = "/forms/own.opinion"  # the demo's form of the tenant 临溪区
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@contextmanager
def refused_by_the_browser(page: Page) -> Iterator[list[str]]:
    """What the Content-Security-Policy keeps the pages from doing, while one walks through them."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "Content Security Policy" in message.text else None)
    yield said


async def enter(page: Page, login: str, *, tenant: str = "") -> None:
    """Sign in; who belongs to several tenants chooses one."""
    if not tenant:
        await sign_in(page, login)
        return
    await page.goto("/sign-in")
    await fill_in_sign_in(page, login)
    await page.get_by_role("button", name=tenant).click()
    await menu(page).wait_for()


async def fill_in_sign_in(page: Page, login: str) -> None:
    """On the page as it stands, with what it carries."""
    await page.get_by_label("登录名").fill(login)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_label("密码").press("Enter")


def menu(page: Page) -> Locator:
    return page.get_by_role("navigation", name="菜单")


def list_row(page: Page, text: str) -> Locator:
    return page.locator("#list tbody tr[data-id]").filter(has_text=text)


async def pick(page: Page, label: str, text: str) -> None:
    """Choose what a reference points to, by typing."""
    box = page.get_by_role("combobox", name=label)
    await box.fill(text)
    await page.get_by_role("option").filter(has_text=text).first.click()


async def save(page: Page) -> None:
    """Press the button and arrive at the page of what was saved."""
    await page.get_by_role("button", name="保存", exact=True).last.click()
    await page.wait_for_url(lambda url: not url.endswith(("/new", "/edit")))


async def write_opinion(page: Page, code: str, title: str, **more: str) -> str:
    """A new 居民意见 through the page; the address of it."""
    await page.goto(f"{OPINION}/new")
    values = {"编号": code, "事项": title, "收到日期": "2026-11-02", **more}
    for label, value in values.items():
        await page.get_by_label(label).first.fill(value)
    await save(page)
    return page.url


async def open_more(page: Page) -> None:
    await page.get_by_role("button", name="更多").first.click()


async def confirm(page: Page) -> None:
    """Yes, in our own dialog."""
    await page.locator("dialog#ask").get_by_role("button").last.click()


async def upload_to_import(page: Page, form: str, name: str, content: bytes | Path) -> None:
    """The first step of the wizard; `name` counts where the content is no file of its own."""
    await page.goto(f"/forms/{form}/import")
    chosen = content if isinstance(content, Path) else FilePayload(name=name, mimeType="", buffer=content)
    await page.get_by_label("文件", exact=True).set_input_files(chosen)
    await page.get_by_role("button", name="上传并读取").click()


async def downloaded(page: Page, form: str) -> bytes:
    """The list of a form, exported as CSV through the page."""
    await page.goto(f"/forms/{form}")
    await open_more(page)
    await page.get_by_role("link", name="导出").click()
    await page.get_by_label("CSV").check()
    async with page.expect_download() as coming:
        await page.get_by_role("button", name="导出").click()
    return (await (await coming.value).path()).read_bytes()


async def filter_by(page: Page, field: str, text: str) -> None:
    """The list's filter on a reference, chosen by typing."""
    await page.get_by_role("button", name="筛选", exact=True).click()
    await page.get_by_role("button", name=field, exact=True).click()
    await page.get_by_role("combobox", name=field).fill(text)
    await page.get_by_role("option").filter(has_text=text).first.click()
    await page.get_by_role("button", name="应用").first.click()


def amount(text: str) -> Decimal:
    """1,234.50 or −1,234.50, as shown."""
    return Decimal(text.strip().replace(",", "").replace("−", "-").replace("\u2212", "-"))
