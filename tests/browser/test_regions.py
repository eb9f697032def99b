"""The product's main job on real data: two forms designed without code, filled from files, searched and exported."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.steps import downloaded, enter, filter_by, menu, upload_to_import
from tests.transfer.regions import ABSENT, AREA_COLUMNS, REGIONS, STREET_COLUMNS, rows_of, same_rows, slice_of

PROVINCE = "64"  # 宁夏: 22 districts, 259 streets
LOGIN = "linxi"
AREAS, STREETS = "own.quxian", "own.jiedao"


async def saved(page: Page, title: str) -> None:
    """The sheet shows what was typed and the draft is stored."""
    await expect(
        page.get_by_role("region", name="表单", exact=True).get_by_text(title, exact=True).first
    ).to_be_visible()
    await expect(page.get_by_text("草稿已保存")).to_be_visible()


async def field_by_mouse(page: Page, title: str, *switches: str) -> None:
    """A text field, named, with switches turned on."""
    await page.get_by_role("form", name="字段类型").get_by_role("button", name="文本", exact=False).first.click()
    name = page.get_by_role("complementary", name="属性").get_by_label("名称", exact=True)
    await expect(name).to_be_focused()
    await name.fill(title)
    await saved(page, title)
    for switch in switches:
        one = page.get_by_role("switch", name=switch)
        await one.check()
        await expect(one).to_be_checked()


async def publish(page: Page, *words: str) -> None:
    """After reading in words what changes."""
    await page.get_by_role("link", name="发布…").click()
    dialog = page.get_by_role("dialog", name="发布")
    for said in ("第一次发布", "谁能用", *words):
        await expect(dialog.get_by_text(said).first).to_be_visible()
    await dialog.get_by_role("button", name="发布", exact=True).click()
    await expect(page.get_by_text("已发布第 1 版")).to_be_visible()


async def design_areas(page: Page) -> None:
    await menu(page).get_by_role("link", name="表单设计").click()
    await page.get_by_role("link", name="新建表单").first.click()
    await page.get_by_label("表单名称").fill("区县")
    await page.get_by_role("button", name="创建并添加字段").click()
    await field_by_mouse(page, "编码", "必填", "唯一标识")
    await field_by_mouse(page, "名称", "必填")
    await field_by_mouse(page, "城市编码")
    await field_by_mouse(page, "省级编码")
    await publish(page, "共 4 个字段")


async def tab_to(page: Page, wanted: Locator) -> None:
    """By the Tab key alone."""
    for _ in range(150):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("(element) => element === document.activeElement"):
            return
    pytest.fail(f"the Tab key does not lead to {wanted}")


async def field_by_keyboard(page: Page, kind: str, title: str, *switches: str) -> None:
    await tab_to(page, page.get_by_role("form", name="字段类型").get_by_role("button", name=kind).first)
    await page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="属性")
    await expect(panel.get_by_label("名称", exact=True)).to_be_focused()
    await page.keyboard.press("Control+a")
    await page.keyboard.type(title)
    await saved(page, title)
    if kind == "关联":
        await tab_to(page, panel.get_by_label("关联的表单"))
        await page.keyboard.press("End")  # this form itself
        await page.keyboard.press("ArrowUp")
        await expect(panel.get_by_label("关联的表单")).to_have_value(AREAS)
    for switch in switches:
        one = page.get_by_role("switch", name=switch)
        await tab_to(page, one)
        await page.keyboard.press("Space")
        await expect(one).to_be_checked()


async def design_streets(page: Page) -> None:
    """Without a mouse."""
    await page.goto("/admin/forms")
    await page.keyboard.press("n")
    await expect(page.get_by_role("heading", level=1)).to_have_text("新建表单")
    await tab_to(page, page.get_by_label("表单名称"))
    await page.keyboard.type("街道")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/{STREETS}")
    await field_by_keyboard(page, "文本", "编码", "必填", "唯一标识")
    await field_by_keyboard(page, "文本", "名称", "必填")
    await field_by_keyboard(page, "关联", "所属区县", "必填")
    await field_by_keyboard(page, "文本", "省级编码")
    await field_by_keyboard(page, "文本", "城市编码")
    await publish(page, "共 5 个字段")


async def bring_in(page: Page, form: str, name: str, columns: dict[str, str]) -> int:
    """Through the wizard: columns matched, the preview read, then written; how many were written."""
    data = slice_of(name, PROVINCE)
    rows = len(rows_of(data))
    await upload_to_import(page, form, name, data)
    for header, field in columns.items():
        await page.get_by_label(f"“{header}”写入哪个字段").select_option(field)
    await page.get_by_role("button", name="检查").click()
    await page.get_by_role("button", name=f"导入 {rows} 行").click(timeout=30_000)
    await expect(page.get_by_text("导入完成")).to_be_visible(timeout=30_000)
    await expect(page.locator(".figure").filter(has_text="新增")).to_contain_text(str(rows))
    return rows


@pytest.mark.skipif(not REGIONS.is_dir(), reason=ABSENT)
async def test_districts_and_streets_are_designed_imported_searched_and_exported_again(page: Page):
    await enter(page, LOGIN)
    await design_areas(page)
    await design_streets(page)
    for form, title in ((AREAS, "区县"), (STREETS, "街道")):
        await expect(menu(page).get_by_role("link", name=title)).to_be_visible()
        assert (await page.request.get(f"/api/v1/forms/{form}/records")).ok
    codes = {"code": "bianma", "name": "mingcheng", "cityCode": "chengshibianma", "provinceCode": "shengjibianma"}
    areas = await bring_in(page, AREAS, "areas.csv", codes)
    streets = await bring_in(page, STREETS, "streets.csv", {**codes, "areaCode": "suoshuquxian"})
    assert (areas, streets) == (22, 259)

    await page.goto(f"/forms/{STREETS}")
    await filter_by(page, "所属区县", "兴庆")
    wanted = [row for row in rows_of(slice_of("streets.csv", PROVINCE)) if row["areaCode"] == "640104"]
    await expect(page.locator("#list tbody tr[data-id]")).to_have_count(len(wanted))
    await page.goto(f"/forms/{STREETS}")
    await page.get_by_role("searchbox", name="在街道中搜索").fill("解放")
    await expect(page.locator("#list tbody tr[data-id]")).to_have_count(1)
    await expect(page.locator("#list")).to_contain_text("解放")

    for form, name, columns in (("区县", "areas.csv", AREA_COLUMNS), ("街道", "streets.csv", STREET_COLUMNS)):
        exported = await downloaded(page, AREAS if form == "区县" else STREETS)
        assert same_rows(exported, slice_of(name, PROVINCE), columns)
