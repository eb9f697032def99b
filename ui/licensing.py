"""A licence and what an operator did, in words: for the tenant's own page and for the operator's console."""

from __future__ import annotations

from typing import Any

from core.i18n import _
from core.people import Act, Licence, Standing, Tenant, last_day, standing


def edition(licence: Licence) -> str:
    words = {"trial": _("试用版"), "professional": _("专业版"), "enterprise": _("企业版")}
    return words[licence.edition]


def state(tenant: Tenant, found: Standing | None = None) -> tuple[str, str]:
    """(words, colour of the chip) of how a tenant stands."""
    found = found or standing(tenant)
    if found.state == "suspended":
        return _("已暂停"), "grey"
    if found.state == "read-only":
        return _("只读"), "grey"
    if tenant.licence.edition == "trial":
        return (_("未开始试用"), "outline") if found.ends_at is None else (_("试用中"), "cyan")
    return _("正常"), "green"


def ends(licence: Licence, found: Standing) -> str:
    """When a licence ends, for people."""
    if licence.edition == "trial" and found.ends_at is None:
        return _("首次登录后 {n} 天", n=licence.days)
    return _("永久") if found.ends_at is None else _("到 {day}", day=last_day(found.ends_at))


def seats(licence: Licence) -> str:
    return _("不限") if licence.seats is None else str(licence.seats)


def told(act: Act, titles: dict[str, str]) -> str:
    """One line of the log in words; `titles` of modules."""
    detail = act.detail
    return {
        "opened": lambda: _("开通单位，管理员登录名 {login}", login=detail.get("login", "")),
        "licence": lambda: _("设置许可：{what}", what=_licence(detail, titles)),
        "suspended": lambda: _("暂停使用：{why}", why=detail.get("why") or _("未写原因")),
        "resumed": lambda: _("已恢复使用"),
        "exported": lambda: _("整体导出，{n} 条数据", n=f"{detail.get('records', 0):,}"),
        "fetched": lambda: _("下载归档 {name}", name=detail.get("name", "")),
        "discarded": lambda: _("丢弃归档 {name}", name=detail.get("name", "")),
        "imported": lambda: _("从归档带入，原代号 {code}", code=detail.get("from", "")),
        "operator": lambda: _("让 {login} 担任平台运营", login=detail.get("login", "")),
        "no operator": lambda: _("不再让 {login} 担任平台运营", login=detail.get("login", "")),
        "clock": lambda: _("把现在的时钟认作正确"),
    }.get(act.act, lambda: act.act)()


def _licence(detail: Any, titles: dict[str, str]) -> str:
    parts = [edition(Licence(edition=detail["edition"]))]
    if detail["edition"] == "trial":
        parts.append(_("{n} 天", n=detail.get("days", 0)))
    parts.append(_("席位 {n}", n=detail.get("seats") or _("不限")))
    if detail.get("modules"):
        parts.append("、".join(titles.get(name, name) for name in detail["modules"]))
    if detail.get("valid_to"):
        parts.append(_("到 {day}", day=detail["valid_to"]))
    if detail.get("number"):
        parts.append(_("编号 {number}", number=detail["number"]))
    return "，".join(parts)
