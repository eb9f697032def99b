"""Who hears of an alert: its owner and those the rule names, as far as they may see it; and webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from core.alerts import reading
from core.alerts.model import Happening, Rule, severity_named
from core.errors import NotFound
from core.people import access_of
from core.store import notices as stored_notices
from core.store import records as stored_records

if TYPE_CHECKING:
    from core.context import Context

WORSE = ("opened", "raised", "woken")  # what is told; that something grew better is seen on the page
CLOSED = ("auto_closed", "resolved")
EACH = 5  # alerts of one evaluation that get a notice each; more are told in one
TITLES = {
    "blue": "蓝色提示：{title}",
    "yellow": "黄色预警：{title}",
    "orange": "橙色预警：{title}",
    "red": "红色预警：{title}",
}
ASSIGNED = "指派给您的预警：{title}"
MANY = "{n} 项新预警：{title}"
HOLDS = "{subject}"
MEASURED = "{subject}：{metric} {value} {unit}，界限 {threshold}"
CENT = Decimal("0.01")
Row = Mapping[str, Any]


async def tell(ctx: Context, rule: Rule, happened: Sequence[Happening]) -> None:
    """Notices and webhooks of one evaluation, in its transaction."""
    await tell_webhooks(ctx, rule, happened)
    worse = [one for one in happened if one.kind in WORSE]
    if worse:
        for member, rows in (await _recipients(ctx, rule, [one.row for one in worse])).items():
            await _notify(ctx, rule, member, rows)


async def tell_owner(ctx: Context, rule: Rule, row: Row) -> None:
    """An alert was given to somebody: he hears of it unless he took it himself."""
    if row["owner"] and row["owner"] != ctx.member.id:
        seen = await _seen_by(ctx, rule, row["owner"], [row])
        for one in seen:
            await _send(ctx, rule, row["owner"], one, title=ASSIGNED)


async def tell_webhooks(ctx: Context, rule: Rule, happened: Sequence[Happening]) -> None:
    for one in happened:
        kind = "opened" if one.kind in WORSE else "closed" if one.kind in CLOSED else ""
        if kind:
            facts = {"rule": rule.code, "alert": one.row["id"], "form": one.row["form"], "record": one.row["record"]}
            await ctx.webhooks.alert(kind, {**facts, "severity": severity_named(one.row["severity"])})


async def _recipients(ctx: Context, rule: Rule, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Member -> the alerts that concern him and that he may see."""
    everywhere = await stored_notices.holders(ctx.db, ctx.tenant.id, rule.told.roles)
    wanted: dict[str, list[Row]] = {member: list(rows) for member in everywhere}
    makers: Mapping[str, Any] = {}
    if rule.told.creator:
        found = await stored_records.fetch_many(
            ctx.db, ctx.tenant.id, rows[0]["form"], ids=[row["record"] for row in rows]
        )
        makers = {id: record["created_by"] for id, record in found.items()}
    for row in rows:
        for member in {row["owner"], makers.get(row["record"])} - {None, *everywhere}:
            wanted.setdefault(member, []).append(row)
    seen = {member: await _seen_by(ctx, rule, member, some) for member, some in wanted.items()}
    return {member: some for member, some in seen.items() if some}


async def _seen_by(ctx: Context, rule: Rule, member: str, rows: Sequence[Row]) -> list[Row]:
    try:
        other = ctx.of(await access_of(ctx.db, ctx.tenant.id, member))
    except NotFound:  # switched off meanwhile
        return []
    allowed = await reading.seen(other, {rule.code: rule}, rows)
    return [row for row in rows if row["id"] in allowed]


async def _notify(ctx: Context, rule: Rule, member: str, rows: Sequence[Row]) -> None:
    if len(rows) > EACH:
        words = {"n": len(rows), "title": rule.title}
        await ctx.notices.send([member], "alert", MANY, url=f"/alerts?module={rule.module}", words=words)
        return
    for row in rows:
        await _send(ctx, rule, member, row, title=TITLES[severity_named(row["severity"])])


async def _send(ctx: Context, rule: Rule, member: str, row: Row, *, title: str) -> None:
    (alert,) = await reading.shown(ctx, {rule.code: rule}, [row])
    words = {
        "title": rule.title, "subject": alert.subject, "metric": rule.metric, "value": _short(row["value"]),
        "unit": row["unit"], "threshold": _short(row["threshold"]),
    }  # fmt: skip
    text = HOLDS if row["value"] is None else MEASURED
    await ctx.notices.send([member], "alert", title, text=text, url=f"/alerts/{row['id']}", words=words)


def _short(text: str | None) -> str:
    """A measured number as a sentence has it: two decimals at most, no zeros behind."""
    if text is None:
        return ""
    rounded = f"{Decimal(text).quantize(CENT, ROUND_HALF_UP):,f}"
    return rounded.rstrip("0").rstrip(".")
