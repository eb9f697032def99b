"""What was measured, as a table for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.measuring import CONNECTIONS, Measured, Series

HEADS = (
    "operation", "req/s 1 · 16", "p50 / p99 ms, 1", "p50 / p99 ms, 16", "CPU ms app + db", "bare endpoint", "times",
    "bare req/s 1 · 16", "driver ms", "KB",
)  # fmt: skip
Row = Sequence[str]


def rows_of(found: Sequence[Measured]) -> list[Row]:
    return [_row(one, {other.name: other for other in found}) for one in found]


def _row(one: Measured, others: dict[str, Measured]) -> Row:
    few, many = CONNECTIONS
    ours, bare = one.ours[few], one.bare[few]
    times = f"{ours.cpu / bare.cpu:.1f}"
    if one.like:
        times += f"; {ours.cpu / others[one.like].ours[few].cpu:.2f} of the administrator's"
    return (
        one.name,
        f"{ours.rate:,.0f} · {one.ours[many].rate:,.0f}",
        _span(ours),
        _span(one.ours[many]),
        _cpu(ours),
        _cpu(bare),
        times,
        f"{bare.rate:,.0f} · {one.bare[many].rate:,.0f}",
        f"{one.driver:.2f}",
        f"{ours.bytes / 1024:.1f}",
    )


def _span(series: Series) -> str:
    return f"{series.percentile(0.5):.1f} / {series.percentile(0.99):.1f}"


def _cpu(series: Series) -> str:
    database = series.database_cpu
    return f"{series.cpu:.2f}" + (f" + {database:.2f}" if database is not None else "")


def plain(rows: Sequence[Row], heads: Row = HEADS) -> str:
    """Columns side by side. A Han sign takes two places of a terminal."""
    lines = [heads, *rows]
    widths = [max(_width(line[place]) for line in lines) for place in range(len(heads))]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _width(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)


def markdown(rows: Sequence[Row], heads: Row = HEADS) -> str:
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rule, *rows))
