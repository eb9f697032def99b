"""Codes made from titles: pinyin for Chinese, plain for the rest; whether a code is free is asked here too."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from pypinyin import Style, lazy_pinyin

CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST = 40
_FULL = 20  # a longer pinyin is cut to initials: "建设工程规划许可证" reads better as jsgcghxkz


def code_from(title: str, *, prefix: str = "", fallback: str = "field") -> str:
    """A code for `title`: 合同金额 gives hetongjine, 建设工程规划许可证 jsgcghxkz; it begins with a letter."""
    text = unicodedata.normalize("NFKC", title).strip().lower()
    code = _clean("".join(_syllables(text)))
    if len(code) > _FULL:
        code = _clean("".join(s[0] if s.isalpha() else s for s in _syllables(text)))
    code = code[: LONGEST - len(prefix)].strip("_")
    if not code or not code[0].isalpha():
        code = f"{fallback}_{code}".strip("_")
    return prefix + code


def _syllables(text: str) -> list[str]:
    """Pinyin of each character; a run of Latin letters or digits stays together, between separators."""
    found = []
    for part in re.findall(r"[a-z0-9]+|[^a-z0-9]+", text):
        found.extend([f"_{part}_"] if part.isascii() else lazy_pinyin(part, style=Style.NORMAL, errors=lambda _: "_"))
    return found


def _clean(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")


def free_code(code: str, taken: Container[str]) -> str:
    """`code`, or with the first number behind it that is not taken."""
    if code not in taken:
        return code
    number = 2
    while f"{code[: LONGEST - 3]}_{number}" in taken:
        number += 1
    return f"{code[: LONGEST - 3]}_{number}"
