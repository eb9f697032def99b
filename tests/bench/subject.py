"""What is measured: a form of 15 fields, its records, and who asks for them; made through the platform itself."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core import people
from core.clock import new_id, now
from core.definitions import create_form, publish, save_draft
from core.records import drafts, seal
from core.records.writing import stored_columns
from core.store import records as stored
from core.store import search as stored_search
from core.testing import PASSWORD, new_member, new_tenant, refreshed

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

FORM = "own.item"
CITIES = ("解放", "文昌", "石桥", "南屏", "白鹭", "云台", "临溪", "青禾", "柳林", "张家湾")
CHUNK = 2_000  # records written at once, all by one member
WRITTEN = 20_000  # of the records are written as people write them, those beyond are stored directly


def definition() -> dict[str, Any]:
    """A form of 15 fields, of which six are listed and all but the notes filtered by a slot."""
    text = {"type": "string", "x-type": "text", "maxLength": 120}
    fields: dict[str, Any] = {
        "code": {**text, "title": "编号"},
        "name": {**text, "title": "名称"},
        "status": {"type": "string", "x-type": "choice", "title": "状态", "enum": ["a", "b", "c", "d"],
                   "x-choices": [{"value": v, "title": v.upper()} for v in "abcd"]},
        "amount": {"type": "number", "x-type": "money", "title": "金额"},
        "day": {"type": "string", "x-type": "date", "title": "日期"},
        "count": {"type": "integer", "x-type": "integer", "title": "数量"},
        "done": {"type": "boolean", "x-type": "boolean", "title": "完成"},
        "notes": {"type": "string", "x-type": "longtext", "title": "说明"},
    }  # fmt: skip
    fields |= {f"text{n}": {**text, "title": f"文字{n}"} for n in range(7)}
    listed = ["code", "name", "status", "amount", "day", "count"]
    return {
        "title": "基准", "type": "object", "required": ["code", "name"], "x-key": ["code"], "x-label": "name",
        "x-list": listed, "properties": fields,
    }  # fmt: skip


def row(number: int) -> dict[str, Any]:
    """The record of that number: the same in every run."""
    city = CITIES[number % len(CITIES)]
    return {
        "code": f"N{number:08d}", "name": f"{city}路{number % 977}号工程", "status": "abcd"[number * 31 % 97 % 4],
        "amount": Decimal(number * 7919 % 10_000_000) / 100,
        "day": f"20{20 + number * 13 % 6}-{number % 12 + 1:02d}-{number * 17 % 28 + 1:02d}",
        "count": number * 37 % 1009, "done": number % 3 == 0, "notes": f"{city}街道第{number}项，按图施工，注意扬尘。",
        **{f"text{n}": f"内容{number % 13}{n}" for n in range(7)},
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`token` and `session` are the administrator's; `restricted` a member's who sees his department only."""

    ctx: Context
    restricted: Context
    token: str
    restricted_token: str
    session: str
    rows: int


async def prepare(platform: Platform, rows: int) -> Subject:
    """The tenant with its form, members of ten departments, and `rows` records, sealed."""
    ctx = await new_tenant(platform, "bench")
    await create_form(ctx, title="基准", code="item")
    await save_draft(ctx, FORM, definition())
    await publish(ctx, FORM, note="")
    writers = [await _writer(platform, ctx, number) for number in range(10)]
    for first in range(0, rows, CHUNK):
        writer = await refreshed(platform, writers[first // CHUNK % len(writers)])
        some = [row(number) for number in range(first, min(first + CHUNK, rows))]
        await (_bulk if first < WRITTEN else _store)(writer, some)
    await seal(platform.db, ctx.tenant.id)
    ctx = await refreshed(platform, ctx)
    restricted = await _restricted(platform, ctx, department=writers[3].member.department)
    if platform.db.kind == "postgres":
        await platform.db.execute("VACUUM ANALYZE")  # as autovacuum leaves it within minutes
    return Subject(
        ctx=ctx,
        restricted=restricted,
        token=await people.create_token(platform.db, ctx.access, member=ctx.member.id, name="bench"),
        restricted_token=await people.create_token(platform.db, ctx.access, member=restricted.member.id, name="bench"),
        session=await people.sign_in(platform.db, "bench-admin", password=PASSWORD, address=None, hours=12),
        rows=rows,
    )


async def _bulk(writer: Context, rows: list[dict[str, Any]]) -> None:
    result = await writer.records.bulk(FORM, rows, mode="create", source="import")
    assert result.new == len(rows), result.rows[:3]


async def _store(writer: Context, rows: list[dict[str, Any]]) -> None:
    """Straight into the tables of records and of search, unchecked and without history: quick, and read alike."""
    form, db, tenant = writer.forms.get(FORM), writer.db, writer.tenant.id
    slots = drafts.slots_of(form)
    head = {"form": FORM, "revision": 1, "department": writer.member.department}
    head |= {"created_at": now(), "created_by": writer.member.id}
    made = [
        head | {"id": new_id()} | stored_columns(writer.records, form, one, slots=slots, at=head["created_at"])
        for one in rows
    ]
    texts = [(one["id"], drafts.grams_of(form, data)) for one, data in zip(made, rows, strict=True)]
    async with db.write():
        await stored.insert(db, tenant, made, slots=slots)
        await stored_search.put(db, tenant, FORM, rows=texts, fresh=True)


async def _writer(platform: Platform, ctx: Context, number: int) -> Context:
    department = await people.create_department(platform.db, ctx.tenant.id, name=f"部门{number}")
    return await new_member(platform, ctx, f"writer{number}", roles=("editor",), department=department)


async def _restricted(platform: Platform, ctx: Context, *, department: str | None) -> Context:
    """A member who reads the records of his own department, and not their notes."""
    rules = [{"forms": [FORM], "actions": ["read"], "rows": "department", "except": ["notes"]}]
    await people.create_role(platform.db, ctx.access, name="只看本部门", rules=rules, code="narrow")
    return await new_member(platform, ctx, "narrow", roles=("narrow",), department=department)
