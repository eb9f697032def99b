"""Alerts in words: levels, states, what happened, thresholds in a sentence; what the alert pages share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.alerts import SEVERITIES, Rule, Severity
from core.i18n import _
from core.web import measure

if TYPE_CHECKING:
    from core.context import Context

LEVELS = {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}
STATES = {
    "open": "待处理",
    "acknowledged": "处理中",
    "suppressed": "暂不提醒",
    "resolved": "已处理",
    "auto_closed": "已恢复正常",
}
EVENTS = {
    "opened": "出现",
    "raised": "升级",
    "lowered": "降级",
    "woken": "暂停到期，重新提醒",
    "auto_closed": "恢复正常，自动关闭",
    "acknowledge": "开始处理",
    "assign": "指派负责人",
    "suppress": "暂不提醒",
    "resolve": "处理完毕",
    "reopen": "重新打开",
}
OWN_GROUP = "本单位的规则"


def levels() -> dict[str, str]:
    """The levels, the worst first, in words."""
    return {level: _(LEVELS[level]) for level in reversed(SEVERITIES)}


def states() -> dict[str, str]:
    return {state: _(word) for state, word in STATES.items()}


def events() -> dict[str, str]:
    return {kind: _(word) for kind, word in EVENTS.items()}


def module_titles(ctx: Context, rules: dict[str, Rule]) -> dict[str, str]:
    """Module -> title, of those that have rules; the tenant's own last."""
    titles = {module.name: module.title(ctx.language) for module in ctx.modules}
    used = dict.fromkeys(rule.module for rule in rules.values())
    return {name: titles.get(name, _(OWN_GROUP)) for name in used}


def thresholds(rule: Rule) -> list[tuple[Severity, str]]:
    """(level, when it is reached in words), the worst first."""
    if rule.condition:
        return [(SEVERITIES[rule.severity - 1], _("条件成立"))] if rule.severity else []
    found = []
    for number in sorted(rule.levels, reverse=True):
        limit = measure(rule.levels[number], rule.unit)
        if rule.direction == "above":
            words = _("超过 {limit}") if number in rule.strict else _("达到 {limit}")
        else:
            words = _("低于 {limit}") if number in rule.strict else _("降到 {limit}")
        found.append((SEVERITIES[number - 1], words.format(limit=limit)))
    return found
