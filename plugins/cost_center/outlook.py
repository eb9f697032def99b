"""Alert rules about where it is heading: dynamic cost, estimate at completion, CPI, money ahead of work, changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from core import AlertRule, Condition, Context, Measure, Query, Record, _
from plugins.cost_center import dynamic, status
from plugins.cost_center.evm import Number, Status, ratio
from plugins.cost_center.figures import SIGNED, every
from plugins.cost_center.rules import (
    ADJUSTMENT,
    BOQ,
    BUDGET,
    CHANGE,
    CONTRACT,
    ENTRY,
    FORECAST,
    PERFORMANCE,
    PROJECT,
)
from plugins.cost_center.variance import shown

MADE_OF = (PROJECT, BUDGET, ADJUSTMENT, CONTRACT, CHANGE, ENTRY)
EARNED_FROM = (PROJECT, BUDGET, ADJUSTMENT, ENTRY, PERFORMANCE, FORECAST)
ANY = frozenset({"yellow", "orange", "red"})
DONE = ("completed", "settled", "closed")


def outlook() -> Sequence[AlertRule]:
    """Thresholds a tenant starts with; projects that are finished are not measured."""
    heading = {"watches": MADE_OF, "reads": MADE_OF}
    earned = {"watches": EARNED_FROM, "reads": EARNED_FROM}
    return [
        AlertRule(
            code="cost_center.dynamic", title=_("动态成本超出目标"), metric=_("超出目标"), unit="%",
            levels={"orange": Decimal(3), "red": Decimal(5)}, strict=ANY, measure=_dynamic, **heading,
        ),
        AlertRule(
            code="cost_center.eac", title=_("完工估算超出预算"), metric=_("超出预算"), unit="%",
            levels={"yellow": Decimal(0), "orange": Decimal(3), "red": Decimal(5)}, strict=ANY, measure=_eac, **earned,
        ),
        AlertRule(
            code="cost_center.cpi", title=_("成本绩效偏低"), metric="CPI", direction="below", margin=Decimal("0.01"),
            levels={"yellow": Decimal("0.95"), "orange": Decimal("0.90"), "red": Decimal("0.85")}, strict=ANY,
            measure=_cpi, **earned,
        ),
        AlertRule(
            code="cost_center.ahead", title=_("花钱快过进度"), metric=_("花费比完成多"), unit=_("个百分点"),
            levels={"yellow": Decimal(5), "orange": Decimal(10), "red": Decimal(15)}, strict=ANY, measure=_ahead,
            **earned,
        ),
        AlertRule(
            code="cost_center.margin", title=_("完工估算高于承包合同价"), metric=_("亏损占合同价"), unit="%",
            levels={"red": Decimal(0)}, strict=ANY, measure=_losses, **earned,
        ),
        AlertRule(
            code="cost_center.changes", title=_("合同变更偏多"), metric=_("已批变更占合同额"), unit="%",
            levels={"yellow": Decimal(5), "orange": Decimal(8), "red": Decimal(10)}, strict=ANY, measure=_changes,
            watches=(CONTRACT, CHANGE), reads=(CONTRACT, CHANGE),
        ),
        AlertRule(
            code="cost_center.estimate", title=_("概算超过批复的投资估算"), metric=_("概算超估算"), unit="%",
            levels={"red": Decimal(10)}, strict=ANY, measure=_estimates, watches=(PROJECT,), reads=(PROJECT,),
        ),
        AlertRule(
            code="cost_center.quantity", title=_("清单工程量偏差过大"), metric=_("量差"), unit="%",
            levels={"yellow": Decimal(15)}, strict=ANY, measure=_quantities, watches=(BOQ,), reads=(BOQ,),
        ),
    ]  # fmt: skip


async def _running(ctx: Context) -> AsyncIterator[Record]:
    async for project in every(ctx, PROJECT):
        if project.data.get("status") not in DONE:
            yield project


def _of(project: Record, value: Number, page: str = "") -> Measure:
    return Measure(
        form=PROJECT, record=project.id, value=shown(value, 4) or Decimal(0), project=project.id,
        url=f"/cost_center/{project.id}{page}", owner=project.data.get("manager"),
    )  # fmt: skip


async def _dynamic(ctx: Context) -> Iterable[Measure]:
    found = []
    async for project in _running(ctx):
        sums = (await dynamic.dynamic(ctx, project.id)).values()
        target = sum((one.target for one in sums), Decimal(0))
        over = ratio(sum((one.dynamic for one in sums), Decimal(0)) - target, target)
        if over is not None:
            found.append(_of(project, over * 100, "#dynamic"))
    return found


async def _earned(ctx: Context, value: Callable[[Context, Record, Status], Fraction | None]) -> list[Measure]:
    found, at = [], status.present()
    async for project in _running(ctx):
        known = await status.basis(ctx, project)
        if not known.lines:
            continue
        measured = value(ctx, project, (await status.found(ctx, project, known, at)).status)
        if measured is not None:
            found.append(_of(project, measured, "/evm"))
    return found


def _estimate(ctx: Context, one: Status) -> Fraction | None:
    return one.eac(ctx.settings("cost_center")["eac_factor"])


async def _eac(ctx: Context) -> Iterable[Measure]:
    def over(ctx: Context, project: Record, one: Status) -> Fraction | None:
        eac = _estimate(ctx, one)
        return None if eac is None or not one.bac else (eac - Fraction(one.bac)) * 100 / Fraction(one.bac)

    return await _earned(ctx, over)


async def _cpi(ctx: Context) -> Iterable[Measure]:
    return await _earned(ctx, lambda ctx, project, one: one.cpi)


async def _ahead(ctx: Context) -> Iterable[Measure]:
    def points(ctx: Context, project: Record, one: Status) -> Fraction | None:
        return None if one.spent is None or one.complete is None else (one.spent - one.complete) * 100

    return await _earned(ctx, points)


async def _losses(ctx: Context) -> Iterable[Measure]:
    def loss(ctx: Context, project: Record, one: Status) -> Fraction | None:
        price, eac = project.data.get("contract_net"), _estimate(ctx, one)
        return None if not price or eac is None else (eac - Fraction(price)) * 100 / Fraction(price)

    return await _earned(ctx, loss)


async def _changes(ctx: Context) -> Iterable[Measure]:
    found = []
    async for contract in every(ctx, CONTRACT, Query(where=(Condition("status", "in", SIGNED),))):
        share = ratio(contract.data.get("changes_net") or 0, contract.data.get("amount_net") or 0)
        if share:
            url = f"/forms/{CHANGE}?where=contract:eq:{contract.id}"
            project = contract.data.get("project")
            value = shown(share * 100, 4) or Decimal(0)
            found.append(Measure(form=CONTRACT, record=contract.id, value=value, project=project, url=url))
    return found


async def _estimates(ctx: Context) -> Iterable[Measure]:
    found = []
    async for project in every(ctx, PROJECT):
        approved, designed = project.data.get("feasibility"), project.data.get("estimate")
        if approved and designed:
            found.append(_of(project, (Fraction(designed) - Fraction(approved)) * 100 / Fraction(approved)))
    return found


async def _quantities(ctx: Context) -> Iterable[Measure]:
    """Items whose measured quantity strays, up or down; the band is the rule's threshold."""
    return [
        Measure(
            form=BOQ, record=item.id, value=abs(Decimal(item.data["deviation"])), project=item.data.get("project"),
            url=f"/forms/{BOQ}/{item.id}",
        )
        async for item in every(ctx, BOQ, Query(where=(Condition("deviation", "filled"),)))
    ]  # fmt: skip


