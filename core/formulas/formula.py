"""A formula from its text: parsed, checked, compiled once, evaluated often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.formulas.checking import every_node, typed
from core.formulas.evaluating import build
from core.formulas.functions import Run
from core.formulas.model import (
    NOTHING,
    Binary,
    Fault,
    Gather,
    Gathered,
    Literal,
    Member,
    Name,
    Node,
    Scene,
    Scope,
    Type,
)
from core.formulas.parsing import parse

NOWHERE = Scene()


@dataclass(frozen=True, slots=True)
class Formula:
    """What a formula is and needs. `names`: fields it reads as they are now; `lookups`: (reference, member);
    `gathers`: totals over the records that refer here."""

    text: str
    type: Type
    tree: Node
    names: frozenset[str]
    lookups: frozenset[tuple[str, str]]
    run: Run = field(repr=False, compare=False)
    gathers: frozenset[Gathered] = frozenset()

    def value(self, values: Mapping[str, Any] = NOTHING, scene: Scene = NOWHERE) -> Any:
        """The answer, the same for the same values and scene; None is empty. TooCostly where it left its budget."""
        return self.run(values, scene)


def compile_formula(text: str, scope: Scope) -> Formula | list[Fault]:
    """The formula, or everything that is wrong with it. Never raises, whatever the text."""
    tree = parse(text)
    if isinstance(tree, Fault):
        return [tree]
    tree, faults = typed(tree, text, scope)
    if faults:
        return faults
    nodes = list(every_node(tree))
    rows = {node.owner for node in nodes if isinstance(node, Member) and not node.looked_up and not node.old}
    bare = {node.word for node in nodes if isinstance(node, Name) and not node.old}
    looked_up = {(node.owner, node.word) for node in nodes if isinstance(node, Member) and node.looked_up}
    names = frozenset(bare | rows | {owner for owner, _member in looked_up})
    gathers = frozenset(node.what for node in nodes if isinstance(node, Gather))
    return Formula(text, tree.type, tree, names, frozenset(looked_up), build(tree), gathers)


def compared(tree: Node) -> Iterator[tuple[Name, Literal]]:
    """Every name that is held against a written text, for equality, and that text."""
    for node in every_node(tree):
        if isinstance(node, Binary) and node.sign in ("=", "<>"):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(one, Name) and isinstance(other, Literal) and other.type == "text":
                    yield one, other


def ordered(needs: Mapping[str, frozenset[str]]) -> list[str] | tuple[str, ...]:
    """Names so that each comes after what it needs, as a list; or a tuple: the names of a circle, in order.

    A name that needs only itself is no circle: such a formula works on what was typed.
    """
    done: dict[str, None] = {}
    for start in needs:
        way: list[str] = [start]
        while way:
            name = way[-1]
            waiting = [one for one in sorted(needs[name]) if one in needs and one not in done and one != name]
            circle = next((one for one in waiting if one in way), None)
            if circle is not None:
                return tuple(way[way.index(circle) :])
            if waiting:
                way.append(waiting[0])
            else:
                done[way.pop()] = None
    return list(done)
