"""Numbers that carry their own check: ID cards (GB 11643), social credit codes (GB 32100), telephones."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

from core.forms.model import Field
from core.i18n import _

_CARD = re.compile(r"[1-9][0-9]{16}[0-9X]")
_CARD_WEIGHTS = tuple(2 ** (17 - place) % 11 for place in range(17))
_CARD_DIGITS = "10X98765432"
_CREDIT = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
_CREDIT_WEIGHTS = tuple(3**place % 31 for place in range(17))
PHONE = (
    r"^(?:1[3-9][0-9]{9}"  # mobile
    r"|0[0-9]{2,3}-[0-9]{7,8}(?:-[0-9]{1,6})?"  # area code, number, extension
    r"|[2-9][0-9]{6,7}"  # local number
    r"|[48]00[0-9]{7}"  # 400 and 800 lines
    r"|1[0-2][0-9](?:[0-9]{2})?|9[56][0-9]{3,4}"  # 110, 12345, 95588
    r"|\+[1-9][0-9]{6,14})$"  # abroad
)
_SEPARATORS = re.compile(r"[\s()（）·.]+|(?<=\d)[-—–](?=\d)")


def card_fault(text: str, today: date | None = None) -> str | None:
    """What is wrong with an ID card number: "shape", "birth", "checksum"; None where it is right."""
    if not _CARD.fullmatch(text):
        return "shape"
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return "birth"
    if not date(1850, 1, 1) <= born <= (today or date.today()):
        return "birth"
    return None if text[17] == idcard_check_digit(text[:17]) else "checksum"


def idcard_check_digit(seventeen: str) -> str:
    """The last character of an ID card whose first seventeen are given (ISO 7064, MOD 11-2)."""
    return _CARD_DIGITS[sum(int(c) * w for c, w in zip(seventeen, _CARD_WEIGHTS, strict=True)) % 11]


def credit_fault(text: str) -> str | None:
    """What is wrong with a unified social credit code: "shape", "checksum"; None where it is right."""
    if not _CREDIT.fullmatch(text):
        return "shape"
    return None if text[17] == uscc_check_digit(text[:17]) else "checksum"


def uscc_check_digit(seventeen: str) -> str:
    """The last character of a social credit code whose first seventeen are given (MOD 31)."""
    total = sum(_CREDIT_ALPHABET.index(c) * w for c, w in zip(seventeen, _CREDIT_WEIGHTS, strict=True))
    return _CREDIT_ALPHABET[-total % 31]


FORMATS = {
    "idcard": lambda text: card_fault(text) is None,
    "uscc": lambda text: credit_fault(text) is None,
}  # by these names in JSON Schema


def explain_card(field: Field, value: Any) -> tuple[str, str]:
    return _explained(card_fault(str(value)))


def explain_credit(field: Field, value: Any) -> tuple[str, str]:
    return _explained(credit_fault(str(value)))


def explain_phone(field: Field, value: Any) -> tuple[str, str]:
    return "phone", _("不是有效的电话号码，例如 13800138000 或 0512-65220000")


def _explained(fault: str | None) -> tuple[str, str]:
    if fault == "birth":
        return "birth", _("中的出生日期不对，请核对")
    if fault == "checksum":
        return "checksum", _("校验位不对，请逐位核对是否抄错")
    return "shape", _("应是 18 位，请核对是否少位、多位或有错字")


def clean_code(field: Field, value: Any) -> Any:
    """Full-width to half-width, upper case, without spaces: 91 3205… is one number however it is typed."""
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFKC", re.sub(r"\s+", "", unicodedata.normalize("NFKC", value)))
    return text.upper() if text.isascii() else text  # other letters are wrong anyway, and case may change them


def clean_phone(field: Field, value: Any) -> Any:
    """One spelling per telephone, so that it can be found again: 138 0013 8000, +86-13800138000 are the same."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"(转|ext\.?|#)\s*", "-", unicodedata.normalize("NFKC", value).strip(), flags=re.I)
    digits = _SEPARATORS.sub("", text.replace("--", "-"))
    digits = re.sub(r"^(\+|00)86", "", digits)
    digits = re.sub(r"^00(?=[1-9])", "+", digits)
    if not re.fullmatch(r"\+?[0-9]{3,15}|0[0-9]{9,17}", digits):
        return text
    return _with_area(digits, text) if digits.startswith("0") else digits


def _with_area(digits: str, text: str) -> str:
    """010 and 02x have three digits, all other area codes four; what follows 7 or 8 more is an extension."""
    area = 3 if digits[1] in "12" else 4
    parts = [part for part in re.split(r"[^0-9]+", text) if part]
    extension = parts[-1] if len(parts) > 2 and len(digits) - len(parts[-1]) in (area + 7, area + 8) else ""
    number = digits[area : len(digits) - len(extension)]
    return f"{digits[:area]}-{number}" + (f"-{extension}" if extension else "")
