"""Records that the tests of operation and maintenance begin with, made through the write path."""

from __future__ import annotations

from decimal import Decimal

from core import Condition, Query
from plugins.maintenance import service
from plugins.maintenance.names import ASSET, MOVE, ORDER, PART, PLAN, every


async def make_asset(ctx, code="DT-1", **more) -> str:
    data = {"code": code, "name": f"电梯 {code}", "class": "lift", "status": "in_use"}
    return (await ctx.records.create(ASSET, data | more)).id


async def make_plan(ctx, assets, code="BY-1", **more):
    data = {"code": code, "name": "月保养", "kind": "preventive", "trigger": "calendar", "cycle": "month",
            "start": service.present().date().isoformat(), "assets": [{"asset": one} for one in assets]}  # fmt: skip
    return await ctx.records.create(PLAN, data | more)


async def make_order(ctx, **more):
    data = {"title": "灯不亮", "kind": "corrective", "priority": "normal"}
    return await ctx.records.create(ORDER, data | more)


async def make_part(ctx, code="P-1", **more) -> str:
    return (await ctx.records.create(PART, {"code": code, "name": "灯泡", "unit": "个"} | more)).id


async def move(ctx, part, kind, quantity, **more):
    data = {"part": part, "kind": kind, "quantity": Decimal(str(quantity)), "day": "2026-03-02"}
    return await ctx.records.create(MOVE, data | more)


async def orders(ctx, *where: Condition) -> list:
    return [one async for one in every(ctx, ORDER, *where, query=Query(sort=(("code", False),)))]


async def take(ctx, record, *steps, **data):
    """The record after these steps, taken as the installation, each with what it asks for."""
    form = record.form
    for code in steps:
        step = ctx.forms.get(form).flow.step(code)
        given = {name: data[name] for name in step.required if name in data}
        comment = "请再看" if step.comment == "required" else ""
        record = await ctx.system().flow.take(
            form, record.id, code, revision=record.revision, data=given, comment=comment
        )
    return record
