"""What follows from a funding record by itself, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from core import Condition, Context, Form, Problem, Record, _, for_forms, hookimpl
from plugins.funding import checks
from plugins.funding.certificate import certify
from plugins.funding.ledger import check_allocation, check_payment, check_receipt, guard_source
from plugins.funding.loading import (
    ALLOCATION,
    APPLICATION,
    CERTIFIED,
    INVOICE,
    MODULE,
    PAYMENT,
    PAYROLL,
    RECEIPT,
    SOURCE,
    TERM,
    WAGE_SECURITY,
    before_of,
    claim_of,
    every,
    found,
    number,
    terms_of,
    today,
)

IN_HAND = ("supervisor", "cost", "finance", "leader")
SEALED = (*CERTIFIED, "rejected", "void")


@hookimpl
@for_forms(APPLICATION)
async def record_compute(ctx: Context, form: Form, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The certificate at every write until it is approved; then it stays as it was approved."""
    if data.get("due") or not data.get("term"):
        return {}
    whole = ctx.system()
    term = await found(whole, TERM, data["term"])
    if term is None:
        return {}
    made = certify(terms_of(term.data), claim_of(data), await before_of(whole, data["term"]))
    values = dict(made.fields())
    if data.get("status") == "approved":
        approved = data.get("approved_on") or today().isoformat()
        due = date.fromisoformat(approved) + timedelta(days=int(term.data.get("due_days") or 0))
        values |= {"approved_on": approved, "due": due.isoformat()}
    return values


@hookimpl
@for_forms(SOURCE, RECEIPT, TERM, APPLICATION, PAYMENT, ALLOCATION, INVOICE, PAYROLL, WAGE_SECURITY)
async def record_validate(
    ctx: Context, form: Form, data: Mapping[str, Any], before: Record | None
) -> Sequence[Problem] | None:
    return await _CHECKS[form.name](ctx, data, before)


async def _check_term(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    if not data:
        return []
    limits, problems = ctx.settings(MODULE), []
    if number(data, "retention") > Decimal(limits["retention_cap"]):
        words = _("质保金不能超过 {most}%。", most=limits["retention_cap"])
        problems.append(Problem("retention", "cap", words))
    if data.get("quality_guarantee") and number(data, "retention"):
        problems.append(Problem("retention", "both", _("已交质量保函，质保金比例应填 0。")))
    if data.get("public") and number(data, "pay_ratio") < Decimal(limits["pay_floor"]):
        words = _("政府和国企工程的进度款不低于已完成的 {least}%。", least=limits["pay_floor"])
        problems.append(Problem("pay_ratio", "floor", words))
    least, most = (number(data, "amount") * Decimal(limits[one]) / 100 for one in ("advance_least", "advance_most"))
    if number(data, "advance") and not least <= number(data, "advance") <= most:
        words = _("预付款应在 {least} 到 {most} 元之间。", least=f"{least:,.2f}", most=f"{most:,.2f}")
        problems.append(Problem("advance", "range", words))
    return problems + await _party_problems(ctx, data)


async def _party_problems(ctx: Context, data: Mapping[str, Any]) -> list[Problem]:
    """The payee is the contract's party, as far as the contract is at hand."""
    if not data.get("contract") or "cost_center" not in ctx.enabled:
        return []
    contract = await found(ctx.system(), "cost_center.contract", data["contract"])
    party = contract.data.get("party") if contract else None
    if party and party != data.get("payee"):
        return [Problem("payee", "party", _("合同对方是“{party}”，收款单位应与它一致。", party=party))]
    return []


async def _check_application(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    whole = ctx.system()
    if not data:
        return await _kept(whole, before)
    if before is not None and before.data.get("status") in SEALED:
        return []
    await ctx.records.take_turns(MODULE)
    own = before.id if before else ""
    term = await found(whole, TERM, data["term"])
    if term is None:
        return []
    sums = await before_of(whole, data["term"], but=own)
    terms, claim = terms_of(term.data), claim_of(data)
    made = certify(terms, claim, sums)
    problems = checks.certificate_problems(terms, claim, sums, made)
    was = before.data.get("status") if before else None
    if data.get("status") == "supervisor" and was == "draft":
        problems += await _in_hand(whole, data, own)
    if data.get("status") == "approved":
        if any(number(data, name) != value for name, value in made.fields().items()):
            problems.append(Problem("", "moved", _("前一期刚刚变动，金额已重新计算，请核对后再办。")))
        problems += checks.approval_problems(terms, claim, sums, data)
        problems += checks.wage_problems(number(term.data, "wage_share"), data)
    return problems


async def _in_hand(whole: Context, data: Mapping[str, Any], own: str) -> list[Problem]:
    """One certificate of a contract at a time, or two would claim the same work."""
    where = Condition("term", "eq", data["term"]), Condition("status", "in", IN_HAND)
    others = [one async for one in every(whole, APPLICATION, *where) if one.id != own]
    if not others:
        return []
    words = _("这份合同的申请“{number}”还没有办完，请先办理它。", number=others[0].data["number"])
    return [Problem("term", "in_hand", words)]


async def _kept(whole: Context, before: Record | None) -> list[Problem]:
    if before is not None and before.data.get("status") in (*CERTIFIED, *IN_HAND):
        return [Problem("", "kept", _("已经提交的付款申请不能删除。"))]
    return []


async def _check_invoice(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    """An invoice that payments lean on keeps its amount and its application."""
    if before is None or not before.data.get("application"):
        return []
    if data and all(data.get(name) == before.data.get(name) for name in ("gross", "application", "direction")):
        return []
    application = await found(ctx.system(), APPLICATION, before.data["application"])
    if application is not None and number(application.data, "paid") > 0:
        return [Problem("gross" if data else "", "used", _("这张发票已经用于付款，金额和付款申请不能改，也不能删除。"))]
    return []


async def _check_payroll(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    status, was = data.get("status"), before.data.get("status") if before else None
    if not data or status == was:
        return []
    lines = data.get("lines") or ()
    if status == "signed" and (not lines or not all(row.get("signed") for row in lines)):
        return [Problem("lines", "unsigned", _("每个工人都要本人签字。"))]
    least = int(Decimal(ctx.settings(MODULE)["public_days"]))
    if status == "submitted" and date.fromisoformat(data["public_on"]) + timedelta(days=least) > today():
        return [Problem("public_on", "public", _("公示不满 {days} 天，还不能报送。", days=least))]
    if status == "paid" and any(row.get("failed") for row in lines):
        return [Problem("lines", "failed", _("还有代发失败的工人，请先处理。"))]
    return []


async def _check_security(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    limits = ctx.settings(MODULE)
    if data and not Decimal(limits["security_least"]) <= number(data, "rate") <= Decimal(limits["security_most"]):
        words = _(
            "比例应在 {least}% 到 {most}% 之间。", least=limits["security_least"], most=limits["security_most"]
        )  # fmt: skip
        return [Problem("rate", "range", words)]
    return []



_CHECKS = {
    SOURCE: guard_source,
    RECEIPT: check_receipt,
    TERM: _check_term,
    APPLICATION: _check_application,
    PAYMENT: check_payment,
    ALLOCATION: check_allocation,
    INVOICE: _check_invoice,
    PAYROLL: _check_payroll,
    WAGE_SECURITY: _check_security,
}
