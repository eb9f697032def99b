"""The demo's form of a tenant's own, designed as an administrator would: 居民意见."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from core import people
from core.definitions import create_form, publish, save_draft
from core.demo import words
from core.demo.hands import hands
from core.records import Query

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

DEFINITION = {
    "title": "居民意见",
    "description": "入户走访、热线和意见箱收到的意见，一条一记，件件有回音。",
    "type": "object",
    "x-icon": "message",
    "required": ["code", "title", "received"],
    "x-key": ["code"],
    "x-label": "title",
    "x-list": ["code", "title", "category", "state", "received", "due"],
    "properties": {
        "code": {"type": "string", "x-type": "text", "title": "编号", "maxLength": 30},
        "title": {"type": "string", "x-type": "text", "title": "事项", "maxLength": 80},
        "content": {"type": "string", "x-type": "longtext", "title": "意见内容"},
        "category": {
            "type": "string", "x-type": "choice", "title": "类别",
            "enum": ["drainage", "green", "lift", "construction", "service", "road"],
            "x-choices": [
                {"value": "drainage", "title": "排水"}, {"value": "green", "title": "绿化"},
                {"value": "lift", "title": "电梯"}, {"value": "construction", "title": "施工"},
                {"value": "service", "title": "服务"}, {"value": "road", "title": "道路照明"},
            ],
        },
        "project": {"type": "string", "x-type": "reference", "title": "涉及项目", "x-ref": "cost_center.project"},
        "anonymous": {"type": "boolean", "x-type": "boolean", "title": "不留姓名"},
        "resident": {
            "type": "string", "x-type": "text", "title": "反映人", "maxLength": 20, "x-pii": True,
            "x-when": {"visible": "NOT(COALESCE(anonymous, FALSE))"},
        },
        "phone": {
            "type": "string", "x-type": "phone", "title": "联系电话", "x-pii": True,
            "x-when": {"visible": "NOT(COALESCE(anonymous, FALSE))"},
        },
        "received": {"type": "string", "format": "date", "x-type": "date", "title": "收到日期"},
        "due": {"type": "string", "format": "date", "x-type": "date", "title": "办理期限",
                "x-help": "收到后七个工作日", "x-default": {"formula": "WORKDAY(received, 7)"}},
        "state": {
            "type": "string", "x-type": "choice", "title": "状态", "enum": ["new", "handling", "answered", "closed"],
            "x-choices": [
                {"value": "new", "title": "待受理", "color": "grey"},
                {"value": "handling", "title": "办理中", "color": "blue"},
                {"value": "answered", "title": "已答复", "color": "cyan"},
                {"value": "closed", "title": "已办结", "color": "green"},
            ],
        },
        "answer": {
            "type": "string", "x-type": "longtext", "title": "答复",
            "x-when": {"visible": 'state <> "new"', "hidden": "keep"},
        },
    },
    "x-states": {"field": "state", "initial": "new", "states": {
        "handling": {"required": ["due"]}, "answered": {"required": ["answer"]},
        "closed": {"read_only": True, "final": True},
    }},
    "x-flow": [
        {"code": "accept", "title": "受理", "from": ["new"], "to": "handling", "required": ["due"]},
        {"code": "answer", "title": "答复", "from": ["handling"], "to": "answered", "required": ["answer"],
         "comment": "none"},
        {"code": "again", "title": "重办", "from": ["answered"], "to": "handling", "comment": "required"},
        {"code": "close", "title": "办结", "from": ["answered"], "to": "closed", "roles": ["admin", "editor"],
         "apart": ["answer"]},
    ],
}  # fmt: skip


_STEPS = {"new": (), "handling": ("accept",), "answered": ("accept", "answer"),
          "closed": ("accept", "answer", "close"), "again": ("accept", "answer", "again")}  # fmt: skip


async def make_own_form(platform: Platform, ctx: Context) -> None:
    """Publish the form, write some opinions about the projects there are and take them some steps on."""
    name = await create_form(ctx, title="居民意见", code="opinion")
    await save_draft(ctx, name, DEFINITION)
    await publish(ctx, name, note="首次发布")
    ctx = await platform.context(await people.access_of(platform.db, ctx.tenant.id, ctx.member.id))
    projects = (await ctx.records.list("cost_center.project", Query(sort=(("code", False),)))).records
    opinions = [_opinion(place, projects[place * 7 % len(projects)].id) for place in range(36)]
    fresh = [{key: value for key, value in one.items() if key not in ("state", "answer")} for one in opinions]
    made = await ctx.records.bulk(name, fresh, mode="create", source="page")
    both = await hands(platform, ctx)
    for row, one in zip(made.rows, opinions, strict=True):
        assert row.id is not None
        await both.walk(name, row.id, _STEPS[str(one["state"])], data=one)


def _opinion(place: int, project: str) -> dict[str, object]:
    title, content, category = words.OPINIONS[place % len(words.OPINIONS)]
    received = date.today() - timedelta(days=place * 4 + 1)
    state = "new" if place < 5 else "handling" if place < 12 else "answered" if place < 17 else "closed"
    state = "again" if place == 11 else state
    answered = {} if state in ("new", "handling") else {"answer": "已转责任单位现场核实并整改，结果已当面告知反映人。"}
    building, unit = place % 12 + 1, place % 4 + 1
    return {
        "code": f"YJ-{received.year}-{place + 1:04d}", "title": title, "category": category, "state": state,
        "project": project,
        "content": f"{content}（{building} 号楼 {unit} 单元住户反映）", "received": received.isoformat(),
        "resident": words.PEOPLE[place % len(words.PEOPLE)], "phone": f"138{place * 7919 % 10**8:08d}",
        "due": (received + timedelta(days=7)).isoformat(), **answered,
    }  # fmt: skip
