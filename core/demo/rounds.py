"""The demo's eyes on what it keeps: reports that were answered, a round of inspection, the meter of a lift."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from core.clock import CHINA, stamp
from core.demo.kept import ANSWERED, READINGS, ROUND

if TYPE_CHECKING:
    from core.context import Context

M = "maintenance"


async def make_rounds(clerk: Context, assets: Mapping[str, str], projects: Mapping[str, str]) -> None:
    """`assets` and `projects` are ids by the code of an asset."""
    now = datetime.now(CHINA).replace(second=0, microsecond=0)
    for place, row in enumerate(ANSWERED, 1):
        await _answered(clerk, assets, projects, now, f"{place:03}", *row)
    points = [
        {"asset": assets[asset], "item": item, "result": "fault", "note": wrong}
        if wrong
        else {"asset": assets[asset], "item": item, "result": "ok"}
        for asset, item, wrong in ROUND
    ]
    day = (now - timedelta(days=1)).date()
    data = {"code": f"XJ-{day:%Y%m%d}-001", "route": "春晖里夜间巡查", "day": day.isoformat(), "points": points}
    walked = await clerk.records.create(f"{M}.round", data | {"project": projects["QH01-DT-02"]})
    await clerk.flow.take(walked.form, walked.id, "submit", revision=walked.revision)
    for days, value in READINGS:
        read = {"asset": assets["QH01-DT-02"], "day": (now + timedelta(days=days)).date().isoformat()}
        await clerk.records.create(f"{M}.reading", read | {"value": Decimal(value)})


async def _answered(
    clerk: Context, assets: Mapping[str, str], projects: Mapping[str, str], now: datetime, number: str,
    title: str, channel: str, asset: str, days: int, hours: int, rated: int,
) -> None:  # fmt: skip
    received = now - timedelta(days=days)
    report = await clerk.records.create(f"{M}.report", {
        "code": f"BX-{received:%Y%m%d}-{number}", "title": title, "channel": channel, "kind": "suggestion",
        "urgency": "ordinary", "asset": assets[asset], "project": projects[asset], "received_at": stamp(received),
        "answer": "已安排处理，并电话回复。", "visited": True, "resolved": rated > 3, "satisfaction": rated,
    })  # fmt: skip
    told = await clerk.flow.take(report.form, report.id, "answer", revision=report.revision)
    when = {"answered_at": stamp(received + timedelta(hours=hours))}
    await clerk.records.update(told.form, told.id, when, revision=told.revision)
