"""A drawing of a flow: states in layers from the beginning, steps as arrows between them; numbers only, no markup."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from core.forms import Flow, State

WIDTH, HEIGHT = 132, 34  # of a state
ACROSS, DOWN = 196, 74  # from one layer, one row, to the next
MARGIN, LETTERS = 16, 9  # letters of a title that fit


@dataclass(frozen=True, slots=True)
class Box:
    state: State
    text: str
    x: int
    y: int
    initial: bool


@dataclass(frozen=True, slots=True)
class Arrow:
    path: str  # of an SVG path
    label: str
    x: int  # of the label's middle
    y: int


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def chart(flow: Flow) -> Chart:
    """The flow as boxes and arrows: ways on run to the right, ways back run below."""
    layers = _layers(flow)
    places: dict[str, tuple[int, int]] = {}
    rows: dict[int, int] = {}
    for code in flow.states:
        layer = layers[code]
        places[code] = (MARGIN + layer * ACROSS, MARGIN + rows.get(layer, 0) * DOWN)
        rows[layer] = rows.get(layer, 0) + 1
    boxes = tuple(
        Box(state, _short(state.title), *places[code], initial=code == flow.initial)
        for code, state in flow.states.items()
    )
    floor = MARGIN + (max(rows.values(), default=1) - 1) * DOWN + HEIGHT
    arrows, back = [], 0
    for (source, target), titles in _ways(flow).items():
        start, end, label = places[source], places[target], "、".join(titles)
        if layers[target] > layers[source]:
            arrows.append(_onward(start, end, label))
        elif layers[target] == layers[source] and abs(start[1] - end[1]) == DOWN:
            arrows.append(_beside(start, end, label))
        else:
            back += 1
            arrows.append(_backward(start, end, label, low=floor + 10 + back * 22))
    width = MARGIN * 2 + max(layers.values(), default=0) * ACROSS + WIDTH
    return Chart(width, floor + MARGIN + 10 + back * 22, boxes, tuple(arrows))


def _short(text: str) -> str:
    return text if len(text) <= LETTERS else text[: LETTERS - 1] + "…"


def _layers(flow: Flow) -> dict[str, int]:
    """How many steps each state is from the beginning; what cannot be reached stands last."""
    found, ahead = {flow.initial: 0}, deque([flow.initial])
    while ahead:
        code = ahead.popleft()
        for step in flow.steps_from(code):
            if step.target in flow.states and step.target not in found:
                found[step.target] = found[code] + 1
                ahead.append(step.target)
    last = max(found.values()) + 1
    return {code: found.get(code, last) for code in flow.states}


def _ways(flow: Flow) -> dict[tuple[str, str], list[str]]:
    """Titles of the steps from one state to another."""
    found: dict[tuple[str, str], list[str]] = {}
    for step in flow.steps:
        for source in step.sources:
            if source in flow.states and step.target in flow.states:
                found.setdefault((source, step.target), []).append(step.title)
    return found


Place = tuple[int, int]


def _onward(start: Place, end: Place, label: str) -> Arrow:
    a, b, c, d = start[0] + WIDTH, start[1] + HEIGHT // 2, end[0] - 2, end[1] + HEIGHT // 2
    bend = max(30, (c - a) // 2)
    return Arrow(f"M{a},{b} C{a + bend},{b} {c - bend},{d} {c},{d}", label, (a + c) // 2, (b + d) // 2 - 5)


def _beside(start: Place, end: Place, label: str) -> Arrow:
    down = end[1] > start[1]
    middle = start[0] + WIDTH // 2 + (14 if down else -14)  # there and back do not cover one another
    top, foot = (start[1] + HEIGHT, end[1] - 2) if down else (start[1], end[1] + HEIGHT + 2)
    return Arrow(f"M{middle},{top} V{foot}", label, middle, (top + foot) // 2 + 4)


def _backward(start: Place, end: Place, label: str, *, low: int) -> Arrow:
    a, b, c, d = start[0] + WIDTH * 2 // 3, start[1] + HEIGHT, end[0] + WIDTH // 3, end[1] + HEIGHT + 2
    turn = 8 if a > c else -8
    path = f"M{a},{b} V{low - 8} Q{a},{low} {a - turn},{low} H{c + turn} Q{c},{low} {c},{low - 8} V{d}"
    return Arrow(path, label, (a + c) // 2, low - 4)
