"""How values are written on pages: money, numbers, dates, masked personal data."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.i18n import _
from core.web.limits import size

ZONE = ZoneInfo("Asia/Shanghai")
NOTHING = "—"


def money(value: Any, decimals: int = 2) -> str:
    """1,234.50; nothing is —. Rounded for the eye only."""
    return NOTHING if value is None or value == "" else f"{_rounded(value, decimals):,.{decimals}f}"


def wan(value: Any) -> str:
    """Yuan in units of ten thousand: 1,234,500 -> 123.45."""
    return NOTHING if value is None or value == "" else money(Decimal(value) / 10000)


def number(value: Any) -> str:
    """Thousands separated, decimals as they are."""
    return NOTHING if value is None or value == "" else f"{Decimal(value):,}"


def percent(value: Any) -> str:
    """A share of one hundred: 12.34 -> 12.3%."""
    return NOTHING if value is None or value == "" else f"{_rounded(value, 1):,.1f}%"


def measure(value: Any, unit: str = "") -> str:
    """A measured number with its unit: 83.3%, 12,000.5 元; two decimals at most, no zeros behind."""
    if value is None or value == "":
        return NOTHING
    if unit == "%":
        return percent(value)
    text = f"{_rounded(value, 2):,.2f}".rstrip("0").rstrip(".")
    return f"{text} {unit}" if unit else text


def day(value: Any) -> str:
    """The day of a stored date or instant, in China: 2026-03-15."""
    if not value:
        return NOTHING
    text = str(value)
    return text if len(text) == 10 else moment(value).strftime("%Y-%m-%d")


def minute(value: Any) -> str:
    """An instant to the minute, in China: 2026-03-15 16:30."""
    return moment(value).strftime("%Y-%m-%d %H:%M") if value else NOTHING


def relative(value: Any) -> str:
    """How long ago or ahead, in words; show the exact instant beside it (title=)."""
    if not value:
        return NOTHING
    seconds = (datetime.now(UTC) - moment(value)).total_seconds()
    late, distance = seconds >= 0, abs(seconds)
    for span, past, future in (
        (60, _("刚刚"), _("马上")),
        (3600, _("{n} 分钟前"), _("{n} 分钟后")),
        (86400, _("{n} 小时前"), _("{n} 小时后")),
        (30 * 86400, _("{n} 天前"), _("{n} 天后")),
    ):
        if distance < span:
            unit = {60: 1, 3600: 60, 86400: 3600}.get(span, 86400)
            return (past if late else future).format(n=int(distance // unit))
    return day(value)


def mask_phone(value: Any) -> str:
    """138****1234."""
    text = str(value or "")
    return f"{text[:3]}****{text[-4:]}" if len(text) >= 11 else _masked(text)


def mask_idcard(value: Any) -> str:
    """1101**********1234: the first four and the last four of the number."""
    text = str(value or "")
    return f"{text[:4]}{'*' * (len(text) - 8)}{text[-4:]}" if len(text) >= 15 else _masked(text)


def mask_name(value: Any) -> str:
    """张**: only the family name."""
    text = str(value or "")
    return text[:1] + "*" * (len(text) - 1) if text else NOTHING


def moment(value: Any) -> datetime:
    """A stored instant (UTC text) or a datetime as local time."""
    when = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if when.tzinfo is None:
        when = when.replace(tzinfo=ZONE if isinstance(value, date) else UTC)
    return when.astimezone(ZONE)


def _rounded(value: Any, decimals: int) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _masked(text: str) -> str:
    return text[:1] + "*" * max(0, len(text) - 2) + text[-1:] if len(text) > 2 else "*" * len(text) or NOTHING


FILTERS = {
    "money": money,
    "wan": wan,
    "number": number,
    "percent": percent,
    "measure": measure,
    "date": day,
    "datetime": minute,
    "relative": relative,
    "mask_phone": mask_phone,
    "mask_idcard": mask_idcard,
    "mask_name": mask_name,
    "filesize": size,
}
