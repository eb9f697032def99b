"""A headless Chromium for the tests, its pages, and what a page did that no page may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, async_playwright

from core.demo import PASSWORD
from core.setup.browser import executable

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
QUIET = (  # otherwise it calls its maker at every start
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
BY_STATUS = "Failed to load resource"  # the browser's line for each answer from 400 on; we look at answers ourselves
PARTS = ("script", "stylesheet", "image", "font")


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=list(QUIET))
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(browser: Browser, base_url: str, *, phone: bool = False) -> AsyncIterator[Page]:
    """A page in a session of its own, Chinese, in China; at its end, what went wrong in it fails the test."""
    size = PHONE if phone else DESK
    context = await browser.new_context(base_url=base_url, locale="zh-CN", timezone_id="Asia/Shanghai", **size)
    context.set_default_timeout(10_000)
    page = await context.new_page()
    faults: list[str] = []
    watch(page, faults)
    context.on("page", lambda other: watch(other, faults))
    yield page
    await context.close()
    assert not faults, "in the browser:\n" + "\n".join(faults)


def watch(page: Page, faults: list[str]) -> None:
    """Note errors in the console, missing parts, answers from 500 on, and calls to any other host."""

    def said(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(BY_STATUS):
            faults.append(f"{page.url}: console: {message.text}")

    def answered(response: Response) -> None:
        missing = response.status >= 400 and response.request.resource_type in PARTS
        if response.status >= 500 or missing:
            faults.append(f"{page.url}: {response.status} {response.url}")

    def asked(request: Request) -> None:
        host = urlsplit(request.url).hostname
        if host and host != "127.0.0.1":
            faults.append(f"{page.url}: asked {request.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("response", answered)
    page.on("request", asked)


async def sign_in(page: Page, login: str, password: str = PASSWORD) -> None:
    """Through the page, as a person does; the demo's password unless told."""
    await page.goto("/sign-in")
    await page.locator("input[name=login]").fill(login)
    await page.locator("input[name=password]").fill(password)
    await page.locator("input[name=password]").press("Enter")
    await page.wait_for_url(lambda url: "/sign-in" not in url)


async def axe_faults(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page as it stands: rule, element, what to do."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['html'][:120]} ({rule['help']})"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
