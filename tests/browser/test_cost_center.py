"""Every figure of the cost center opens the rows behind it, and they sum to the figure."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.browser.steps import amount, enter

WAN = Decimal(10_000)


async def figures(page: Page) -> list[tuple[str, str]]:
    """(what it says, where it leads) of every figure on the page, those of the charts too."""
    links = "links => links.map(a => [(a.querySelector('.value') ?? a).textContent, a.getAttribute('href')])"
    found = await page.locator("main").locator("a[href^='/forms/']").evaluate_all(links)
    return [(" ".join(text.split()), link) for text, link in found if re.search(r"\d", text)]


async def sums_behind(page: Page, link: str) -> list[Decimal]:
    """The line of sums of the list that the link opens; nothing is 0."""
    place = urlsplit(link)
    answer = await page.request.get(f"{place.path}/totals?{place.query}")
    assert answer.ok, link
    sums = re.findall(r'<td class="num"[^>]*>(?:<span[^>]*>)?([^<]*)', await answer.text())
    shown = [text for text in sums if text.strip()]
    return [amount(text) for text in shown] or [Decimal(0)]


def says(text: str) -> tuple[Decimal, Decimal]:
    """The figure in 元 and how far it is rounded."""
    if "万" in text:
        return amount(text.replace("万元", "")) * WAN, WAN / 200
    return amount(text), Decimal(0)


@pytest.mark.parametrize("login", ["admin", "linxi"])
async def test_every_figure_of_the_overview_is_the_sum_of_the_rows_it_opens(page: Page, login: str):
    await enter(page, login)
    await page.goto("/cost_center")
    found = await figures(page)
    assert len(found) > 30
    known: dict[str, list[Decimal]] = {}
    for text, link in found:
        if link not in known:
            known[link] = await sums_behind(page, link)
        figure, rounding = says(text)
        assert any(abs(one - figure) <= rounding for one in known[link]), (text, link, known[link])


async def test_a_figure_opens_its_rows_with_their_sum_below(page: Page):
    await enter(page, "admin")
    await page.goto("/cost_center")
    total = page.get_by_role("region", name="按项目").get_by_role("row").filter(has_text="合计").get_by_role("link")
    texts = await total.all_inner_texts()
    links = [await one.get_attribute("href") or "" for one in await total.all()]
    await total.first.click()
    for place, (title, text) in enumerate(zip(("预算", "合同", "成本记录"), texts, strict=True)):
        if place:
            await page.goto(links[place])
        await expect(page.get_by_role("heading", level=1)).to_have_text(title)
        await expect(page.locator("#totals")).to_contain_text(text)


async def test_the_months_and_accounts_of_a_project_lead_to_their_rows(page: Page):
    await enter(page, "linxi")
    await page.goto("/cost_center")
    await page.get_by_role("region", name="按项目").get_by_role("rowheader").get_by_role("link").first.click()
    await expect(page.get_by_role("region", name="按科目")).to_be_visible()
    project = page.url.rsplit("/", 1)[1]
    found = [(text, link) for text, link in await figures(page) if "cost_center.budget" not in link]
    assert len(found) > 20
    for text, link in set(found):
        assert project in link
        figure, rounding = says(text)
        sums = await sums_behind(page, link)
        assert any(abs(one - figure) <= rounding for one in sums), (text, link, sums)
