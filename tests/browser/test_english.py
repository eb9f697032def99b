"""In English no page speaks Chinese by itself; what people wrote stays as it is."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.steps import enter

# What is drawn of the frame, of forms, of heads; not the cells, names and notes that people filled in.
OURS = """() => {
  const data = 'td, dd, tbody th, .brand, .avatar, [lang=zh-CN], option, output, svg, script, canvas, .chart, ' +
    '.thread, .wrongs a';
  const found = [];
  const han = /[\\u3400-\\u9fff]/;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.nodeValue.trim(), parent = walk.currentNode.parentElement;
    if (han.test(text) && !parent.closest(data)) found.push(text);
  }
  for (const one of document.querySelectorAll('[placeholder], [title], [aria-label]'))
    for (const name of ['placeholder', 'title', 'aria-label']) {
      const text = one.getAttribute(name) ?? '';
      if (han.test(text) && !one.closest(data)) found.push(`${name}=${text}`);
    }
  return [...new Set(found), ...(han.test(document.title.split(' · ')[0]) ? [document.title] : [])];
}"""
PAGES = (
    "/",
    "/forms/cost_center.entry",
    "/forms/cost_center.entry/new",
    "/forms/cost_center.budget/new",
    "/forms/cost_center.contract/import",
    "/forms/cost_center.contract/export",
    "/forms/partners.company/bin",
    "/cost_center",
    "/search?q=xyz",
    "/admin/modules",
    "/admin/modules/cost_center/settings",
    "/admin/forms/new",
    "/admin/forms/cost_center.entry",
    "/admin/people",
    "/admin/roles",
    "/admin/departments",
    "/admin/tokens",
    "/me",
    "/api/docs",
)
WRITTEN = re.compile(
    "周敏|陈建国|李晓燕|赵玉兰|青禾市|中文|工程部|成本合约部|财务部|综合办公室|系统管理员|业务人员|只读"
)


async def speak(page: Page, language: str, code: str) -> None:
    await page.get_by_role("button", name="周敏").click()
    await page.get_by_role("button", name=language).click()
    await expect(page.locator("html")).to_have_attribute("lang", code)


async def test_in_english_no_page_speaks_chinese_by_itself(page: Page):
    await enter(page, "admin")
    await speak(page, "English", "en")
    left: list[str] = []
    names = "\n".join(await page.locator("main a").all_inner_texts())  # what the home page leads to is data
    for address in PAGES:
        await page.goto(address)
        said = [text for text in await page.evaluate(OURS) if not WRITTEN.search(text) and text not in names]
        left += [f"{address}: {text}" for text in said]
    await page.goto("/")
    await speak(page, "中文", "zh-CN")  # the account remembers it
    assert not left, f"{len(left)} left\n" + "\n".join(left)
