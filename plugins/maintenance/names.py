"""The forms of operation and maintenance by name, and the words of their choices that the module's Python knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from core import Condition, Context, Query, Record

ASSET, DUTY, SCHEME, PLAN, ORDER, REPORT, ROUND, WARRANTY, PART, MOVE, FEE, FUND, SURVEY, READING = (
    f"maintenance.{name}"
    for name in ("asset", "duty", "scheme", "plan", "order", "report", "round", "warranty", "part", "move", "fee",
                 "fund", "survey", "reading")
)  # fmt: skip
PROJECT = "cost_center.project"
PLANNED = ("preventive", "inspection", "improvement")  # kinds of order whose time was planned, not broken
OPEN = ("created", "assigned", "accepted", "in_progress", "waiting")
FINISHED = ("done", "verified", "closed")
EVERYTHING = Query()


async def every(ctx: Context, form: str, *where: Condition, query: Query = EVERYTHING) -> AsyncIterator[Record]:
    """All records that the member may read; none where he may read none."""
    query = replace(query, where=(*query.where, *where), limit=200)
    while ctx.can(form, "read"):
        page = await ctx.records.list(form, query)
        for record in page.records:
            yield record
        if page.next is None:
            return
        query = replace(query, after=page.next)
