"""Attendance of one man on one day: punches in and out paired, what is missing said and never guessed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

PAIRS = (("in1", "out1"), ("in2", "out2"), ("in3", "out3"))
Span = tuple[datetime, datetime]
LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Paired:
    """`spans`: the complete pairs in order; `missing`: the other half is not there; `wrong`: out of order."""

    spans: tuple[Span, ...]
    missing: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def hours(self) -> Decimal:
        return hours_of(self.spans)


def hours_of(spans: Sequence[Span]) -> Decimal:
    seconds = sum((end - start).total_seconds() for start, end in spans)
    return (Decimal(int(seconds)) / 3600).quantize(Decimal("0.01"), ROUND_HALF_UP)


def paired(data: Mapping[str, Any]) -> Paired:
    """The punches of an attendance record (instants as stored) as spans."""
    spans: list[Span] = []
    missing, wrong = [], []
    last: datetime | None = None
    for first, second in PAIRS:
        start, end = instant(data.get(first)), instant(data.get(second))
        if (start is None) != (end is None):
            missing.append(first if start is None else second)
        for name, at in ((first, start), (second, end)):
            if at is not None:
                if last is not None and at < last:
                    wrong.append(name)
                last = at
        if start is not None and end is not None and start < end:
            spans.append((start, end))
    if spans and spans[-1][1] - spans[0][0] > LONGEST:
        wrong.append("out3")
    return Paired(tuple(spans), tuple(missing), tuple(wrong))


def instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None


def outside(span: Span, within: Sequence[Span]) -> timedelta:
    """How much of `span` lies outside all of `within` (in order, apart)."""
    covered = timedelta()
    for start, end in within:
        covered += max(min(end, span[1]) - max(start, span[0]), timedelta())
    return (span[1] - span[0]) - covered
