"""From a checked formula to a condition of the store: plain comparisons where it has any, so that indexes serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.formulas.checking import is_list
from core.formulas.compiling import COMPARISONS, Compiler, Places, attempt, stored_value
from core.formulas.formula import Formula
from core.formulas.model import Binary, Call, Fault, Member, Name, Node, Scene
from core.store.expressions import Holds, apply
from core.store.record_query import AllOf, AnyOf, Compare, Condition

ALWAYS, NEVER = AllOf(()), AnyOf(())
_FLIPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_REVERSED = {"eq": "ne", "ne": "eq", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}


def condition(formula: Formula, scene: Scene, places: Places) -> Condition | list[Fault]:
    """The records for which the formula is true, as a condition; or why it cannot be one. Empty is not true."""
    return attempt(formula, lambda: _Filter(scene, places).true(formula.tree, wanted=True))


class _Filter:
    def __init__(self, scene: Scene, places: Places) -> None:
        self.compiler = Compiler(scene, places)

    def true(self, node: Node, *, wanted: bool) -> Condition:
        """Where the node is `wanted`: true, or false (which is not the same as not true)."""
        if self.compiler.constant(node):
            return ALWAYS if self.compiler.value(node) is wanted else NEVER
        found = self.plain(node, wanted=wanted)
        if found is not None:
            return found
        expression = self.compiler.expression(node, "boolean")
        return Holds(expression) if wanted else Holds(apply("not", "boolean", expression))

    def plain(self, node: Node, *, wanted: bool) -> Condition | None:
        match node:
            case Call(function="NOT"):
                return self.true(node.args[0], wanted=not wanted)
            case Call(function="AND" | "OR"):
                parts = tuple(self.true(arg, wanted=wanted) for arg in node.args)
                return AllOf(parts) if (node.function == "AND") is wanted else _any(parts)
            case Call(function="ISBLANK"):
                of = node.args[0]
                if isinstance(of, Name) and not of.old and of.type != "list:row":
                    return Compare(self.compiler.places.operand(of.word), "empty" if wanted else "filled")
            case Call(function="CONTAINS"):
                return self.contains(node, wanted=wanted)
            case Name(type="boolean", old=False):
                return Compare(self.compiler.places.operand(node.word), "eq", wanted)
            case Binary() if node.sign in COMPARISONS:
                return self.comparison(node, wanted=wanted)
        return None

    def comparison(self, node: Binary, *, wanted: bool) -> Condition | None:
        """A field beside what the scene decides; None where it is something else."""
        op, left, right = COMPARISONS[node.sign], node.left, node.right
        if isinstance(right, Name):
            op, left, right = _FLIPPED.get(op, op), right, left
        if not isinstance(left, Name) or left.old or is_list(left.type) or not self.compiler.constant(right):
            return None
        op = op if wanted else _REVERSED[op]
        operand, value = self.compiler.places.operand(left.word), stored_value(self.compiler.value(right))
        if value is None:
            return {"eq": Compare(operand, "empty"), "ne": Compare(operand, "filled")}.get(op, NEVER)
        if value == "":  # no field has an empty text: it is empty itself
            return {"eq": NEVER, "ne": ALWAYS, "gt": Compare(operand, "filled")}.get(op) or (
                Compare(operand, "filled") if op == "ge" else NEVER
            )
        return Compare(operand, op, value)  # type: ignore[arg-type]

    def contains(self, node: Call, *, wanted: bool) -> Condition | None:
        where, what = node.args
        if not is_list(where.type) or isinstance(where, Member):
            return None
        if isinstance(where, Name) and not where.old and self.compiler.constant(what):
            value = self.compiler.value(what)
            if value is None:
                return NEVER if wanted else ALWAYS
            return Compare(self.compiler.places.operand(where.word), "contains" if wanted else "ne", value)
        if isinstance(what, Name) and not what.old and self.compiler.constant(where) and wanted:
            among: Any = tuple(one for one in self.compiler.value(where) or () if one)
            return Compare(self.compiler.places.operand(what.word), "in", among)
        return None


def _any(parts: Sequence[Condition]) -> Condition:
    """One of them; values of one field together, as an index likes it."""
    equal = [part for part in parts if isinstance(part, Compare) and part.op == "eq" and part.operand.kind == "text"]
    if len(equal) == len(parts) > 1 and len({part.operand for part in equal}) == 1:
        return Compare(equal[0].operand, "in", tuple(part.value for part in equal))
    return AnyOf(tuple(parts))
