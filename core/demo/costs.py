"""The cost engineer's year: work performed, bids, changes, a transfer, a bill of quantities, a forecast."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from core.demo import words
from core.demo.hands import Hands
from core.errors import Invalid
from core.records import Query

if TYPE_CHECKING:
    from core.context import Context
    from core.records.model import Record

CENT = Decimal("0.01")
REPORTED = 4  # months of work performed that are kept, beside today's
CHANGES = (  # place of the contract, subject, kind, cause, reported, likelihood, days ago, approved share or None
    (0, "老旧管沟加深开挖", "visa", "unforeseen", 86_400, 70, 96, 90),
    (9, "雨污检查井增设 6 座", "design", "design", 214_000, 80, 74, 85),
    (8, "外墙空鼓面积超出勘查", "visa", "unforeseen", 158_600, 60, 41, 92),
    (1, "钢材价格上涨调差", "price", "regulation", 126_300, 50, 22, None),
    (10, "加装电梯基坑遇旧基础", "claim", "owner", 97_500, 40, 12, None),
    (0, "夜间抢修计日工", "daywork", "owner", 12_800, 90, 5, None),
)


async def make_costs(
    ctx: Context, hands: Hands, projects: Sequence[tuple[Any, ...]], starts: Mapping[str, date]
) -> None:
    """What the cost engineer keeps beside budgets, contracts and entries."""
    maker = _Costs(ctx, hands, random.Random(f"{ctx.tenant.code} costs"), starts)
    await maker.learn()
    running = [project for project in projects if project[7]]
    await maker.performed(running)
    await maker.bids(running)
    await maker.changed(running[0][0])
    await maker.transferred(running[0][0])
    await maker.billed(running[0])
    await maker.forecast(running[0][0])
    await maker.prices(running)


class _Costs:
    def __init__(self, ctx: Context, hands: Hands, chance: random.Random, starts: Mapping[str, date]) -> None:
        self.ctx, self.hands, self.chance, self.starts = ctx, hands, chance, starts
        self.today = date.today()

    async def learn(self) -> None:
        self.projects = await self._all("cost_center.project")
        self.accounts = await self._all("cost_center.account")
        self.budgets = await self._all("cost_center.budget")
        self.contracts = await self._all("cost_center.contract")

    async def _all(self, form: str) -> dict[str, Record]:
        found: dict[str, Record] = {}
        query = Query(limit=200)
        while True:
            page = await self.ctx.records.list(form, query)
            found |= {record.data["code"]: record for record in page.records}
            if page.next is None:
                return found
            query = Query(limit=200, after=page.next)

    async def _write(self, form: str, rows: Sequence[Mapping[str, Any]], *, mode: Any = "create") -> list[str]:
        result = await self.ctx.records.bulk(f"cost_center.{form}", rows, mode=mode, source="page")
        if result.wrong:
            raise Invalid([problem for row in result.rows for problem in row.problems], f"demo: {form}")
        return [row.id or "" for row in result.rows]

    async def performed(self, projects: Sequence[tuple[Any, ...]]) -> None:
        """Each month's end and today: done as far as the project had come, along the curve of its costs."""
        rows = []
        for project in projects:
            code, months, done = project[0], project[7], project[8]
            weights = [(place + 1) * (months - place) + months for place in range(months)]
            for month in range(max(months - REPORTED, 0), months):
                share = Decimal(sum(weights[: month + 1])) / sum(weights)
                first = _months_on(self.starts[code], month)
                day = min(_months_on(first, 1) - timedelta(days=1), self.today)
                percent = (Decimal(done) * share).quantize(CENT, ROUND_HALF_UP)
                lines = [
                    {"account": self.accounts[account].id, "technique": "percent", "percent": percent,
                     "finished": percent == 100}
                    for account in words.PLAN
                ]  # fmt: skip
                rows.append({
                    "code": f"{code}-XX{month + 1:02d}", "project": self.projects[code].id, "at": _at(day, 0),
                    "lines": lines, "note": f"{day.month} 月末现场与监理共同确认。",
                })  # fmt: skip
        await self._write("performance", rows)

    async def bids(self, projects: Sequence[tuple[Any, ...]]) -> None:
        """What was bid: a little above the target of each account."""
        rows = []
        for project in projects:
            code, sums = project[0], {}
            for line in self.budgets[f"{code}-YS01"].data["lines"]:
                sums[line["account"]] = sums.get(line["account"], Decimal(0)) + line["amount"]
            lines = [
                {"account": account, "amount": (amount * self.chance.randrange(102, 109) / 100).quantize(CENT)}
                for account, amount in sums.items()
            ]  # fmt: skip
            rows.append({
                "code": f"{code}-TB01", "project": self.projects[code].id, "kind": "bid", "lines": lines,
                "date": (self.starts[code] - timedelta(days=70)).isoformat(), "reason": "投标报价汇总。",
            })  # fmt: skip
        for id in await self._write("budget", rows):
            await self.hands.walk("cost_center.budget", id, ("submit", "approve"), data={})

    async def changed(self, code: str) -> None:
        rows = []
        for number, (place, name, kind, cause, reported, likely, days, share) in enumerate(CHANGES):
            contract = self.contracts[f"{code}-HT{place + 1:03d}"]
            event = self.today - timedelta(days=days)
            rows.append({
                "code": f"{code}-BG{number + 1:03d}", "name": name, "contract": contract.id, "kind": kind,
                "cause": cause, "event_at": _at(event, 2), "submitted_at": _at(event + timedelta(days=1), 1),
                "reported_gross": Decimal(reported), "probability": Decimal(likely),
                "approved_gross": Decimal(reported) * share / 100 if share else None,
            })  # fmt: skip
        for id, row in zip(await self._write("change", rows), rows, strict=True):
            steps = ("submit", "review", "forward", "approve") if row["approved_gross"] else ("submit", "review")
            given = {name: row[name] for name in ("submitted_at", "reported_gross", "approved_gross") if row[name]}
            await self.hands.walk("cost_center.change", id, steps, data=given)

    async def transferred(self, code: str) -> None:
        lines = [("5404", -80_000), ("5401.01.02", 80_000)]
        row = {
            "code": f"{code}-TZ01", "project": self.projects[code].id, "budget": self.budgets[f"{code}-YS01"].id,
            "kind": "transfer", "date": (self.today - timedelta(days=50)).isoformat(),
            "reason": "抢修用工增加，由预备费调入点工。",
            "lines": [{"account": self.accounts[one].id, "amount": Decimal(amount)} for one, amount in lines],
        }  # fmt: skip
        (id,) = await self._write("adjustment", [row])
        await self.hands.walk("cost_center.adjustment", id, ("submit", "approve"), data={})

    async def billed(self, project: tuple[Any, ...]) -> None:
        """A bill of quantities with what has been measured so far; one item strays by more than it should."""
        code, done, rows = project[0], project[8], []
        for number, line in enumerate(self.budgets[f"{code}-YS01"].data["lines"][:24]):
            share = Decimal(done if number != 4 else 118) / 100
            rows.append({
                "project": self.projects[code].id, "code": f"0101{number // 9 + 1:02d}0{number % 9 + 1:02d}001",
                "name": line["item"], "unit": line["unit"], "quantity": line["quantity"], "price": line["price"],
                "account": line["account"], "section": "建筑与安装工程",
                **({"measured": (line["quantity"] * share).quantize(Decimal("0.1"))} if number in (4, 6) else {}),
            })  # fmt: skip
        rows[6]["measured"] = rows[6]["quantity"]
        await self._write("boq", rows)

    async def forecast(self, code: str) -> None:
        lines = [
            {"account": self.accounts[account].id, "method": "cpi"} for account in words.PLAN if account != "5404"
        ]  # fmt: skip
        row = {"code": f"{code}-YC01", "project": self.projects[code].id, "date": self.today.isoformat()}
        await self._write("forecast", [row | {"lines": lines}])

    async def prices(self, projects: Sequence[tuple[Any, ...]]) -> None:
        """Contract prices, approved estimates, floor area; the books of what is finished are closed."""
        rows = []
        for project in projects:
            code, status, total = project[0], project[3], Decimal(project[5]) * 10000
            budget = self.budgets[f"{code}-YS01"].data["total"]
            rows.append({
                "code": code, "contract_net": (budget * Decimal("1.08")).quantize(Decimal(1)),
                "feasibility": total, "estimate": (total * Decimal("0.98")).quantize(Decimal(1)),
                **({"closed_through": self.today.isoformat()} if status == "completed" else {}),
            })  # fmt: skip
        await self._write("project", rows, mode="upsert")


def _months_on(first: date, months: int) -> date:
    index = first.month - 1 + months
    return date(first.year + index // 12, index % 12 + 1, 1)


def _at(day: date, hour: int) -> str:
    return datetime.combine(day, time(hour), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
