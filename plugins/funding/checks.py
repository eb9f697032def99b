"""What stops a certificate from being approved and a payment from being posted: plain values in, sentences out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core import Problem, _
from plugins.funding.certificate import Before, Certificate, Claim, Terms, allowed, held

ZERO = Decimal(0)


def certificate_problems(terms: Terms, claim: Claim, before: Before, made: Certificate) -> list[Problem]:
    """What can never be, whoever asks."""
    found = []
    if made.this < 0:
        words = _("累计完成不能少于上期的 {amount} 元。", amount=f"{before.to_date:,.2f}")
        found.append(Problem("measured", "shrinks", words))
    if claim.kind == "advance" and claim.amount > terms.advance - before.advance:
        words = _("预付款最多还能申请 {amount} 元。", amount=f"{max(ZERO, terms.advance - before.advance):,.2f}")
        found.append(Problem("amount", "advance", words))
    if claim.kind == "retention" and claim.amount > held(before):
        words = _("质保金现扣留 {amount} 元，不能多退。", amount=f"{held(before):,.2f}")
        found.append(Problem("amount", "retention", words))
    if claim.kind == "settlement" and terms.settlement is None:
        found.append(Problem("kind", "unsettled", _("还没有结算金额，请先在付款约定里填写。")))
    if claim.kind == "settlement" and terms.settlement is not None and claim.to_date != terms.settlement:
        words = _("结算款的累计完成应等于结算金额 {amount} 元。", amount=f"{terms.settlement:,.2f}")
        found.append(Problem("measured", "settlement", words))
    if made.net < 0:
        words = _("扣款多于应付，实付成了 {amount} 元，请检查。", amount=f"{made.net:,.2f}")
        found.append(Problem("", "negative", words))
    return found


def approval_problems(terms: Terms, claim: Claim, before: Before, data: Mapping[str, Any]) -> list[Problem]:
    """The blocking checks before a certificate is approved."""
    found = []
    net, approved = Decimal(data.get("net") or 0), Decimal(data.get("approved") or 0)
    lowest = min([net, *(Decimal(data[name]) for name in _CHECKED if data.get(name) is not None)])
    if approved > lowest:
        words = _("批准金额不能超过各级核定的最低数 {amount} 元。", amount=f"{lowest:,.2f}")
        found.append(Problem("approved", "above_checked", words))
    most = allowed(terms) if claim.kind != "retention" else (terms.settlement or terms.price)
    if before.net + approved > most:
        words = _("累计批准 {sum} 元，超过允许的 {most} 元。", sum=f"{before.net + approved:,.2f}", most=f"{most:,.2f}")
        found.append(Problem("approved", "above_allowed", words))
    if claim.kind in ("progress", "settlement") and not (data.get("evidence") or data.get("evidence_note")):
        found.append(Problem("evidence_note", "no_evidence", _("没有进度证明，请上传文件或填写文件编号。")))
    if data.get("hazard"):
        found.append(Problem("hazard", "hazard", _("还有未销项的重大隐患，不能批准付款。")))
    return found


def wage_problems(share: Decimal, data: Mapping[str, Any]) -> list[Problem]:
    """The wage share of a period goes to the wage account first."""
    due = (Decimal(data.get("progress") or 0) * share / 100).quantize(Decimal("0.01"))
    if data.get("kind") != "progress" or Decimal(data.get("wage_paid") or 0) >= due:
        return []
    return [Problem("wage_paid", "wages", _("人工费应先拨 {amount} 元到工资专户。", amount=f"{due:,.2f}"))]


def payment_problems(
    data: Mapping[str, Any], application: Mapping[str, Any], term: Mapping[str, Any], tolerance: Decimal
) -> list[Problem]:
    """Before a payment is posted: the certificate's rest, invoices, the payee."""
    found = []
    amount, paid = Decimal(data["amount"]), Decimal(application.get("paid") or 0)
    if application.get("status") != "approved":
        return [Problem("application", "unapproved", _("这份付款申请还没有批准，或已经付清。"))]
    rest = Decimal(application.get("approved") or 0) - paid
    if amount > rest:
        found.append(Problem("amount", "above_approved", _("这份申请最多还能付 {amount} 元。", amount=f"{rest:,.2f}")))
    invoiced = Decimal(application.get("invoiced") or 0)
    if application.get("kind") in ("progress", "settlement") and paid + amount > invoiced + tolerance:
        words = _("已收发票 {amount} 元，少于累计付款，请先登记发票。", amount=f"{invoiced:,.2f}")
        found.append(Problem("amount", "above_invoiced", words))
    payees = {term.get("payee"), *(row.get("name") for row in term.get("assignees") or ())}
    if data["payee"].strip() not in payees:
        words = _("收款单位应是“{payee}”或经批准的受让单位。", payee=term.get("payee") or "")
        found.append(Problem("payee", "payee", words))
    return found


_CHECKED = ("checked_supervisor", "checked_cost", "checked_finance")
