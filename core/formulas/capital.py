"""大写金额: an amount of RMB in the capital numerals that payment documents print."""

from __future__ import annotations

from decimal import Decimal

from core.arithmetic import EXACT

DIGITS = "零壹贰叁肆伍陆柒捌玖"
_CENT, _MOST = Decimal("0.01"), Decimal(10) ** 16


def rmb_capital(amount: Decimal) -> str | None:
    """人民币壹佰贰拾叁元肆角伍分; 整 where there is no 分. None from 10^16 on, for which there is no custom."""
    if abs(amount) >= _MOST:
        return None
    rounded = EXACT.quantize(amount, _CENT)
    yuan, cents = divmod(int(abs(rounded) * 100), 100)
    jiao, fen = divmod(cents, 10)
    words = _whole(yuan) + "元" if yuan else ""
    if jiao:
        words += DIGITS[jiao] + "角"
    if fen:
        words += ("零" if yuan and not jiao else "") + DIGITS[fen] + "分"
    return "人民币" + ("负" if rounded < 0 else "") + (words or "零元") + ("" if fen else "整")


def _whole(number: int) -> str:
    """Groups of four digits; one 零 stands for any run of zeros inside, none for those at the end of a group."""
    words, gap = "", False
    for unit, power in (("万亿", 12), ("亿", 8), ("万", 4), ("", 0)):
        group = number // 10**power % 10_000
        if not group:
            gap = gap or bool(words)
            continue
        if words and (gap or group < 1_000):
            words += "零"
        words, gap = words + _four(group) + unit, False
    return words


def _four(group: int) -> str:
    words, gap = "", False
    for unit, power in (("仟", 3), ("佰", 2), ("拾", 1), ("", 0)):
        digit = group // 10**power % 10
        if digit:
            words += ("零" if gap else "") + DIGITS[digit] + unit
            gap = False
        else:
            gap = bool(words)
    return words
