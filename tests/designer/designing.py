"""What the tests of designing share: edits as the page sends them, forms published, records put in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import definitions
from core.context import Context
from core.platform import Platform
from core.testing import refreshed

DISTRICT: Mapping[str, Any] = {
    "title": "区县", "type": "object", "required": ["code", "name"], "x-key": ["code"], "x-label": "name",
    "x-list": ["code", "name", "kind", "area"],
    "properties": {
        "code": {"title": "代码", "x-type": "text", "maxLength": 12},
        "name": {"title": "名称", "x-type": "text", "maxLength": 40},
        "kind": {
            "title": "类别", "x-type": "choice",
            "x-choices": [{"value": "city", "title": "市辖区"}, {"value": "county", "title": "县"}],
        },
        "area": {"title": "面积", "x-type": "decimal", "x-decimals": 2, "x-unit": "平方公里"},
    },
}  # fmt: skip
ROWS = [
    {"code": "110101", "name": "东城区", "kind": "city", "area": 41},
    {"code": "110102", "name": "西城区", "kind": "city", "area": 50},
    {"code": "130121", "name": "井陉县", "kind": "county"},
]


async def edit(ctx: Context, form: str, op: str, **values: str | list[str]) -> definitions.Outcome:
    many = {name: [value] if isinstance(value, str) else value for name, value in values.items()}
    return await definitions.edit(ctx, form, op, many)


async def published(
    platform: Platform, ctx: Context, code: str = "district", definition: Mapping[str, Any] = DISTRICT
) -> tuple[Context, str]:
    """An own form in force, and the context of the next request."""
    name = await definitions.create_form(ctx, title=definition["title"], code=code)
    await definitions.save_draft(ctx, name, definition)
    await definitions.publish(ctx, name)
    return await refreshed(platform, ctx), name


async def filled(platform: Platform, ctx: Context) -> tuple[Context, str, list[str]]:
    """The form of districts with three records; their ids."""
    ctx, name = await published(platform, ctx)
    return ctx, name, [(await ctx.records.create(name, row)).id for row in ROWS]
