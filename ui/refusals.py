"""What a refused form shows again: the words, beside which field, with which status; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import DougongError, Invalid


@dataclass(frozen=True, slots=True)
class Refusal:
    """`problems` by field; `message` where no field is at fault. An empty one shows a form as it was typed."""

    status: int = 200
    message: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


def refusal(error: DougongError, *, fields: frozenset[str] = frozenset()) -> Refusal:
    """`fields`: those the form shows; what concerns others is said on top."""
    if not isinstance(error, Invalid):
        return Refusal(error.status, error.message)
    shown = {p.field: p.message for p in error.problems if not fields or p.field in fields}
    rest = [p.message for p in error.problems if p.field not in shown]
    return Refusal(error.status, " ".join(rest), shown)
