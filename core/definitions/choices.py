"""The list of choices of a field as a designer edits it: typed rows in, the dialect's choices out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.definitions.codes import code_from, free_code
from core.definitions.properties import WrongProperty
from core.i18n import _

COLORS = ("grey", "blue", "green", "purple", "cyan", "pink")  # never the four alert colours
MOST, LONGEST = 500, 60

Choice = dict[str, Any]


def from_rows(
    values: Sequence[str], titles: Sequence[str], colors: Sequence[str], *, known: Sequence[Mapping[str, Any]]
) -> list[Choice]:
    """The choices of the typed rows, in their order; rows without a title are left out.

    A row whose value is among `known` keeps it, whatever its title becomes: stored records hold the value.
    """
    kept = {choice["value"] for choice in known}
    choices: list[Choice] = []
    for place, title in enumerate(titles):
        title = " ".join(title.split())
        if not title:
            continue
        value = values[place] if place < len(values) and values[place] in kept else ""
        color = colors[place] if place < len(colors) else ""
        choices.append(_choice(choices, value, title, color))
    return _checked(choices)


def paste(choices: Sequence[Mapping[str, Any]], text: str) -> list[Choice]:
    """`choices` with one more for each line of `text` (a column copied from a table); known titles are skipped.

    A line may carry the stored value in a second cell, behind a tab.
    """
    result = [dict(choice) for choice in choices]
    for line in text.splitlines():
        title, _tab, value = (part.strip() for part in line.partition("\t"))
        if title and all(title != choice["title"] for choice in result):
            result.append(_choice(result, value, " ".join(title.split()), ""))
    return _checked(result)


def add(choices: Sequence[Mapping[str, Any]]) -> list[Choice]:
    """`choices` with one more at the end, to be named."""
    result = [dict(choice) for choice in choices]
    titles = {choice["title"] for choice in result}
    number = len(result) + 1
    while _("选项 {n}", n=number) in titles:
        number += 1
    result.append(_choice(result, f"option{number}", _("选项 {n}", n=number), ""))
    return _checked(result)


def remove(choices: Sequence[Mapping[str, Any]], place: int) -> list[Choice]:
    return [dict(choice) for n, choice in enumerate(choices) if n != place]


def shift(choices: Sequence[Mapping[str, Any]], place: int, by: int) -> list[Choice]:
    """`choices` with the one at `place` moved by `by` places, as far as the list goes."""
    result = [dict(choice) for choice in choices]
    if 0 <= place < len(result):
        result.insert(max(0, min(len(result) - 1, place + by)), result.pop(place))
    return result


def _choice(others: Sequence[Mapping[str, Any]], value: str, title: str, color: str) -> Choice:
    taken = {other["value"] for other in others}
    choice: Choice = {"value": free_code(value or code_from(title, fallback="option"), taken), "title": title}
    if color in COLORS:
        choice["color"] = color
    return choice


def _checked(choices: list[Choice]) -> list[Choice]:
    if len(choices) > MOST:
        raise WrongProperty(_("最多 {n} 个选项；更多时请改用“引用”，指向一张单独的表", n=MOST))
    seen: set[str] = set()
    for choice in choices:
        if len(choice["title"]) > LONGEST:
            raise WrongProperty(_("选项“{title}…”太长，最多 {n} 个字", title=choice["title"][:12], n=LONGEST))
        if choice["title"] in seen:
            raise WrongProperty(_("选项“{title}”重复了", title=choice["title"]))
        seen.add(choice["title"])
    return choices
