"""The jobs of alerts: what a write may have moved, a rule that changed, and everything by the calendar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.clock import now
from core.jobs import Job, JobKind
from core.store import alerts as stored

if TYPE_CHECKING:
    from core.context import Context


async def module(ctx: Context, job: Job) -> Mapping[str, Any]:
    """Every rule of a module: they are measured from the same sums."""
    codes = [code for code, rule in (await ctx.alerts.rules()).items() if rule.module == job.args["module"]]
    return {"happened": len(await ctx.alerts.evaluate(*codes)) if codes else 0}


async def rule(ctx: Context, job: Job) -> Mapping[str, Any]:
    return {"happened": len(await ctx.alerts.evaluate(job.args["rule"]))}


async def records(ctx: Context, job: Job) -> Mapping[str, Any]:
    return {"happened": len(await ctx.alerts.evaluate_records(job.args["form"], job.args["records"]))}


async def sweep(ctx: Context, job: Job) -> Mapping[str, Any]:
    """All rules: a day later a date is over though nothing was written."""
    codes = list(await ctx.alerts.rules())
    happened = 0
    for number, code in enumerate(codes):
        happened += len(await ctx.alerts.evaluate(code))
        await job.progress(number + 1, len(codes))
    return {"happened": happened}


async def wake(ctx: Context, job: Job) -> Mapping[str, Any]:
    """Suppressed alerts whose time is over come back, or close if they have cleared meanwhile."""
    rows = await stored.overdue(ctx.db, ctx.tenant.id, at=now())
    codes = sorted({row["rule"] for row in rows})
    return {"happened": len(await ctx.alerts.evaluate(*codes)) if codes else 0}


JOBS = (
    JobKind(name="core.alert_module", title="检查模块的预警", run=module, system=True),
    JobKind(name="core.alert_rule", title="检查预警规则", run=rule, system=True),
    JobKind(name="core.alert_records", title="检查改动内容的预警", run=records, system=True),
    JobKind(name="core.alert_sweep", title="每日检查所有预警", run=sweep, system=True, schedule="FREQ=DAILY;BYHOUR=6"),
    JobKind(
        name="core.alert_wake", title="恢复到期的暂停预警", run=wake, system=True, schedule="FREQ=HOURLY;BYMINUTE=5"
    ),
)
