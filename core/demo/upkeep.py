"""The demo's operation and maintenance: what was handed over section by section, and the months of keeping it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from core import people
from core.clock import CHINA, stamp
from core.demo.kept import (
    ASSETS,
    DUTIES,
    FUNDING,
    PARTS,
    PLANS,
    REPAIRS,
    REPORTS,
    STANDARD,
    STEPS,
    WARRANTIES,
)
from core.demo.rounds import make_rounds
from core.errors import Invalid
from core.records import Condition, Query

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

M = "maintenance"
MANAGES = {"qinghe": "admin", "linxi": "linxi"}
WORKS = "both"


async def make_upkeep(platform: Platform, ctx: Context) -> None:
    """What `ctx`'s tenant keeps: entered by its clerk, approved and verified by its manager."""
    code = ctx.tenant.code
    ids = {person.login: person.id for person in await people.people(platform.db, ctx.tenant.id)}
    contexts = {
        login: await platform.context(await people.access_of(platform.db, ctx.tenant.id, ids[login]))
        for login in (MANAGES[code], WORKS)
    }
    maker = _Upkeep(contexts[MANAGES[code]], contexts[WORKS])
    await maker.fill(code)


class _Upkeep:
    def __init__(self, manager: Context, clerk: Context) -> None:
        self.manager, self.clerk = manager, clerk
        self.today = date.today()
        self.now = datetime.now(CHINA).replace(second=0, microsecond=0)
        self.assets: dict[str, str] = {}
        self.spent: dict[str, Decimal] = {}  # by month

    async def fill(self, code: str) -> None:
        self.projects = await self._ids("cost_center.project", "code")
        await self._assets(ASSETS[code])
        await self._scheme(code)
        await self._plans(PLANS[code])
        orders = [await self._repair(place, row) for place, row in enumerate(REPAIRS[code], 1)]
        for place, row in enumerate(REPORTS[code], 1):
            await self._report(place, row)
        if code == "qinghe":
            await self._parts(orders)
            await self._warranties()
            await make_rounds(self.clerk, self.assets, self.project_of)
        await self._money(code)

    async def _bulk(self, form: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        result = await self.manager.records.bulk(f"{M}.{form}", rows, mode="create", source="page")
        if result.wrong:
            raise Invalid([problem for row in result.rows for problem in row.problems], f"demo: {form}")
        return [row.id or "" for row in result.rows]

    async def _ids(self, form: str, key: str) -> dict[str, str]:
        found = (await self.manager.records.list(form, Query(limit=200))).records
        return {one.data[key]: one.id for one in found}

    async def _assets(self, rows: Sequence[tuple[Any, ...]]) -> None:
        made = await self._bulk(
            "asset",
            [
                {
                    "code": code,
                    "name": name,
                    "class": kind,
                    "project": self.projects[project],
                    "position": where,
                    "status": "in_use",
                    "criticality": weight,
                    "installed": self._day(-days),
                    "keeper": self.clerk.member.id,
                    "cost": Decimal(cost) * 10000,
                    "design_life": life,
                    "operator": "青禾市城投物业服务有限公司",
                }
                for project, code, name, kind, where, weight, _condition, cost, life, days in rows
            ],
        )
        self.assets = {row[1]: id for row, id in zip(rows, made, strict=True)}
        self.names = {row[1]: row[2] for row in rows}
        self.project_of = {row[1]: self.projects[row[0]] for row in rows}
        await self._bulk(
            "survey",
            [
                {
                    "asset": self.assets[row[1]],
                    "day": self._day(-20),
                    "condition": row[6],
                    "operating": True,
                    "findings": "泵体锈蚀，已接近更换条件。" if row[6] == 2 else None,
                }
                for row in rows
                if row[9] > 200 or row[6] < 4
            ],
        )

    async def _scheme(self, code: str) -> None:
        project = next(iter(ASSETS[code]))[0]
        name = {"QH-2025-01": "春晖里首批小区长效管护方案", "LX-2026-04": "文昌口袋公园管护方案"}[project]
        start = self.today - timedelta(days=240 if code == "qinghe" else 64)
        annual = Decimal(186_000 if code == "qinghe" else 42_000)
        scheme = await self.clerk.records.create(
            f"{M}.scheme",
            {
                "code": f"{project}-YW01",
                "name": name,
                "project": self.projects[project],
                "body": "春晖路街道办事处",
                "start": start.isoformat(),
                "years": 5,
                "operator": "青禾市城投物业服务有限公司",
                "annual_cost": annual,
                "contract": f"{project}-YW-HT01",
                "contract_end": (start + timedelta(days=290 if code == "qinghe" else 365)).isoformat(),
                "standard": STANDARD,
                "staff": "项目经理 1 人，水电工 2 人",
                "funding": list(FUNDING),
                "budgets": [{"year": self.today.year, "amount": annual}],
            },
        )
        sent = await self.clerk.flow.take(scheme.form, scheme.id, "submit", revision=scheme.revision)
        await self.manager.flow.take(
            scheme.form, scheme.id, "approve", revision=sent.revision, comment="同意，按年复核。"
        )
        self.scheme, self.annual = scheme.id, annual
        await self._bulk(
            "duty",
            [
                {
                    "class": kind,
                    "project": self.projects[project],
                    "cleaning": clean,
                    "small": small,
                    "large": large,
                    "payer": payer,
                    "from_day": start.isoformat(),
                }
                for kind, clean, small, large, payer in DUTIES
            ],
        )

    async def _plans(self, rows: Sequence[tuple[Any, ...]]) -> None:
        for code, name, kind, when, assets, tasks, hours, cost, step, count in rows:
            start = self.today - timedelta(days=max(step * count - 3, 0))
            plan = await self.clerk.records.create(
                f"{M}.plan",
                {
                    "code": code,
                    "name": name,
                    "kind": kind,
                    "trigger": "calendar",
                    "start": start.isoformat(),
                    "assets": [{"asset": self.assets[one]} for one in assets],
                    "assignee": self.clerk.member.id,
                    "tasks": [{"what": one} for one in tasks],
                    "hours": hours,
                    "budget": Decimal(cost),
                    "project": self.project_of[assets[0]],
                    **when,
                },
            )
            for number in range(count):
                day = start + timedelta(days=step * number)
                late = number == 2  # one of them slipped
                for asset in assets:
                    await self._planned(plan.id, code, name, kind, asset, day, hours, cost, late=late)

    async def _planned(
        self, plan: str, code: str, name: str, kind: str, asset: str, day: date, hours: int, cost: int, *, late: bool
    ) -> None:
        done = day + timedelta(days=5 if late else 1)
        begun = datetime.combine(done, time(9), CHINA)
        order = await self.clerk.records.create(
            f"{M}.order",
            {
                "code": f"{code}-{day:%Y%m%d}-{asset}",
                "title": f"{name} · {self.names[asset]}",
                "kind": kind,
                "priority": "normal",
                "asset": self.assets[asset],
                "plan": plan,
                "occurrence": day.isoformat(),
                "project": self.project_of[asset],
                "reported_at": stamp(datetime.combine(day, time(8), CHINA)),
                "estimated_hours": hours,
                "due": stamp(datetime.combine(day + timedelta(days=3), time(23, 59), CHINA)),
                "labour_hours": hours,
                "other_cost": Decimal(cost),
                "paid_by": "resident",
            },
        )
        await self._finish(order, begun, begun + timedelta(hours=hours), "按作业内容完成，无异常。", Decimal(cost))

    async def _finish(
        self, order: Any, begun: datetime, finished: datetime, actions: str, cost: Decimal, *, score: int = 5
    ) -> None:
        data = {"started_at": stamp(begun), "finished_at": stamp(finished), "actions": actions}
        order = await self.clerk.flow.take(order.form, order.id, "log", revision=order.revision, data=data)
        if finished < self.now - timedelta(days=2):  # what was done these days still waits for the manager
            await self.manager.flow.take(order.form, order.id, "verify", revision=order.revision, data={"score": score})
        month = f"{finished:%Y-%m}"
        self.spent[month] = self.spent.get(month, Decimal(0)) + cost

    async def _repair(self, place: int, row: tuple[Any, ...]) -> str:
        asset, title, kind, priority, days, hours, cause, actions, labour, other, down, payer = row
        reported = datetime.combine(self.today - timedelta(days=days), time(8, 20), CHINA)
        finished = reported + timedelta(hours=hours)
        order = await self.clerk.records.create(
            f"{M}.order",
            {
                "code": f"GD-{reported:%Y%m%d}-{place:03}",
                "title": title,
                "kind": kind,
                "priority": priority,
                "asset": self.assets[asset],
                "project": self.project_of[asset],
                "reported_at": stamp(reported),
                "assignee": self.clerk.member.id,
                "cause": cause,
                "labour_hours": Decimal(max(labour // 60, 1)),
                "labour_cost": Decimal(labour),
                "other_cost": Decimal(other),
                "paid_by": payer,
                **(
                    {"down_from": stamp(reported), "down_until": stamp(reported + timedelta(hours=down))}
                    if down
                    else {}
                ),
            },
        )
        begun = reported + timedelta(minutes=20 if priority == "emergency" else 50)
        paid = Decimal(0) if payer == "warranty" else Decimal(labour + other)
        await self._finish(order, begun, finished, actions, paid, score=5 if place % 3 else 4)
        return order.id

    async def _report(self, place: int, row: tuple[Any, ...]) -> None:
        title, channel, urgency, asset, hours, state = row
        received = self.now - timedelta(hours=hours)
        code = f"BX-{received:%Y%m%d}-{place:03}"
        report = await self.clerk.records.create(
            f"{M}.report",
            {
                "code": code,
                "title": title,
                "channel": channel,
                "kind": "fault",
                "urgency": urgency,
                "asset": self.assets[asset],
                "project": self.project_of[asset],
                "received_at": stamp(received),
                "reporter": "王阿姨" if place % 2 else "李师傅",
                "content": f"{title}，请尽快派人来看。",
            },
        )
        priority = {"danger": "emergency", "supply": "urgent"}.get(urgency, "normal")
        order = await self.clerk.records.create(
            f"{M}.order",
            {
                "code": f"{code}-GD",
                "title": title,
                "kind": "emergency" if urgency == "danger" else "corrective",
                "priority": priority,
                "asset": self.assets[asset],
                "project": self.project_of[asset],
                "report": report.id,
                "reported_at": stamp(received),
                "responded_at": stamp(received + timedelta(minutes=25)) if state != "created" else None,
                "estimated_hours": 4,
            },
        )
        await self.clerk.flow.take(report.form, report.id, "dispatch", revision=report.revision)
        for step in STEPS[state]:
            data = {"waiting_for": "parts"} if step == "wait" else {}
            order = await self.clerk.flow.take(order.form, order.id, step, revision=order.revision, data=data)

    async def _parts(self, orders: Sequence[str]) -> None:
        made = await self._bulk(
            "part",
            [
                {
                    "code": code,
                    "name": name,
                    "specs": specs,
                    "unit": unit,
                    "store": "春晖里运维站",
                    "minimum": Decimal(low),
                    "maximum": Decimal(high),
                    "daily_use": Decimal(use),
                    "lead_days": lead,
                    "safety": Decimal(1),
                }
                for code, name, specs, unit, low, high, use, lead, *_rest in PARTS
            ],
        )
        using = {0: orders[2], 1: orders[8], 2: orders[5], 3: orders[0]}
        moves: list[dict[str, Any]] = []
        for place, (id, row) in enumerate(zip(made, PARTS, strict=True)):
            price, received, issued = Decimal(row[8]), row[9], row[10]
            first = min(4 if place == 0 else 1, issued)
            of_order = {"order": using[place]}
            moves.append(self._move(f"LS-R{place}", id, "receive", -210, received) | {"price": price})
            moves.append(self._move(f"LS-A{place}", id, "issue", -200 + place, first) | of_order)
            if issued > first:
                moves.append(self._move(f"LS-B{place}", id, "issue", -15, issued - first))
        await self._bulk("move", moves)

    def _move(self, code: str, part: str, kind: str, days: int, quantity: int) -> dict[str, Any]:
        return {"code": code, "part": part, "kind": kind, "day": self._day(days), "quantity": Decimal(quantity)}

    async def _warranties(self) -> None:
        wanted = Query(where=(Condition("project", "eq", self.projects["QH-2025-01"]),), limit=100)
        contracts = {
            one.data["party"]: one for one in (await self.manager.records.list("cost_center.contract", wanted)).records
        }
        made = []
        for name, asset, kind, company, days, agreed in WARRANTIES:
            held = contracts.get(company)
            retention = {}
            if held is not None:
                amount = Decimal(held.data["amount_gross"]) * Decimal(held.data.get("retention", 0)) / 100
                retention = {"contract": held.id, "retention": amount.quantize(Decimal("0.01"), ROUND_HALF_UP)}
            made.append(
                {
                    "name": name,
                    "asset": self.assets[asset],
                    "project": self.project_of[asset],
                    "kind": kind,
                    "start": self._day(days),
                    "company": company,
                    **retention,
                    **({"agreed": agreed[0], "agreed_unit": agreed[1]} if agreed else {}),
                }
            )
        await self._bulk("warranty", made)

    async def _money(self, code: str) -> None:
        """Fees by quarter, the subsidy, and each month's orders paid."""
        of = {"scheme": self.scheme, "project": self.projects[next(iter(ASSETS[code]))[0]]}
        large = code == "qinghe"
        begun = [self.today - timedelta(days=days) for days in ((200, 110, 20) if large else (20,))]
        await self._bulk("fee", [
            of | self._fee(start, number, paid=start != begun[-1] or number <= 5)
            for start in begun for number in range(1, 9 if large else 3)
        ])  # fmt: skip
        subsidy = (self.annual * 4 / 100).quantize(Decimal("0.01"))
        funds = [self._fund("年度财政补贴（首笔）", self._day(-180 if large else -60), "in", "fiscal", subsidy)]
        if large:
            bought = sum((Decimal(row[8]) * row[9] for row in PARTS), Decimal(0))
            funds.append(self._fund("采购备件", self._day(-210), "out", "resident", bought))
        for month, amount in sorted(self.spent.items()):
            if amount:
                last = (date.fromisoformat(f"{month}-01") + timedelta(days=31)).replace(day=1) - timedelta(days=1)
                day = min(last, self.today).isoformat()
                funds.append(self._fund(f"{month} 维护费（当月工单）", day, "out", "resident", amount))
        await self._bulk("fund", [of | one for one in funds])

    def _fee(self, start: date, number: int, *, paid: bool) -> dict[str, Any]:
        amount = Decimal(24 * 9 * 3 + number * 12)
        received = {"paid": amount, "paid_on": (start + timedelta(days=12)).isoformat()} if paid else {}
        return {
            "payer": f"{(number + 1) // 2} 号楼 {2 - number % 2} 单元", "amount": amount,
            "period": f"{start.year}Q{(start.month + 2) // 3}", "due": (start + timedelta(days=30)).isoformat(),
            **received,
        }  # fmt: skip

    def _fund(self, title: str, day: str, direction: str, source: str, amount: Decimal) -> dict[str, Any]:
        return {"title": title, "day": day, "direction": direction, "source": source, "amount": amount}

    def _day(self, days: int) -> str:
        return (self.today + timedelta(days=days)).isoformat()
