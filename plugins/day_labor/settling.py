"""The monthly sheet: gathering tickets, posting to pay, cost and claims exactly once, and taking all of it back."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from core import Change, Condition, Conflict, Context, Form, Invalid, Query, Record, _, for_forms, hookimpl
from plugins.day_labor.loading import CLAIM, CREW, PAY, SUMMARY, TICKET, WORKER, every, today

ENTRY, PROJECT = "cost_center.entry", "cost_center.project"
ZERO = Decimal(0)


@hookimpl
@for_forms(SUMMARY)
async def record_saved(ctx: Context, form: Form, record: Record, change: Change) -> None:
    """What a step of the sheet brings with it, in the same transaction, as the installation itself."""
    if change.kind == "create" or change.step == "collect":
        await _gather(ctx.system(), record)
    elif change.step == "post":
        await _post(ctx, record)
    elif change.step == "post_cost":
        await _post_cost(ctx, record)
    elif change.step == "reopen":
        await _take_back(ctx, record, str(change.changes.get("voucher", ("", ""))[0] or ""))
    elif change.step == "cancel":
        async for ticket in every(ctx.system(), TICKET, Condition("summary", "eq", record.id)):
            if ticket.data["status"] == "summarised":
                await ctx.system().flow.take(TICKET, ticket.id, "release", revision=ticket.revision, source="module")
    elif change.step == "pay":
        await _pay(ctx.system(), record)


async def _gather(whole: Context, record: Record) -> None:
    """Every approved ticket of the crew until the month's end that no sheet has yet."""
    year, month = map(int, record.data["month"].split("-"))
    end = date(year, month, calendar.monthrange(year, month)[1]).isoformat()
    where = (
        Condition("crew", "eq", record.data["crew"]),
        Condition("status", "eq", "approved"),
        Condition("day", "le", end),
    )
    for ticket in [one async for one in every(whole, TICKET, *where)]:
        await whole.flow.take(
            TICKET, ticket.id, "summarise", revision=ticket.revision, data={"summary": record.id}, source="module"
        )


async def tickets_of(ctx: Context, summary: str) -> list[Record]:
    where = Condition("summary", "eq", summary), Condition("status", "eq", "summarised")
    return [one async for one in every(ctx, TICKET, *where)]


def by_person(tickets: Sequence[Record]) -> dict[str, tuple[str | None, Decimal, Decimal]]:
    """Who is paid -> (worker, workdays, amount); men without a name are gathered by trade."""
    found: dict[str, tuple[str | None, Decimal, Decimal]] = {}
    for ticket in tickets:
        for line in ticket.data.get("lines", ()):
            worker = line.get("worker")
            who = worker or f"trade:{line.get('trade', '')}"
            _known, days, amount = found.get(who, (worker, ZERO, ZERO))
            found[who] = (worker, days + Decimal(line.get("workdays", 0)), amount + Decimal(line.get("amount", 0)))
    return found


async def _post(ctx: Context, record: Record) -> None:
    whole = ctx.system()
    tickets = await tickets_of(whole, record.id)
    await _pay_lines(whole, record, tickets)
    await _claims(whole, record, tickets)
    await _post_cost(ctx, record)


async def _pay_lines(whole: Context, record: Record, tickets: Sequence[Record]) -> None:
    people = by_person(tickets)
    names = await whole.records.names(WORKER, [worker for worker, _days, _amount in people.values() if worker])
    trades = {one.value: one.title for one in whole.forms.get(WORKER).fields["trade"].choices}
    rows = []
    for who, (worker, days, amount) in people.items():
        trade = who.removeprefix("trade:")
        name = names.get(worker, "") if worker else _("{trade}（未实名）", trade=trades.get(trade, trade))
        rows.append({
            "summary": record.id, "who": who, "name": name, "month": record.data["month"], "workdays": days,
            "amount": amount, **({"worker": worker} if worker else {}),
        })  # fmt: skip
    await _written(whole, PAY, rows)


async def _written(whole: Context, form: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """All rows by their key, or none: the same row again changes nothing."""
    result = await whole.records.bulk(form, rows, mode="upsert", source="module", stop_on_error=True)
    problems = [problem for row in result.rows for problem in row.problems]
    if problems:
        raise Invalid(problems[:20])


async def _claims(whole: Context, record: Record, tickets: Sequence[Record]) -> None:
    """One claim for each party that must bear some of the sheet."""
    crew = (await whole.records.get(CREW, record.data["crew"])).data
    sums: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for ticket in tickets:
        if ticket.data["charged"] != "own":
            key = ticket.data["charged"], ticket.data.get("charged_company", ""), ticket.data.get("charged_name", "")
            sums[key].append(ticket)
    companies = await _companies(whole, [company for _charged, company, _name in sums if company])
    rows = []
    for place, ((charged, company, name), held) in enumerate(sorted(sums.items()), 1):
        party = companies.get(company) or name or (_("建设单位") if charged == "owner" else _("未写明的责任单位"))
        known = {"company": company} if company in companies else {}
        known |= {"project": record.data["project"]} if record.data.get("project") else {}
        rows.append(
            {
                "code": f"ZC-{crew['code']}-{record.data['month']}-{place}",
                "summary": record.id,
                "charged": charged,
                "party": party,
                "month": record.data["month"],
                "workdays": _sum(held, "workdays"),
                "amount": _sum(held, "amount"),
                "tickets": "\n".join(one.data["number"] for one in held),
                **known,
            }
        )
    await _written(whole, CLAIM, rows)


async def _companies(whole: Context, ids: Sequence[str]) -> dict[str, str]:
    if not ids or "partners" not in whole.enabled:
        return {}
    return await whole.records.names("partners.company", ids)


def _sum(tickets: Sequence[Record], field: str) -> Decimal:
    return sum((Decimal(one.data.get(field, 0)) for one in tickets), ZERO)


async def _post_cost(ctx: Context, record: Record) -> None:
    """The sheet as one cost entry, under the voucher's number: that number is there once or not at all."""
    if "cost_center" not in ctx.enabled:
        return
    whole, code = ctx.system(), record.data["voucher"]
    if not record.data.get("account") or not record.data.get("project"):
        raise Conflict(_("补记成本前请填写“成本科目”和班组的项目。"))
    if await _entry(whole, code):
        return
    entry = {
        "code": code, "date": await _day(whole, record), "project": record.data["project"],
        "account": record.data["account"], "source": "day_labor", "source_ref": code.rpartition("-")[0],
        "summary": _("点工 {title}", title=record.data.get("title", "")), "quantity": record.data.get("workdays"),
        "unit": _("工"), "amount_net": Decimal(record.data["amount"]) + Decimal(record.data.get("fee", 0)),
        "tax": Decimal(record.data.get("tax", 0)),
    }  # fmt: skip
    await whole.records.create(ENTRY, _known(whole, entry), source="module")


def _known(whole: Context, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What the cost center's form has a field for: it may be of another version, or a tenant may have hidden some."""
    fields = whole.forms.get(ENTRY).fields
    return {name: value for name, value in entry.items() if name in fields}


async def _day(whole: Context, record: Record) -> str:
    """The month's last day, or today where that is not over yet or is closed in the cost center's books."""
    year, month = map(int, record.data["month"].split("-"))
    end = date(year, month, calendar.monthrange(year, month)[1]).isoformat()
    closed = (await whole.records.get(PROJECT, record.data["project"])).data.get("closed_through", "")
    return today().isoformat() if end <= closed else min(end, today().isoformat())


async def _entry(whole: Context, code: str) -> Record | None:
    found = (await whole.records.list(ENTRY, Query(where=(Condition("code", "eq", code),), limit=1))).records
    return found[0] if found else None


async def _take_back(ctx: Context, record: Record, voucher: str) -> None:
    """The entry reversed by one of the opposite sign, pay that nobody has had and claims not yet sent taken away."""
    whole = ctx.system()
    for claim in [one async for one in every(whole, CLAIM, Condition("summary", "eq", record.id))]:
        if claim.data.get("status") != "draft":
            raise Conflict(_("追偿 {code} 已经送达，不能冲回；请先办结它。", code=claim.data["code"]))
        await whole.records.delete(CLAIM, claim.id, revision=claim.revision, source="module")
    for pay in [one async for one in every(whole, PAY, Condition("summary", "eq", record.id))]:
        await whole.records.delete(PAY, pay.id, revision=pay.revision, source="module")
    if "cost_center" not in ctx.enabled:
        return
    posted, back = await _entry(whole, voucher), f"{voucher}-R"
    if posted is None or await _reversed(whole, posted, back):
        return
    same = ("project", "account", "source", "source_ref", "unit")
    entry = {
        **{name: posted.data[name] for name in same if name in posted.data}, "reverses": posted.id, "code": back,
        "date": max(posted.data["date"], today().isoformat()), "summary": _("冲回 {code}", code=voucher),
        "amount_net": -Decimal(posted.data["amount_net"]), "tax": -Decimal(posted.data.get("tax", 0)),
        **({"quantity": -Decimal(posted.data["quantity"])} if "quantity" in posted.data else {}),
    }  # fmt: skip
    await whole.records.create(ENTRY, _known(whole, entry), source="module")


async def _reversed(whole: Context, posted: Record, back: str) -> bool:
    """Whether the entry has been reversed already, from here or in the cost center itself."""
    where = [Condition("code", "eq", back)]
    if "reverses" in whole.forms.get(ENTRY).fields:
        where = [Condition("reverses", "eq", posted.id)]
    return bool((await whole.records.list(ENTRY, Query(where=tuple(where), limit=1))).records)


async def _pay(whole: Context, record: Record) -> None:
    for pay in [one async for one in every(whole, PAY, Condition("summary", "eq", record.id))]:
        if "paid_on" not in pay.data:
            paid = {"paid_on": today().isoformat()}
            await whole.records.update(PAY, pay.id, paid, revision=pay.revision, source="module")
