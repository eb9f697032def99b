"""The picture of where money went: boxes in three columns and bands between them, as wide as their sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

HEIGHT, GAP, BOX = 360.0, 12.0, 12.0
COLUMNS = (0.0, 330.0, 660.0)  # left edges of the three columns
WIDTH = 900.0
THIN = 1.5


@dataclass(frozen=True, slots=True)
class Link:
    source: str
    target: str
    amount: Decimal
    url: str


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    name: str
    column: int
    amount: Decimal
    y: float
    height: float

    @property
    def x(self) -> float:
        return COLUMNS[self.column]


@dataclass(frozen=True, slots=True)
class Band:
    link: Link
    path: str
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]
    height: float
    width: float = WIDTH
    box: float = BOX


def draw(names: dict[str, tuple[str, int]], links: Sequence[Link]) -> Picture:
    """`names` gives each box its name and column. A box is as high as the larger of what comes in and goes out."""
    into: dict[str, Decimal] = defaultdict(Decimal)
    out: dict[str, Decimal] = defaultdict(Decimal)
    for link in links:
        out[link.source] += link.amount
        into[link.target] += link.amount
    sizes = {id: max(into[id], out[id]) for id in names if into[id] or out[id]}
    columns = [[id for id in sizes if names[id][1] == place] for place in range(len(COLUMNS))]
    most = max((sum(sizes[id] for id in column) for column in columns), default=Decimal(0))
    scale = HEIGHT / float(most) if most else 0.0
    nodes: dict[str, Node] = {}
    for place, column in enumerate(columns):
        y = GAP
        for id in sorted(column, key=lambda one: (-sizes[one], one)):
            height = max(THIN, float(sizes[id]) * scale)
            nodes[id] = Node(id, names[id][0], place, sizes[id], round(y, 1), round(height, 1))
            y += max(height, 22.0) + GAP
    bottom = max((node.y + max(node.height, 22.0) for node in nodes.values()), default=0.0)
    return Picture(tuple(nodes.values()), tuple(_bands(nodes, links, scale)), round(bottom + GAP, 1))


def _bands(nodes: dict[str, Node], links: Sequence[Link], scale: float) -> list[Band]:
    left, right = {id: node.y for id, node in nodes.items()}, {id: node.y for id, node in nodes.items()}
    found = []
    for link in sorted(links, key=lambda one: (nodes[one.target].y, nodes[one.source].y)):
        start, end = nodes[link.source], nodes[link.target]
        width = max(THIN, float(link.amount) * scale)
        y1, y2 = right[start.id] + width / 2, left[end.id] + width / 2
        right[start.id] += width
        left[end.id] += width
        x1, x2 = start.x + BOX, end.x
        middle = (x1 + x2) / 2
        path = f"M{x1:.1f},{y1:.1f} C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
        found.append(Band(link, path, round(width, 1), f"{start.name} → {end.name}"))
    return found


def rows(picture: Picture) -> list[dict[str, Any]]:
    """The same in a table."""
    names = {node.id: node.name for node in picture.nodes}
    return [
        {"start": names[one.link.source], "end": names[one.link.target], "amount": one.link.amount, "url": one.link.url}
        for one in picture.bands
    ]
