"""What the module computes into its own records: time bars of changes, values of a snapshot when it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core import Context, Form, for_forms, hookimpl, independent
from plugins.cost_center import status
from plugins.cost_center.rules import CHANGE, SNAPSHOT
from plugins.cost_center.variance import shown

ISO = "%Y-%m-%dT%H:%M:%SZ"


@hookimpl
@for_forms(CHANGE, SNAPSHOT)
@independent(CHANGE, SNAPSHOT)
async def record_compute(ctx: Context, form: Form, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return _barred(ctx, data) if form.name == CHANGE else await _snapshot(ctx, data)


def _barred(ctx: Context, data: Mapping[str, Any]) -> dict[str, Any]:
    """Until when a change must be put in writing: days after the event, for daywork hours after the end of the work."""
    event, put = _moment(data.get("event_at")), _moment(data.get("submitted_at"))
    if event is None:
        return {"deadline": None, "in_time": None}
    settings = ctx.settings("cost_center")
    hours = int(settings["daywork_hours"]) if data.get("kind") == "daywork" else int(settings["change_days"]) * 24
    deadline = event + timedelta(hours=hours)
    return {"deadline": deadline.strftime(ISO), "in_time": None if put is None else put <= deadline}


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if isinstance(text, str) else None


async def _snapshot(ctx: Context, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """The figures at that instant, when it is taken; afterwards they stay as they are."""
    if data.get("bac") is not None or not data.get("project") or not data.get("at"):
        return None
    whole = ctx.system()
    found = await status.at_instant(whole, data["project"], status.local(data["at"]))
    known = found.status
    values = {
        **{name: shown(getattr(known, name)) for name in ("bac", "pv", "ev", "ac")},
        "eac": shown(known.eac(ctx.settings("cost_center")["eac_factor"])),
        **{name: shown(getattr(known, name), 4) for name in ("cpi", "spi", "es", "pd")},
        "time": shown(known.at, 4),
    }
    return values
