"""Names in a formula's text: from titles to codes for keeping, back for showing, and to a new code; layout stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from core.formulas.lexing import Token, Unlexed, tokens
from core.formulas.model import Named, Scope

_BARE = re.compile(r"[^\W\d]\w*")
_RESERVED = {"TRUE", "FALSE", "NULL"}


def to_codes(text: str, scope: Scope) -> str:
    """`text` with every title that is unique replaced by its code."""
    return _rewritten(text, scope, lambda word, names: _coded(word, names).code if _coded(word, names) else None)


def to_titles(text: str, scope: Scope) -> str:
    """`text` with every code replaced by its title, where nothing else has that title."""

    def title(word: str, names: Mapping[str, Named]) -> str | None:
        found = names.get(word)
        if found is None or not found.title or found.title in names or "]" in found.title or "[" in found.title:
            return None
        alone = sum(one.title == found.title for one in names.values()) == 1
        return found.title if alone else None

    return _rewritten(text, scope, title)


def renamed(text: str, old: str, new: str, *, owner: str = "") -> str:
    """`text` with the field `old` called `new`; with `owner`, the column `old` of those rows."""
    scope = Scope({})

    def change(word: str, names: Mapping[str, Named], before: str | None) -> str | None:
        return new if word == old and before == (owner or None) else None

    return _walk(text, scope, change)


def _coded(word: str, names: Mapping[str, Named]) -> Named | None:
    if word in names:
        return names[word]
    found = [one for one in names.values() if one.title == word]
    return found[0] if len(found) == 1 else None


def _rewritten(text: str, scope: Scope, change: Callable[[str, Mapping[str, Named]], str | None]) -> str:
    def under(word: str, names: Mapping[str, Named], before: str | None) -> str | None:
        if before is None:
            return change(word, names)
        owner = _coded(before, names)
        return change(word, owner.members) if owner else None

    return _walk(text, scope, under)


def _walk(text: str, scope: Scope, change: Callable[[str, Mapping[str, Named], str | None], str | None]) -> str:
    try:
        found = tokens(text)
    except Unlexed:
        return text
    parts, end = [], 0
    for place, token in enumerate(found):
        if not _is_name(found, place):
            continue
        dotted = place > 1 and found[place - 1].kind == "sign" and found[place - 1].value == "."
        word = change(token.value, scope.names, found[place - 2].value if dotted else None)
        if word is not None and word != token.value:
            fits = _BARE.fullmatch(word) and word.upper() not in _RESERVED
            parts += [text[end : token.at], word if fits else f"[{word}]"]
            end = token.end
    return "".join([*parts, text[end:]])


def _is_name(found: list[Token], place: int) -> bool:
    token, after = found[place], found[place + 1] if place + 1 < len(found) else found[place]
    called = after.kind == "sign" and after.value == "("
    return token.kind == "name" and not called and token.value.upper() not in _RESERVED
