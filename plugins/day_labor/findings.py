"""Findings of the cross-checks in words for people."""

from __future__ import annotations

from core import _
from plugins.day_labor.crosschecks import Finding, Site

_TITLES = {
    "overlap": "同一人时间重叠",
    "over_attendance": "工时超过考勤",
    "outside_punch": "不在打卡时间内",
    "unregistered": "人员不能上岗",
    "other_crew": "不是本班组的人",
    "too_long": "一天工时过长",
    "similar": "疑似重复",
    "wrong_trade": "大工小用",
    "inside_contract": "疑似合同内工作",
    "paper_gap": "纸质单断号",
    "signed_late": "签认超期",
}
_UNFIT = {
    "unknown": "没有实名登记",
    "blacklisted": "在黑名单上",
    "not_entered": "还没有办进场",
    "left": "已经退场",
    "untrained": "没有通过进场教育",
}
_SIGNERS = {"foreman": "施工员", "production": "生产经理", "manager": "项目经理"}


def title(code: str) -> str:
    """The name of a check."""
    return _(_TITLES[code])


def signer(kind: str) -> str:
    return _(_SIGNERS[kind])


def unfit(why: str) -> str:
    return _(_UNFIT[why])


def sentence(one: Finding, site: Site) -> str:
    """One finding as a sentence that names who and what."""
    worker = site.workers.get(one.worker or "")
    name = worker.name if worker else _("（没有登记的人）")
    told = dict(one.detail)
    match one.code:
        case "overlap":
            return _("{name}同一时间还在点工单 {other} 上。", name=name, other=told["other"])
        case "over_attendance":
            return _(
                "{name}当天报了 {claimed} 小时，考勤只有 {was} 小时。",
                name=name,
                claimed=told["claimed"],
                was=told["was"],
            )
        case "outside_punch":
            return _("{name}的用工时间不在他的打卡时间之内。", name=name)
        case "unregistered":
            return _("{name}{why}，不能上岗。", name=name, why=unfit(told["why"]))
        case "other_crew":
            return _("{name}不是这个班组的人。", name=name)
        case "too_long":
            return _("{name}一天报了 {hours} 小时。", name=name, hours=told["hours"])
        case "similar":
            return _("与点工单 {other} 的日期、部位和内容几乎一样。", other=told["other"])
        case "wrong_trade":
            return _("计价工种与所需工种不同，疑似大工小用。")
        case "inside_contract":
            return _("内容像是合同内的“{item}”。", item=told["item"])
        case "paper_gap":
            return _("纸质单前面缺号 {gap}。", gap=told["gap"])
        case _:
            return _("{who}签认超过了期限。", who=signer(told["who"]))
