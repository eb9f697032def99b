"""What people do with an alert: acknowledge, assign, suppress, resolve, reopen; each is a line of its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from core.alerts import reading, telling
from core.alerts.evaluating import event
from core.alerts.model import Happening, Rule
from core.clock import now, stamp
from core.errors import Conflict, Forbidden, Invalid, Problem
from core.i18n import _
from core.people import must_write
from core.records import Condition, Query
from core.store import alerts as stored
from core.store import records as stored_records

if TYPE_CHECKING:
    from core.context import Context

Act = Literal["acknowledge", "assign", "suppress", "resolve", "reopen"]
ACTS: tuple[Act, ...] = ("acknowledge", "assign", "suppress", "resolve", "reopen")
FROM = {  # the states in which each may be done
    "acknowledge": ("open",),
    "assign": ("open", "acknowledged"),
    "suppress": ("open", "acknowledged"),
    "resolve": ("open", "acknowledged"),
    "reopen": ("acknowledged", "suppressed"),
}
LONGEST_NOTE = 500
FARTHEST = timedelta(days=366)
ZONE = ZoneInfo("Asia/Shanghai")
Row = Mapping[str, Any]


async def may_act(ctx: Context, row: Row) -> bool:
    """Who may: the alert's owner, and whoever may change the record it is about."""
    if ctx.member.id and row["owner"] == ctx.member.id:
        return True
    if row["form"] not in ctx.forms or not ctx.can(row["form"], "update"):
        return False
    query = Query(where=(Condition("_id", "eq", row["record"]),))
    return (await ctx.records.count(row["form"], query, action="update")).number > 0


async def act(
    ctx: Context, rules: Mapping[str, Rule], id: str, act: Act, *, note: str, owner: str, until: str, due: str
) -> None:
    """Do `act` to an alert. A resolution says in `note` what was done; `until` and `due` are days."""
    must_write(ctx.tenant)
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise Invalid([Problem("note", "length", _("说明最多 {n} 个字", n=LONGEST_NOTE))])
    async with ctx.db.write():
        row = await reading.fetch(ctx, rules, id, lock=True)
        if not await may_act(ctx, row):
            raise Forbidden(_("只有负责人和可以修改这条内容的人能处理这条预警。"))
        if row["state"] not in FROM[act]:
            raise Conflict(_("这条预警的状态已经变了，请刷新后再看。"))
        changes = await _changes(ctx, act, note=note, owner=owner, until=until, due=due)
        await stored.update(ctx.db, ctx.tenant.id, id, changes)
        fresh = {**row, **changes}
        await stored.add_events(
            ctx.db, ctx.tenant.id, [event(fresh, act, at=now(), by=ctx.member.id or None, note=note)]
        )
        if act == "assign" and owner != row["owner"] and row["rule"] in rules:
            await telling.tell_owner(ctx, rules[row["rule"]], fresh)
        if act == "resolve" and row["rule"] in rules:
            await telling.tell_webhooks(ctx, rules[row["rule"]], [Happening("resolved", fresh)])


async def _changes(ctx: Context, act: Act, *, note: str, owner: str, until: str, due: str) -> dict[str, Any]:
    if act == "acknowledge":
        return {"state": "acknowledged", **({"note": note} if note else {})}
    if act == "assign":
        if owner not in await stored_records.active_members(ctx.db, ctx.tenant.id, [owner]):
            raise Invalid([Problem("owner", "person", _("请选择本单位的一名在职成员"))])
        return {"owner": owner, "due_at": _evening(due, "due") if due else None}
    if act == "suppress":
        if not note:
            raise Invalid([Problem("note", "required", _("请写明为什么暂时不提醒"))])
        return {"state": "suppressed", "until_at": _evening(until, "until"), "note": note}
    if act == "resolve":
        if not note:
            raise Invalid([Problem("note", "required", _("请写明怎样处理的"))])
        return {"state": "resolved", "closed_at": now(), "note": note}
    return {"state": "open", "until_at": None}


def _evening(text: str, field: str) -> str:
    """The end of a day in China, as an instant; a day that is still to come, within a year."""
    try:
        day = date.fromisoformat(text)
        end = datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Invalid([Problem(field, "date", _("请选择日期"))]) from None
    if not timedelta(0) < end - datetime.now(UTC) < FARTHEST:
        raise Invalid([Problem(field, "range", _("请选择今天起一年以内的日期"))])
    return stamp(end)
