"""From text to tokens; full-width signs and Chinese quotes are understood as what they look like."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.i18n import _

WIDE = str.maketrans("（），＋－×＊÷／＝＞＜＆％＾。．", "(),+-**//=><&%^..")
SIGNS = {"≠": "<>", "≤": "<=", "≥": ">="}
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:\d+(?:\.\d+)?|\.\d+))
    |(?P<name>[^\W\d]\w*)
    |(?P<quoted>\[[^\[\]\n]+\])
    |(?P<text>"(?:[^"]|"")*"|“[^“”]*”)
    |(?P<sign><=|>=|<>|≠|≤|≥|＜＝|＞＝|＜＞|[-+*/^&%=<>(),.（），＋－×＊÷／＝＞＜＆％＾。．])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # number, name, text, sign, end
    value: str  # a name without its brackets, a text without its quotes, a sign in its plain form
    at: int
    end: int


class Unlexed(ValueError):
    """A place in the text that begins no token."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at, self.message = at, message


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, the last of kind "end"; Unlexed where it cannot be read."""
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unlexed(at, _fault(text[at]))
        kind, value = str(match.lastgroup), match.group()
        if kind == "quoted":
            kind, value = "name", value[1:-1].strip()
        elif kind == "text":
            value = value[1:-1].replace('""', '"') if value[0] == '"' else value[1:-1]
        elif kind == "sign":
            value = SIGNS.get(value) or value.translate(WIDE)
        if kind != "space":
            found.append(Token(kind, value, at, match.end()))
        at = match.end()
    return [*found, Token("end", "", len(text), len(text))]


def _fault(sign: str) -> str:
    if sign in '"“':
        return _("这段文字没有结束，请补上后引号")
    if sign == "[":
        return _("这个名称没有结束，请补上 ]")
    return _("这里不能有“{sign}”", sign=sign)


def names_in(text: str) -> frozenset[str]:
    """The bare names in `text` (functions are no names); none where it cannot be read."""
    try:
        found = tokens(text)
    except Unlexed:
        return frozenset()
    return frozenset(
        one.value
        for before, one, after in zip([None, *found], found, found[1:], strict=False)
        if one.kind == "name" and after.value != "(" and (before is None or before.value != ".")
    )
