"""A bill of quantities comes in: the workbook is read and shown first, then written whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from litestar import Request
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response

from core import Context, DougongError, Forbidden, Invalid, Problem, _, get, page, post, read_sheet, redirect
from plugins.cost_center import boq
from plugins.cost_center.rules import BOQ, PROJECT

MOST_BYTES = 20 * 1024 * 1024
MOST_ITEMS = 20_000
SHOWN = 200


@get("/cost_center/{project:str}/boq", permission="records")
async def bring_page(ctx: Context, request: Request, project: FromPath[str]) -> Response:
    return await _page(ctx, project)


async def _page(ctx: Context, project: str, *, error: str = "", **more: Any) -> Response:
    if not ctx.can(BOQ, "create"):
        raise Forbidden(_("您没有权限导入清单，请联系本单位的系统管理员。"))
    data = {"project": await ctx.records.get(PROJECT, project), "error": error, "bill": None, **more}
    return page(ctx, "cost_center/boq.html", data, status=422 if error else 200)


@post("/cost_center/{project:str}/boq", permission="records", body_limit=MOST_BYTES + 64 * 1024)
async def bring(ctx: Context, request: Request, project: FromPath[str]) -> Response:
    """The workbook as it was read; with `kept`, the file that was shown, it is written."""
    await ctx.records.get(PROJECT, project)
    posted = await request.form()
    kept, upload = str(posted.get("kept", "")), posted.get("file")
    try:
        if kept:
            await write(ctx, project, await ctx.files.read(kept))
            return redirect(f"/forms/{BOQ}?where=project:eq:{project}&totals=1")
        if not isinstance(upload, UploadFile) or not upload.filename:
            return await _page(ctx, project, error=_("请选择要导入的文件。"))
        content = await upload.read()
        bill = await read(content)
        kept = await ctx.files.put(upload.filename[:120], _whole(content))
    except Invalid as wrong:
        return await _page(ctx, project, error="；".join(dict.fromkeys(one.message for one in wrong.problems)))
    except DougongError as wrong:
        return await _page(ctx, project, error=wrong.message)
    shown = {
        "bill": bill, "kept": kept, "shown": SHOWN, "blocked": list(boq.doubled(bill)), "told": told(bill),
    }  # fmt: skip
    return await _page(ctx, project, **shown)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def read(content: bytes) -> boq.Bill:
    sheet = await read_sheet(content)
    try:
        bill = boq.read([(row.number, row.cells) for row in sheet.rows], sheet.merged)
    except boq.NoBill:
        words = _("没有找到清单的表头：要有“项目名称”，以及“计量单位”或“工程量”。")
        raise Invalid([Problem("file", "no_header", words)]) from None
    if not bill.items:
        raise Invalid([Problem("file", "empty", _("表头下面没有清单项。"))])
    if len(bill.items) > MOST_ITEMS:
        raise Invalid([Problem("file", "many", _("清单超过 {n} 项，请分成几个文件。", n=MOST_ITEMS))])
    return bill


async def write(ctx: Context, project: str, content: bytes) -> None:
    """All items by their codes: what is there is changed, what is new is added."""
    bill = await read(content)
    if next(boq.doubled(bill), None):
        raise Invalid([Problem("file", "twice", _("有重复的项目编码，请改好再导入。"))])
    rows: list[Mapping[str, Any]] = [{**item.values, "project": project} for item in bill.items]
    result = await ctx.records.bulk(BOQ, rows, mode="upsert", source="import", stop_on_error=True)
    if result.wrong:
        pairs = zip(bill.items, result.rows, strict=True)
        found = [(item.row, problem) for item, row in pairs for problem in row.problems]
        words = [_("第 {row} 行：{text}", row=row, text=problem.message) for row, problem in found[:10]]
        raise Invalid([Problem("file", "rows", "；".join(words))])


def told(bill: boq.Bill) -> list[str]:
    """What to look at, in words."""
    words = {
        "product": _("第 {row} 行：工程量 × 单价与合价不符，按乘积导入（{detail}）"),
        "sum": _("第 {row} 行：小计与明细之和不符（{detail}）"),
        "code": _("第 {row} 行：项目编码不是 9 位或 12 位数字（{detail}）"),
        "twice": _("第 {row} 行：项目编码重复，前面在第几行见括号（{detail}）"),
        "unclear": _("第 {row} 行：看不出是什么，没有导入（{detail}）"),
    }
    return [words[one.code].replace("{row}", str(one.row)).replace("{detail}", one.detail) for one in bill.notices]
