"""Whether a measure is over a threshold, and what that makes of the subject's alert; pure, no database."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.alerts.model import Rule

NONE = 0  # no level: everything is in order


def level_of(rule: Rule, value: Decimal | bool | None, *, before: int = NONE) -> int:
    """The level (1 to 4) that `value` has, or NONE. `before`: the level of the alert that is live.

    Hysteresis: a level that was reached is left only when the value has passed its threshold by the margin, so that
    a value that trembles about a threshold does not open and close.
    """
    if value is None or value is False:
        return NONE
    if value is True:
        return rule.severity
    for level in sorted(rule.levels, reverse=True):
        margin = rule.margin if level <= before else Decimal(0)
        if _reached(rule, level, value, margin=margin):
            return level
    return NONE


def _reached(rule: Rule, level: int, value: Decimal, *, margin: Decimal) -> bool:
    beyond = value - rule.levels[level] if rule.direction == "above" else rule.levels[level] - value
    return beyond + margin > 0 or (level not in rule.strict and beyond + margin == 0)


def turn(row: Mapping[str, Any] | None, level: int, *, at: str) -> tuple[str, dict[str, Any]]:
    """(what happens to the subject's live alert, the columns that change).

    "opened": a new one is needed, beside the changes of the old. "": nothing that history would tell.
    """
    if row is None:
        return ("opened" if level else ""), {}
    if level == NONE:
        if row["state"] == "resolved":
            return "", {"live": 0}
        return "auto_closed", {"state": "auto_closed", "live": 0, "closed_at": at}
    worse = level > row["severity"]
    if row["state"] == "resolved":  # somebody has dealt with this; only worse is news
        return ("opened", {"live": 0}) if worse else ("", {})
    if row["state"] == "suppressed":
        over = row["until_at"] is not None and row["until_at"] <= at
        if worse or over:
            return ("raised" if worse else "woken"), {"state": "open", "until_at": None, "severity": level}
        return "", {}
    if worse:
        return "raised", {"state": "open", "severity": level}
    return ("lowered", {"severity": level}) if level < row["severity"] else ("", {})
