"""Every page that a signed-in member can reach from the menu, at a desk and on a phone: whole, quiet, accessible."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page

from tests.setup.chromium import axe_faults, sign_in

NewPage = Callable[..., Awaitable[Page]]
SIZES = {"desk": False, "phone": True}
ALSO = ("/", "/me", "/search?q=道路")
ADMINISTRATION = (
    "/admin/modules",
    "/admin/forms",
    "/admin/people",
    "/admin/roles",
    "/admin/departments",
    "/admin/tokens",
)
WHOLE = 4  # forms of which every page is looked at; the others differ in their fields alone
FIRST_PAGE_BYTES = 400_000  # everything a first visit fetches, before compression


async def addresses(page: Page) -> list[str]:
    """The pages that the menu offers, without what changes something or leads away."""
    found = await page.eval_on_selector_all("nav a[href^='/']", "links => links.map(a => a.getAttribute('href'))")
    return sorted({urlsplit(link).path for link in found if not link.startswith("/sign-out")})


async def first_links(page: Page, forms: list[str]) -> list[str]:
    """For each list: the form for a new one; of some also the pages of the first entry, and the bin."""
    found = [f"{form}/new" for form in forms]
    for form in forms[:: max(1, len(forms) // WHOLE)]:
        found.append(f"{form}/bin")
        await page.goto(form)
        rows = await page.eval_on_selector_all(
            f"a[href^='{form}/']", "links => links.map(a => a.getAttribute('href').split('?')[0])"
        )
        ids = [link for link in rows if len(link.removeprefix(form + "/")) == 16]
        found += [link for first in ids[:1] for link in (first, f"{first}/edit", f"{first}/history")]
    return found


async def faults_of(page: Page, address: str, *, axe: bool = True) -> list[str]:
    answer = await page.goto(address)
    found = [] if answer and answer.ok else [f"answers {answer.status if answer else 'nothing'}"]
    wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wider > 0:
        found.append(f"is {wider} pixels wider than the window")
    if await page.locator("h1").count() != 1:
        found.append(f"has {await page.locator('h1').count()} headings of the first order")
    found += await axe_faults(page) if axe else []
    return [f"{address}: {fault}" for fault in found]


@pytest.mark.parametrize("size", SIZES)
async def test_every_page_of_an_administrator_is_whole_and_accessible(new_page: NewPage, size: str):
    page = await new_page(phone=SIZES[size])
    await sign_in(page, "admin")
    menu = await addresses(page)
    assert any(link.startswith("/forms/") for link in menu)
    forms = [link for link in menu if link.startswith("/forms/") and link.count("/") == 2]
    deep, faults = await first_links(page, forms), []
    for address in [*dict.fromkeys([*ALSO, *menu, *ADMINISTRATION, *deep])]:
        like_others = address in forms or address.endswith("/new")  # the same elements, form after form
        axe = size == "desk" and (not like_others or address.partition("/new")[0] in forms[:: len(forms) // WHOLE])
        faults += await faults_of(page, address, axe=axe)  # the phone has the same elements too
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults)


async def test_the_pages_before_signing_in_are_whole_and_accessible(new_page: NewPage):
    for phone in SIZES.values():
        page = await new_page(phone=phone)
        assert not await faults_of(page, "/sign-in")


async def test_a_first_visit_is_light(page: Page):
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(int(answer.headers.get("content-length", 0))))
    await sign_in(page, "admin")
    assert sum(sizes) < FIRST_PAGE_BYTES
