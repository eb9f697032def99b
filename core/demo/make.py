"""Makes the demo once: two tenants, their people, and a year of projects, all through the one write path."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from core import people
from core.definitions import switch
from core.demo import words
from core.demo.costs import make_costs
from core.demo.funding import make_funding
from core.demo.hands import Hands, hands
from core.demo.labor import SINCE, make_labor
from core.demo.own_form import make_own_form
from core.demo.plan import make_plan
from core.demo.upkeep import make_upkeep
from core.errors import Invalid
from core.forms import uscc_check_digit
from core.records import Query

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

PASSWORD = "dougong-demo"
BUILT_IN = ("admin", "editor", "viewer")
CENT = Decimal("0.01")
LABOR_OF = "QH-2025-01"  # the project whose day labour comes from tickets


@dataclass(frozen=True, slots=True)
class Login:
    login: str
    name: str
    role: str  # code of the role
    tenants: tuple[str, ...]  # none: he operates the platform


TENANTS = (("qinghe", "青禾市城建工程集团"), ("linxi", "临溪区民心工程办公室"))
MORE = {"qinghe": ("day_labor", "funding"), "linxi": ()}  # modules beside those of both tenants
SEATS = {"qinghe": 20, "linxi": 10}
LOGINS = (
    Login("admin", "周敏", "admin", ("qinghe",)),
    Login("cost", "陈建国", "cost_engineer", ("qinghe",)),
    Login("chief", "刘海涛", "cost_approver", ("qinghe",)),
    Login("viewer", "李晓燕", "viewer", ("qinghe",)),
    Login("linxi", "王志强", "admin", ("linxi",)),
    Login("both", "赵玉兰", "editor", ("qinghe", "linxi")),
    Login("operator", "平台运营", "", ()),
)
DEPARTMENTS = ("工程部", "成本合约部", "财务部", "综合办公室")


async def make_demo(platform: Platform) -> bool:
    """Make the demo tenants; False where a tenant is already there (nothing is touched then)."""
    if await people.tenants(platform.db):
        return False
    projects = {"qinghe": words.COMPANY_PROJECTS, "linxi": words.DISTRICT_PROJECTS}
    contexts = await _people(platform)
    for code, ctx in contexts.items():
        for module in ("partners", "cost_center", "progress", *MORE[code], "maintenance"):
            await switch(ctx, module, True)
        ctx = await _again(platform, ctx)
        await _give_module_roles(platform, ctx)
        both = await hands(platform, ctx)
        maker = _Maker(ctx, random.Random(code), both)
        await maker.fill(projects[code])
        await make_plan(ctx)
        starts = {project[0]: maker.start(project[7]) for project in projects[code]}
        await make_costs(ctx, both, projects[code], starts)
        if "day_labor" in MORE[code]:
            await make_labor(platform, ctx)
        await make_upkeep(platform, ctx)
        if "funding" in MORE[code]:
            await make_funding(ctx, LABOR_OF)
        if code == "linxi":
            await make_own_form(platform, ctx)
    return True


async def _people(platform: Platform) -> dict[str, Context]:
    """The tenants with their departments and members; a context of each tenant's administrator."""
    db, contexts = platform.db, {}
    accounts = {
        who.login: await people.create_account(
            db, login=who.login, name=who.name, password=PASSWORD, operator=not who.tenants
        )
        for who in LOGINS
    }
    for code, name in TENANTS:
        tenant = await people.create_tenant(db, code=code, name=name, licence=people.Licence(seats=SEATS[code]))
        departments = [await people.create_department(db, tenant, name=title) for title in DEPARTMENTS]
        for place, who in enumerate(who for who in LOGINS if code in who.tenants):
            role = who.role if who.role in BUILT_IN else "editor"
            member = await people.add_member(
                db, tenant, account=accounts[who.login], roles=[role], department=departments[place % len(departments)]
            )
            if who.role == "admin":
                contexts[code] = await platform.context(await people.access_of(db, tenant, member))
    return contexts


async def _give_module_roles(platform: Platform, ctx: Context) -> None:
    """Members whose role comes with a module get it once the module is on."""
    roles = {role.code: role.id for role in await people.roles(platform.db, ctx.tenant.id)}
    for person in await people.people(platform.db, ctx.tenant.id):
        wanted = next((who.role for who in LOGINS if who.login == person.login), None)
        if wanted in roles and wanted not in BUILT_IN:
            await people.set_roles(platform.db, ctx.access, id=person.id, roles=[roles[wanted]])


async def _again(platform: Platform, ctx: Context) -> Context:
    """A fresh context: the definitions have moved on."""
    return await platform.context(await people.access_of(platform.db, ctx.tenant.id, ctx.member.id))


class _Maker:
    """Fills one tenant; the same seed gives the same data, dated back from today."""

    def __init__(self, ctx: Context, chance: random.Random, hands: Hands) -> None:
        self.ctx, self.chance, self.hands = ctx, chance, hands
        self.today = date.today()

    async def fill(self, projects: Sequence[tuple[Any, ...]]) -> None:
        await self._firms()
        for level in (1, 2, 3):
            parents = await self._ids("cost_center.account")
            await self._write("cost_center.account", self._accounts(level, parents))
        accounts = await self._ids("cost_center.account")
        await self._write("cost_center.project", [self._project(*project) for project in projects])
        ids = await self._ids("cost_center.project")
        budgets = {project[0]: self._budget(project, ids, accounts) for project in projects}
        await self._walked("cost_center.budget", list(budgets.values()))
        contracts = [c for p in projects for c in self._contracts(p, ids, accounts, budgets[p[0]])]
        await self._walked("cost_center.contract", contracts)
        signed = await self._ids("cost_center.contract")
        for project in projects:
            entries = self._entries(project, ids, accounts, budgets[project[0]], contracts, signed)
            await self._write("cost_center.entry", list(entries))

    async def _write(self, form: str, rows: Sequence[Mapping[str, Any]]) -> None:
        result = await self.ctx.records.bulk(form, rows, mode="create", source="page")
        if result.wrong:
            raise Invalid([problem for row in result.rows for problem in row.problems], f"demo: {form}")

    async def _walked(self, form: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows that say in "status" how far they have come, then take the steps that lead there."""
        fresh = [{name: value for name, value in row.items() if name != "status"} for row in rows]
        await self._write(form, fresh)
        ids = await self._ids(form)
        for row in rows:
            await self.hands.walk(form, ids[row["code"]], _STEPS[row["status"]], data=row)

    async def _ids(self, form: str) -> dict[str, str]:
        """{business key: id} of every record of `form`."""
        found, after = {}, None
        while True:
            page = await self.ctx.records.list(form, Query(limit=200, after=after))
            found.update({record.data["code"]: record.id for record in page.records})
            after = page.next
            if after is None:
                return found

    def _accounts(self, level: int, ids: Mapping[str, str]) -> list[dict[str, Any]]:
        rows = []
        for code, name, kind in words.ACCOUNTS:
            if code.count(".") == level - 1:
                parent = ids.get(code.rpartition(".")[0])
                row = {"code": code, "name": name, "kind": kind, "active": True, **words.CLASSES.get(code, {})}
                rows.append(row | ({"parent": parent} if parent else {}))
        return rows

    async def _firms(self) -> None:
        rows = []
        for place, (name, kind) in enumerate(words.FIRMS):
            body = f"91330{self.chance.randrange(100, 999)}MA2{self.chance.choice('BCDEFGHJ')}{place:05d}"[:17]
            rows.append({
                "code": f"WL-{place + 1:04d}", "name": name, "uscc": body + uscc_check_digit(body),
                "kind": _FIRM_KIND[kind], "contact": words.PEOPLE[place % len(words.PEOPLE)],
                "status": "qualified", "phone": f"1{self.chance.choice('3578')}{self.chance.randrange(10**8, 10**9)}",
            })  # fmt: skip
        await self._write("partners.company", rows)

    def start(self, months: int) -> date:
        first = date(self.today.year, self.today.month, 1)
        for _step in range(max(months, 1) - 1):
            first = (first - timedelta(days=1)).replace(day=1)
        return first

    def _project(self, code, name, category, status, place, total, households, months, done, over) -> dict[str, Any]:
        start = self.start(months) if months else self.today + timedelta(days=40)
        length = round(months * 30 * 100 / max(done, 1)) if months else 240
        return {
            "code": code, "name": name, "category": category, "status": status,
            "owner": "青禾市城市建设投资有限公司" if code.startswith("QH") else "临溪区住房和城乡建设局",
            "manager": self.ctx.member.id, "place": {"address": place}, "plan_start": start.isoformat(),
            "plan_finish": (start + timedelta(days=length)).isoformat(), "total_investment": Decimal(total) * 10000,
            "households": households,
        }  # fmt: skip

    def _budget(self, project, ids, accounts) -> dict[str, Any]:
        code, total, months = project[0], Decimal(project[5]) * 10000, project[7]
        lines = []
        for account, (share, unit, (low, high), items) in words.PLAN.items():
            whole = total * share / 1000 * Decimal(self.chance.randrange(88, 108)) / 100 * Decimal("0.9")
            for item in items:
                price = Decimal(self.chance.randrange(low * 100, high * 100)) / 100
                quantity = max((whole / len(items) / price).quantize(Decimal("0.1")), Decimal("0.1"))
                amount = (quantity * price).quantize(CENT, ROUND_HALF_UP)
                lines.append({"account": accounts[account], "item": item, "quantity": quantity, "unit": unit,
                              "price": price, "amount": amount, **words.PHASED.get(account, {})})  # fmt: skip
        return {
            "code": f"{code}-YS01", "project": ids[code], "kind": "target",
            "status": "frozen" if months else "submitted", "lines": lines,
            "date": (self.start(months) - timedelta(days=20)).isoformat(), "reason": "依据施工图预算与招标文件编制。",
        }  # fmt: skip

    def _planned(self, budget: Mapping[str, Any], accounts: Mapping[str, str]) -> dict[str, Decimal]:
        """Budgeted amount by account code."""
        codes = {account: code for code, account in accounts.items()}
        sums: dict[str, Decimal] = {}
        for line in budget["lines"]:
            code = codes[line["account"]]
            sums[code] = sums.get(code, Decimal(0)) + line["amount"]
        return sums

    def _contracts(self, project, ids, accounts, budget) -> Iterator[dict[str, Any]]:
        code, status, months, over = project[0], project[3], project[7], project[9]
        if not months:
            return
        planned = self._planned(budget, accounts)
        for place, (account, (firm, title)) in enumerate(words.FIRM_OF.items()):
            name, kind = words.FIRMS[firm]
            factor = Decimal(self.chance.randrange(90, 101) + max(over - 100, 0)) / 100
            signed = self.start(months) + timedelta(days=self.chance.randrange(5, 50))
            yield {
                "code": f"{code}-HT{place + 1:03d}", "name": title, "project": ids[code], "account": accounts[account],
                "kind": kind, "party": name, "sign_date": min(signed, self.today).isoformat(),
                "status": "settled" if status == "completed" else _last(place, project[8]),
                "amount_gross": (planned[account] * factor * Decimal("1.09")).quantize(Decimal(1)) * 1,
                "tax_rate": Decimal(9),
                **({"lease_end": (signed + timedelta(days=365)).isoformat()} if kind == "lease" else {}),
                **({} if kind in ("lease", "service") else {"retention": Decimal(3)}),
                "terms": "按月计量，支付至当月完成产值的 80%，竣工结算后付至 97%，质保金 3%。",
            }  # fmt: skip

    def _entries(self, project, ids, accounts, budget, contracts, signed) -> Iterator[dict[str, Any]]:
        code, months, done, over = project[0], project[7], project[8], project[9]
        number = 0
        for account, amount in self._planned(budget, accounts).items():
            agreed = [c for c in contracts if c["status"] not in ("draft", "approving")]
            held = next((c for c in agreed if c["project"] == ids[code] and c["account"] == accounts[account]), None)
            items = words.PLAN[account][3]
            amount *= Decimal(self.chance.randrange(88, 111)) / 100  # no account runs just as planned
            for month, part in enumerate(_s_curve(months)):
                spent = amount * done * over / 10000 * part * Decimal(self.chance.randrange(85, 116)) / 100
                if spent < 500 or (account == "5404" and month % 3):
                    continue
                number += 1
                day = self._month(months, month) + timedelta(days=self.chance.randrange(2, 26))
                net = spent.quantize(CENT, ROUND_HALF_UP)
                if account == "5401.01.02" and code == LABOR_OF and day > self.today - timedelta(days=SINCE):
                    continue  # of these months, day labour is posted from its sheets
                kind = words.FIRMS[words.FIRM_OF[account][0]][1] if account in words.FIRM_OF else None
                yield {
                    "code": f"{code}-{number:05d}", "date": min(day, self.today).isoformat(), "project": ids[code],
                    "account": accounts[account], "amount_net": net,
                    "tax": (net * 9 / 100).quantize(CENT, ROUND_HALF_UP) if held else Decimal(0),
                    "source": words.SOURCE_OF.get(kind, "day_labor" if account == "5401.01.02" else "expense"),
                    "summary": f"{items[month % len(items)]}（{day.month} 月）",
                    **self._measured(net, account, budget, accounts),
                } | ({"contract": signed[held["code"]], "supplier": held["party"]} if held else {})  # fmt: skip

    def _measured(self, net, account, budget, accounts) -> dict[str, Any]:
        """Materials are issued in the unit they were budgeted in, at a price a little off."""
        if not account.startswith("5401.02."):
            return {}
        lines = [line for line in budget["lines"] if line["account"] == accounts[account]]
        price = sum(line["amount"] for line in lines) / sum(line["quantity"] for line in lines)
        quantity = net / price * 100 / self.chance.randrange(97, 107)
        return {"quantity": quantity.quantize(Decimal("0.1")), "unit": lines[0]["unit"]}

    def _month(self, months: int, place: int) -> date:
        start = self.start(months)
        index = start.month - 1 + place
        return date(start.year + index // 12, index % 12 + 1, 1)


_APPROVED = ("submit", "approve")
_STEPS = {
    "draft": (), "approving": ("submit",), "effective": _APPROVED, "executing": (*_APPROVED, "start"),
    "settled": (*_APPROVED, "start", "complete", "settle"), "submitted": ("submit",), "frozen": (*_APPROVED, "freeze"),
}  # fmt: skip
_FIRM_KIND = {"labor": "labor_sub", "material": "supplier", "lease": "equipment", "subcontract": "subcontractor",
              "equipment": "equipment", "service": "other"}  # fmt: skip


def _last(place: int, done: int) -> str:
    """How far a contract of a running project has come: before half-time some are still being agreed."""
    young = ("executing", "executing", "effective", "approving", "draft", "executing")
    return young[place % len(young)] if done < 50 else "executing"


def _s_curve(months: int) -> list[Decimal]:
    """Shares of `months` months that rise, peak past the middle and fall; they sum to 1."""
    weights = [(place + 1) * (months - place) + months for place in range(months)]
    return [Decimal(weight) / sum(weights) for weight in weights]
