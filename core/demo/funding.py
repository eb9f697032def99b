"""The demo's money: where one project's funds come from, what three of its contracts were certified and paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.errors import Invalid
from core.records import Aggregate, Condition, Query

if TYPE_CHECKING:
    from core.context import Context
    from core.records import Record

SOURCES = (  # code, name, kind, share of the investment in per cent, document, days until it must be used
    ("ZY-2025-36", "中央财政城镇保障性安居工程补助", "central", 30, "财综〔2025〕36 号", 400),
    ("SJ-2025-112", "省级老旧小区改造奖补", "provincial", 20, "江财建〔2025〕112 号", 75),
    ("ZX-2025-08", "老旧小区改造专项债券（八期）", "special_bond", 35, "江债〔2025〕8 号", 500),
    ("JM-2025-01", "居民出资（加装电梯分摊）", "residents", 5, "", 0),
    ("QC-2025-01", "区级配套资金", "county", 10, "临财〔2025〕41 号", 0),
)
CAME = ((330, 55), (150, 25), (40, 10))  # days ago, per cent of the source
PERIODS = (200, 120, 45)  # days ago that work was measured
LEVELS = (("submit", ""), ("supervise", "checked_supervisor"), ("check", "checked_cost"), ("audit", "checked_finance"),
          ("approve", "approved"))  # fmt: skip


async def make_funding(ctx: Context, code: str) -> None:
    """Everything of funding for the project `code`."""
    await _Maker(ctx.system(), code).fill()


class _Maker:
    def __init__(self, ctx: Context, code: str) -> None:
        self.ctx, self.code, self.today = ctx, code, date.today()

    async def fill(self) -> None:
        self.project = (await self._list("cost_center.project", Condition("code", "eq", self.code)))[0]
        terms = await self._terms()
        await self._money(terms)
        paid = 0
        for term, contract in terms:
            for period, back in enumerate(PERIODS, 1):
                application = await self._certified(term, contract, period, back)
                if application is not None and not (period == len(PERIODS) and paid % 3 != 0):
                    await self._paid(application, term, back - 22)
                paid += period == len(PERIODS)
        await self._surety(terms)
        await self._wages()

    def _day(self, back: int) -> str:
        return (self.today - timedelta(days=max(back, 0))).isoformat()

    async def _list(self, form: str, *where: Condition) -> list[Record]:
        query = Query(where=where, sort=(("code", False),), limit=200)
        return list((await self.ctx.records.list(form, query)).records)

    async def _write(self, form: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        result = await self.ctx.records.bulk(f"funding.{form}", rows, mode="create", source="page")
        if result.wrong:
            raise Invalid([problem for row in result.rows for problem in row.problems], f"demo: {form}")
        return [row.id for row in result.rows if row.id]

    async def _terms(self) -> list[tuple[str, Record]]:
        """Payment terms of the running contracts for labour, facades and pipes."""
        where = Condition("project", "eq", self.project.id), Condition("status", "eq", "executing")
        found = await self._list("cost_center.contract", *where)
        chosen = [one for one in found if one.data["kind"] in ("labor", "subcontract")][:3]
        rows = [
            {
                "code": f"FK-{one.data['code']}", "name": one.data["name"], "project": self.project.id,
                "contract": one.id, "amount": one.data["amount_gross"], "payee": one.data["party"], "pay_ratio": 80,
                "ceiling": 90, "retention": 3, "due_days": 30, "wage_share": 0, "public": True,
            }
            for one in chosen
        ]  # fmt: skip
        return list(zip(await self._write("term", rows), chosen, strict=True))

    async def _money(self, terms: Sequence[tuple[str, Record]]) -> None:
        whole = Decimal(self.project.data["total_investment"])
        accounts = await self._write("account", [
            {"code": "ZH-01", "name": "老旧小区改造资金专户", "bank": "江州银行青禾支行", "tail": "3618",
             "kind": "special", "project": self.project.id},
            {"code": "ZH-02", "name": "农民工工资专用账户", "bank": "青禾农商行", "tail": "0752", "kind": "wage",
             "project": self.project.id},
        ])  # fmt: skip
        self.account, self.wage = accounts
        kept = {"earmarks": [{"term": terms[-1][0], "scope": "只用于本合同"}]} if terms else {}
        rows = [
            {
                "code": code, "name": name, "kind": kind, "project": self.project.id, "year": self.today.year,
                "planned": whole * share / 100, "approved": whole * share / 100,
                **({"doc_no": document} if document else {}), **({"expiry": self._day_ahead(days)} if days else {}),
                **(kept if kind == "residents" else {}),
            }
            for code, name, kind, share, document, days in SOURCES
        ]  # fmt: skip
        sources = await self._write("source", rows)
        came = [(source, row, back, share) for source, row in zip(sources, rows, strict=True) for back, share in CAME]
        fiscal = [one for one in came if one[1]["kind"] != "residents"]
        await self._write("appropriation", [
            {"number": f"BK-{place:03}", "source": source, "date": self._day(back + 12), "account": self.account,
             "amount": row["approved"] * (share + 2) / 100, "doc_no": f"{row.get('doc_no', '')}附件"}
            for place, (source, row, back, share) in enumerate(fiscal, 1)
        ])  # fmt: skip
        await self._write("receipt", [
            {"number": f"DZ-{place:03}", "source": source, "account": self.account, "date": self._day(back),
             "amount": row["approved"] * share / 100, "kind": "other" if row["kind"] == "residents" else "fiscal",
             "bank_ref": f"{self.today.year}{place:08}"}
            for place, (source, row, back, share) in enumerate(came, 1)
        ])  # fmt: skip
        await self._plan(sources, whole)

    async def _plan(self, sources: Sequence[str], whole: Decimal) -> None:
        """Half a year ahead: what is still to come in, and what the works will take."""
        rows = []
        for step in range(1, 7):
            index = self.today.year * 12 + self.today.month - 1 + step
            month = f"{index // 12}-{index % 12 + 1:02}"
            rows += [
                {"month": month, "source": source, "version": 1, "plan_in": come, "plan_out": go}
                for source, come, go in (
                    (sources[0], whole * (step % 3) / 200, whole / 50), (sources[2], 0, whole / 40),
                )
            ]  # fmt: skip
        await self._write("plan", rows)

    def _day_ahead(self, days: int) -> str:
        return (self.today + timedelta(days=days)).isoformat()

    async def _certified(self, term: str, contract: Record, period: int, back: int) -> Record | None:
        """What was booked under the contract by then, walked through its levels."""
        where = Condition("contract", "eq", contract.id), Condition("date", "le", self._day(back))
        sums = [Aggregate("net", "sum", "amount_net"), Aggregate("tax", "sum", "tax")]
        (row,) = await self.ctx.records.totals("cost_center.entry", Query(where=where), sums)
        measured = min(Decimal(row["net"] or 0) + Decimal(row["tax"] or 0), Decimal(contract.data["amount_gross"]))
        if not measured:
            return None
        made = await self.ctx.records.create("funding.application", {
            "number": f"{contract.data['code']}-{period:02}", "term": term, "period": period, "measured": measured,
            "date": self._day(back - 3), "evidence_note": f"第 {period} 期计量签证",
            "approved_on": self._day(back - 14),
        })  # fmt: skip
        for step, field in LEVELS:
            given = {field: made.data["net"]} if field else {}
            made = await self.ctx.flow.take(made.form, made.id, step, revision=made.revision, data=given)
        return made

    async def _paid(self, application: Record, term: str, back: int) -> None:
        number, payee = application.data["number"], (await self.ctx.records.get("funding.term", term)).data["payee"]
        amount = application.data["net"]
        await self._write("invoice", [{
            "number": f"{self.today.year % 100}3200000{abs(hash_of(number)):011}", "direction": "in", "seller": payee,
            "buyer": "青禾市城建工程集团", "date": self._day(back + 2), "gross": amount, "rate": 9, "verified": True,
            "application": application.id,
        }])  # fmt: skip
        made = await self.ctx.records.create("funding.payment", {
            "number": f"ZF-{number}", "application": application.id, "date": self._day(back), "amount": amount,
            "account": self.account, "payee": payee, "purpose": "工程进度款",
        })  # fmt: skip
        await self.ctx.flow.take(made.form, made.id, "post", revision=made.revision, data={})

    async def _surety(self, terms: Sequence[tuple[str, Record]]) -> None:
        await self._write("guarantee", [
            {"number": f"BH-{place:03}", "term": term, "kind": "performance", "form": "letter",
             "amount": (Decimal(contract.data["amount_gross"]) / 10).quantize(Decimal(1)), "issuer": "江州银行青禾支行",
             "issued": self._day(330), "expiry": self._day_ahead(18 + 90 * (place - 1))}
            for place, (term, contract) in enumerate(terms, 1)
        ])  # fmt: skip

    async def _wages(self) -> None:
        (wages,) = await self._write("wage_account", [{
            "account": self.wage, "project": self.project.id, "contractor": "青禾市城建工程集团",
            "signed": self._day(350), "opened": self._day(332), "ratio": 20, "cycle": 1,
        }])  # fmt: skip
        rows = []
        for back in (3, 2, 1):
            index = self.today.year * 12 + self.today.month - 1 - back
            due = f"{(index + 1) // 12}-{(index + 1) % 12 + 1:02}-15"
            rows.append({
                "wage_account": wages, "month": f"{index // 12}-{index % 12 + 1:02}", "due": due, "amount": 420000,
                "owner": "青禾市城市建设投资有限公司", **({"paid_on": due, "paid": 420000} if back > 1 else {}),
            })  # fmt: skip
        await self._write("wage_deposit", rows)


def hash_of(text: str) -> int:
    """A number of eleven digits that is always the same for the same text."""
    return sum(ord(sign) * 131 ** (place % 5) for place, sign in enumerate(text)) % 10**11
