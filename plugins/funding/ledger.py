"""The ledgers of receipts and of the flow of money: appended to, reversed by the opposite, never edited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from core import Change, Condition, Context, Form, Invalid, Problem, Record, _, for_forms, hookimpl
from plugins.funding import checks
from plugins.funding.allocating import Short, Wanted, allocate
from plugins.funding.loading import (
    ACCOUNT,
    ALLOCATION,
    APPLICATION,
    MODULE,
    PAYMENT,
    RECEIPT,
    TERM,
    every,
    found,
    lots_of,
    number,
    today,
)

FIXED = ("number", "date", "amount", "source", "account", "kind", "reverses")


async def check_receipt(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    """A receipt stays as it was posted; its opposite takes it back whole, if nothing of it was spent."""
    if before is not None:
        if not data:
            return [Problem("", "posted", _("到账流水不能删除，请用一笔相反的冲回。"))]
        moved = [name for name in FIXED if data.get(name) != before.data.get(name)]
        return [Problem(name, "posted", _("到账流水不能修改，请用一笔相反的冲回。")) for name in moved]
    if data["date"] > today().isoformat():
        return [Problem("date", "future", _("日期还没有到，请检查。"))]
    if not data.get("reverses"):
        return [] if data["amount"] > 0 else [Problem("amount", "sign", _("金额应大于零；冲回请选择冲回哪一笔。"))]
    await ctx.records.take_turns(MODULE)
    return await _reversal_problems(ctx.system(), data)


async def _reversal_problems(whole: Context, data: Mapping[str, Any]) -> list[Problem]:
    origin = await found(whole, RECEIPT, data["reverses"])
    if origin is None:
        return []
    if origin.data.get("reverses"):
        return [Problem("reverses", "reversal", _("冲回的流水不能再冲回，请重新登记一笔。"))]
    if any(data.get(name) != origin.data.get(name) for name in ("source", "account")):
        return [Problem("reverses", "other", _("冲回应与原来的流水同一来源、同一账户。"))]
    if Decimal(data["amount"]) != -Decimal(origin.data["amount"]):
        words = _("冲回金额应是 {amount}。", amount=f"{-number(origin.data, 'amount'):,.2f}")
        return [Problem("amount", "opposite", words)]
    lots = {lot.id: lot for lot in await lots_of(whole, Condition("account", "eq", data["account"]))}
    if lots[origin.id].free(date.fromisoformat(data["date"])) < number(origin.data, "amount"):
        return [Problem("reverses", "spent", _("这笔到账已经用于付款或已冲回，不能冲回。"))]
    return []


async def guard_source(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    """Appropriations and approval are figures of the source: the approved sum covers what was planned in it."""
    if data and data.get("kind") == "special_bond" and not data.get("doc_no"):
        return [Problem("doc_no", "required", _("专项债券要填写批复文号。"))]
    return []


async def check_allocation(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    if ctx.records.member_id is None and before is None:
        return []
    return [Problem("", "ledger", _("资金流向由出账和冲回写入，不能手工登记、修改或删除。"))]


async def check_payment(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    """A draft is looked at when it is saved; before it is posted everything is asked again, one after the other."""
    was = before.data.get("status") if before else None
    if not data:
        return [] if was in ("draft", "void") else [Problem("", "posted", _("已出账的付款不能删除，请冲回。"))]
    status = data["status"]
    if status not in ("draft", "posted") or was == "posted":
        return []
    if status == "posted":
        await ctx.records.take_turns(MODULE)
    whole = ctx.system()
    application = await found(whole, APPLICATION, data["application"])
    term = await found(whole, TERM, application.data["term"]) if application else None
    if application is None or term is None:
        return []
    tolerance = Decimal(ctx.settings(MODULE)["tolerance"])
    problems = checks.payment_problems(data, application.data | {"paid": await _paid(whole, application.id)},
                                       term.data, tolerance)  # fmt: skip
    if data["date"] > today().isoformat():
        problems.append(Problem("date", "future", _("日期还没有到，请检查。")))
    return problems or await _account_problems(whole, data, term.id)


async def _paid(whole: Context, application: str) -> Decimal:
    """From the ledger itself: a stored total may be waiting."""
    lines = [one async for one in every(whole, ALLOCATION, Condition("application", "eq", application))]
    return sum((number(one.data, "amount") for one in lines), Decimal(0))


async def _account_problems(whole: Context, data: Mapping[str, Any], term: str) -> list[Problem]:
    account = await found(whole, ACCOUNT, data["account"])
    if account is not None and account.data.get("closed", "9999") <= data["date"]:
        return [Problem("account", "closed", _("这个账户已经销户。"))]
    lots = await lots_of(whole, Condition("account", "eq", data["account"]))
    try:
        allocate(Wanted(date.fromisoformat(data["date"]), Decimal(data["amount"]), term), lots)
    except Short as short:
        words = _(
            "账户里当天可用于这份合同的钱只有 {amount} 元（限定用途和过期的不算）。", amount=f"{short.available:,.2f}"
        )
        return [Problem("amount", "short", words)]
    return []


@hookimpl
@for_forms(PAYMENT)
async def record_saved(ctx: Context, form: Form, record: Record, change: Change) -> None:
    """Posting writes the flow of the money, reversing its opposite, in the same transaction."""
    if change.step == "post":
        await _post(ctx.system(), record)
    elif change.step == "reverse":
        await ctx.records.take_turns(MODULE)
        await _reverse(ctx.system(), record)


async def _post(whole: Context, record: Record) -> None:
    data = record.data
    application = await whole.records.get(APPLICATION, data["application"])
    term = application.data["term"]
    lots = await lots_of(whole, Condition("account", "eq", data["account"]))
    parts = allocate(Wanted(date.fromisoformat(data["date"]), Decimal(data["amount"]), term), lots)
    rows = [
        {
            "number": f"{record.id}-{place}", "date": data["date"], "amount": part.amount, "source": part.source,
            "receipt": part.lot, "account": data["account"], "payment": record.id, "application": application.id,
            "term": term, "payee": data["payee"],
        }
        for place, part in enumerate(parts, 1)
    ]  # fmt: skip
    await _written(whole, rows)


async def _reverse(whole: Context, record: Record) -> None:
    lines = [one async for one in every(whole, ALLOCATION, Condition("payment", "eq", record.id))]
    rows = [
        {**one.data, "number": f"{one.data['number']}R", "amount": -number(one.data, "amount"),
         "date": max(today().isoformat(), one.data["date"])}
        for one in lines
    ]  # fmt: skip
    await _written(whole, rows)


async def _written(whole: Context, rows: list[dict[str, Any]]) -> None:
    result = await whole.records.bulk(ALLOCATION, rows, mode="create", source="module", stop_on_error=True)
    problems = [problem for row in result.rows for problem in row.problems]
    if problems:
        raise Invalid(problems[:20])
