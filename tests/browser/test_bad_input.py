"""Files and requests that must be refused, or read all the same, each with words that say what to do."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from openpyxl import Workbook
from playwright.async_api import Page, expect

from tests.browser.steps import OPINION, enter, list_row, save, upload_to_import

FORM = "own.opinion"
TITLES = ("编号", "事项", "收到日期", "状态")


async def refused(page: Page, content: bytes | Path, *words: str, name: str = "") -> None:
    """The wizard stays at its first step and says why."""
    await upload_to_import(page, FORM, name, content)
    note = page.get_by_role("alert").first
    for said in words:
        await expect(note).to_contain_text(said, timeout=30_000)


def bomb() -> bytes:
    """A workbook of some hundred kilobytes that unpacks to a quarter of a gigabyte."""
    book = Workbook()
    book.active.append(TITLES)
    plain, packed = io.BytesIO(), io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for item in old.namelist():
            with new.open(item, "w") as entry:
                head, end, rest = old.read(item).partition(b"</sheetData>")
                entry.write(head)
                for _megabyte in range(250 if end else 0):
                    entry.write(b" " * 1_000_000)
                entry.write(end + rest)
    return packed.getvalue()


def merged() -> bytes:
    """A table as people send it: a title over all columns, and a heading over two."""
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    sheet.append(["居民意见登记表"])
    sheet.merge_cells("A1:D1")
    sheet.append(["基本情况", None, "办理", None])
    sheet.merge_cells("A2:B2")
    sheet.merge_cells("C2:D2")
    sheet.append(TITLES)
    sheet.append(["HB-1", "合并表头", "2026-11-01", "待受理"])
    book.save(out)
    return out.getvalue()


async def test_a_file_of_fifty_megabytes_is_refused_in_words(page: Page, tmp_path: Path):
    big = tmp_path / "大文件.csv"
    big.write_bytes(b"a,b\n" + b"1,2\n" * 13_000_000)
    await enter(page, "linxi")
    await upload_to_import(page, FORM, "", big)
    await expect(page.get_by_text("超过了 20.1 MB 的上限")).to_be_visible(timeout=30_000)
    await expect(page.get_by_text("请压缩或拆分后再上传")).to_be_visible()
    await page.goto(f"{OPINION}/import")
    await expect(page.get_by_text("大文件.csv")).to_have_count(0)


async def test_a_photo_of_fifty_megabytes_is_refused_beside_the_form_that_stays(page: Page, tmp_path: Path):
    big = tmp_path / "航拍.bmp"
    big.write_bytes(b"BM" + b"\0" * 50_000_000)
    await enter(page, "linxi")
    await page.goto("/forms/partners.review/new")
    await page.get_by_label("评价编号").fill("PJ-大")
    photos = page.get_by_role("group", name="佐证照片")
    await photos.locator("input[type=file]").first.set_input_files(big)
    await expect(page.get_by_text("航拍.bmp 超过了 20 MB，没有上传")).to_be_visible()
    await expect(page.get_by_label("评价编号")).to_have_value("PJ-大")


async def test_a_zip_bomb_named_as_a_workbook_is_refused_and_the_server_lives_on(page: Page):
    await enter(page, "linxi")
    await refused(page, bomb(), "展开后", name="报表.xlsx")
    await page.goto(OPINION)
    await expect(page.get_by_role("heading", level=1)).to_have_text("居民意见")


async def test_a_workbook_with_merged_headings_is_refused_with_its_cells_named(page: Page):
    await enter(page, "linxi")
    await refused(page, merged(), "合并的单元格", "A1:D1", "取消合并", name="台账.xlsx")


async def test_a_file_from_an_old_chinese_windows_is_read_as_it_was_meant(page: Page):
    rows = [",".join(TITLES), "GB-1,镕基路䶮字牌匾脱落,2026-11-01,待受理", "GB-2,下水道堵塞,2026-11-02,待受理"]
    await enter(page, "linxi")
    await upload_to_import(page, FORM, "旧系统.csv", "\r\n".join(rows).encode("gb18030"))
    await expect(page.get_by_text("GB18030")).to_be_visible()
    await page.get_by_role("button", name="检查").click()
    await page.get_by_role("button", name="导入 2 行").click(timeout=30_000)
    await expect(page.get_by_text("导入完成")).to_be_visible(timeout=30_000)
    await page.goto(f"{OPINION}?q=镕基路䶮字")
    await expect(list_row(page, "镕基路䶮字牌匾脱落")).to_have_count(1)


async def test_rows_with_errors_are_named_and_come_back_in_a_file(page: Page):
    rows = [",".join(TITLES), "ER-1,路灯不亮,昨天,待受理", "ER-2,,2026-11-02,待受理", "ER-3,井盖响,2026-11-02,待受理"]
    await enter(page, "linxi")
    await upload_to_import(page, FORM, "有错.csv", "\n".join(rows).encode())
    await page.get_by_role("button", name="检查").click()
    wrong = page.get_by_role("region", name="有错的行")
    await expect(wrong.get_by_role("row").filter(has_text="收到日期")).to_contain_text("2", timeout=30_000)
    await expect(wrong.get_by_role("row").filter(has_text="事项")).to_be_visible()
    async with page.expect_download() as coming:
        await wrong.get_by_role("link", name="下载标注了错误的文件").click()
    assert "昨天" in (await (await coming.value).path()).read_text(encoding="utf-8-sig")
    await expect(page.get_by_role("button", name="导入 1 行")).to_be_visible()


async def test_a_broken_token_against_forged_requests_loses_nothing(page: Page):
    await enter(page, "linxi")
    await page.goto(f"{OPINION}/new")
    for label, value in {"编号": "CS-1", "事项": "没有丢失", "收到日期": "2026-11-02"}.items():
        await page.get_by_label(label).first.fill(value)
    await page.locator("form[data-entry] input[name=_csrf]").evaluate("input => { input.value = 'broken'; }")
    await page.get_by_role("button", name="保存", exact=True).last.click()
    await page.get_by_role("button", name="继续").click()
    await expect(page.get_by_label("事项").first).to_have_value("没有丢失")
    await save(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("没有丢失")
