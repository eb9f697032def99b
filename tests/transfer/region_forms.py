"""The forms 区县 and 街道 as an administrator would design them, and a tree of accounts that refers to itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.definitions import create_form, publish, save_draft
from core.testing import refreshed

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform


def _text(title: str, length: int = 60) -> dict[str, Any]:
    return {"x-type": "text", "title": title, "maxLength": length}


AREA = {
    "title": "区县",
    "type": "object",
    "required": ["code", "name"],
    "x-key": ["code"],
    "x-label": "name",
    "x-list": ["code", "name", "city_code"],
    "properties": {
        "code": _text("编码", 12),
        "name": _text("名称"),
        "city_code": _text("城市编码", 12),
        "province_code": _text("省级编码", 12),
    },
}
STREET = {
    "title": "街道",
    "type": "object",
    "required": ["code", "name", "area_code"],
    "x-key": ["code"],
    "x-label": "name",
    "x-list": ["code", "name", "area_code"],
    "properties": {
        "code": _text("编码", 12),
        "name": _text("名称"),
        "area_code": {"x-type": "reference", "title": "所属区县", "x-ref": "own.area"},
        "province_code": _text("省级编码", 12),
        "city_code": _text("城市编码", 12),
    },
}
WORKS = {
    "title": "工程量",
    "type": "object",
    "required": ["code", "name"],
    "x-key": ["code"],
    "x-label": "name",
    "x-list": ["code", "name"],
    "properties": {
        "code": _text("编码", 30),
        "name": _text("名称"),
        "parent": {"x-type": "reference", "title": "上级", "x-ref": "own.works"},
        "amount": {"x-type": "money", "title": "金额", "x-decimals": 2},
        "begun": {"x-type": "date", "title": "开工日期"},
        "checked": {"x-type": "datetime", "title": "核对时间"},
        "closed": {"x-type": "boolean", "title": "已关闭"},
        "kind": {
            "x-type": "choice",
            "title": "类别",
            "x-choices": [{"value": "earth", "title": "土方"}, {"value": "road", "title": "道路"}],
        },
        "tags": {
            "x-type": "choices",
            "title": "标签",
            "x-choices": [{"value": "hot", "title": "重点"}, {"value": "night", "title": "夜间"}],
        },
        "keeper": {"x-type": "person", "title": "经办人"},
        "phone": {"x-type": "phone", "title": "电话"},
        "place": {"x-type": "place", "title": "地点"},
        "note": {"x-type": "longtext", "title": "说明"},
        "lines": {
            "x-type": "rows",
            "title": "明细",
            "items": {
                "type": "object",
                "required": ["item"],
                "properties": {
                    "item": _text("项目"),
                    "price": {"x-type": "money", "title": "单价", "x-decimals": 2},
                },
            },
        },
    },
}


async def with_form(platform: Platform, ctx: Context, code: str, definition: Mapping[str, Any]) -> Context:
    """Publish own.<code>; the context that knows it."""
    name = await create_form(ctx, title=definition["title"], code=code)
    await save_draft(ctx, name, definition)
    await publish(ctx, name)
    return await refreshed(platform, ctx)


async def with_regions(platform: Platform, ctx: Context) -> Context:
    """Publish 区县 and 街道."""
    return await with_form(platform, await with_form(platform, ctx, "area", AREA), "street", STREET)
