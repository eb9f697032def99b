"""The demo's day labour: two crews of one project, months of tickets signed and settled, and what is open today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core import people
from core.errors import Invalid
from core.forms.identity import idcard_check_digit
from core.records import Condition, Query

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

MONTHS = 4  # whole months before this one
SINCE = MONTHS * 31  # days back from which the demo's day labour comes from tickets
ROLES = {"cost": ("labor_clerk", "labor_foreman"), "chief": ("labor_production", "labor_manager")}
CREWS = (  # code, name, leader, entered days ago, works inside the contract
    ("ZH1", "综合一班", "马小军", 400, "楼道粉刷\n外墙脚手架搭拆"),
    ("GW2", "管网二班", "林德福", 320, "雨污水管沟槽开挖\n检查井砌筑"),
)
MEN = (  # crew, name, trade, born, place of the year's order (odd: a man), trained?
    ("ZH1", "马小军", "mason", "19760412", 11, True), ("ZH1", "高翔", "general", "19880903", 23, True),
    ("ZH1", "唐国庆", "mason", "19710926", 37, True), ("ZH1", "罗芳", "general", "19820317", 44, True),
    ("ZH1", "何家宁", "general", "19970605", 51, False), ("GW2", "林德福", "plumber", "19741118", 13, True),
    ("GW2", "梁永安", "plumber", "19850222", 25, True), ("GW2", "韩大勇", "general", "19641230", 39, True),
)  # fmt: skip
RATES = (("general", 160), ("mason", 260), ("plumber", 280), ("scaffolder", 300))
# crew, day of the month, reason, charged, unnamed labourers, activity, place, content
WORKS = (
    ("ZH1", 4, "cleaning", "own", 6, "3.3", "3 号楼四周", "清运外墙改造建筑垃圾，冲洗道路"),
    ("GW2", 9, "outside", "owner", 4, "2.2", "春晖路西段", "人工探挖未标注的燃气管，配合权属单位移位"),
    ("ZH1", 14, "rework", "sub", 5, "3.3", "5 号楼东立面", "外墙分包涂料污染空调格栅，清洗并补漆"),
    ("GW2", 19, "emergency", "own", 8, "2.3", "2 号楼地下室", "暴雨抢险排水，垒沙袋"),
    ("ZH1", 23, "outside", "own", 7, "3.4", "1–4 号楼楼道", "居民杂物搬移、成品保护"),
)


async def make_labor(platform: Platform, ctx: Context) -> None:
    """Everything of day labour in the tenant's first running project, as its clerk and its signers would have done."""
    made = _Maker(platform, ctx)
    await made.fill()


class _Maker:
    def __init__(self, platform: Platform, ctx: Context) -> None:
        self.platform, self.ctx, self.today = platform, ctx, date.today()

    async def fill(self) -> None:
        await self._hands()
        self.project = (await self._list("cost_center.project", Condition("status", "eq", "in_progress"), "code"))[0]
        firm = (await self._list("partners.company", Condition("kind", "eq", "labor_sub"), "code"))[0].id
        self.tasks = {
            one.data["code"]: one.id
            for one in await self._list("progress.task", Condition("kind", "eq", "task"), "code")
        }
        await self._register(firm)
        rows = [row for back in range(MONTHS, 0, -1) for row in self._month(back)]
        await self._attend(rows)
        tickets = await self._bulk("day_labor.ticket", rows)
        await self._signed(list(zip(tickets, rows, strict=True)))
        await self._settled()
        await self._open()

    async def _hands(self) -> None:
        """The clerk signs as foreman, the chief for production, the administrator approves."""
        db, ctx = self.platform.db, self.ctx
        roles = {role.code: role.id for role in await people.roles(db, ctx.tenant.id)}
        who = {person.login: person for person in await people.people(db, ctx.tenant.id)}
        for login, more in ROLES.items():
            kept = [
                roles[code] for code in (await people.access_of(db, ctx.tenant.id, who[login].id)).member.role_codes
            ]
            await people.set_roles(db, ctx.access, id=who[login].id, roles=[*kept, *(roles[code] for code in more)])
        access = [await people.access_of(db, ctx.tenant.id, who[login].id) for login in ROLES]
        self.clerk, self.chief = [await self.platform.context(one) for one in access]

    async def _list(self, form: str, where: Condition, sort: str) -> list[Any]:
        return list(
            (await self.ctx.records.list(form, Query(where=(where,), sort=((sort, False),), limit=100))).records
        )

    async def _bulk(self, form: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        result = await self.clerk.records.bulk(form, rows, mode="create", source="page")
        if result.wrong:
            raise Invalid([problem for row in result.rows for problem in row.problems], f"demo: {form}")
        return [row.id or "" for row in result.rows]

    def _back(self, days: int) -> str:
        return (self.today - timedelta(days=days)).isoformat()

    async def _register(self, firm: str) -> None:
        rule = await self.clerk.records.create(
            "day_labor.rule",
            {"name": "九小时一个工", "hours_per_workday": 9, "step": "0.1", "rounding": "nearest", "overtime": "ratio",
             "ratio_hours": 6, "cap": Decimal(3)},
        )  # fmt: skip
        crews = [
            {"code": code, "name": name, "leader": leader, "project": self.project.id, "company": firm, "rule": rule.id,
             "entered": self._back(ago), "scope": scope, "foreman": self.clerk.member.id}
            for code, name, leader, ago, scope in CREWS
        ]  # fmt: skip
        self.crews = dict(zip([one["code"] for one in crews], await self._bulk("day_labor.crew", crews), strict=True))
        rates = [
            {"code": f"DJ-{place:02}", "trade": trade, "unit": "workday", "rate": rate, "valid_from": self._back(500),
             "note": "项目点工指导价"}
            for place, (trade, rate) in enumerate(RATES, 1)
        ]  # fmt: skip
        await self._bulk("day_labor.rate", rates)
        men = [self._man(*man) for man in MEN]
        ids = await self._bulk("day_labor.worker", men)
        self.men = {man["name"]: id for man, id in zip(men, ids, strict=True)}

    def _man(self, crew: str, name: str, trade: str, born: str, order: int, trained: bool) -> dict[str, Any]:
        body = f"330106{born}{order:03}"
        return {
            "idcard": body + idcard_check_digit(body),
            "name": name,
            "trade": trade,
            "crew": self.crews[crew],
            "skill": "unskilled" if trade == "general" else "middle",
            "entered": self._back(300),
            "contract": self._back(300),
            "phone": f"139{int(born) % 100000000:08}",
            **({"trained": self._back(299)} if trained else {}),
        }

    def _month(self, back: int) -> list[dict[str, Any]]:
        """The tickets of a whole month before this one."""
        first = self.today.replace(day=1)
        for _one in range(back):
            first = (first - timedelta(days=1)).replace(day=1)
        return [
            self._ticket(crew, first.replace(day=day), reason, charged, unnamed + back % 3, task, place, content)
            for crew, day, reason, charged, unnamed, task, place, content in WORKS
        ]

    def _ticket(
        self, crew: str, day: date, reason: str, charged: str, unnamed: int, task: str, place: str, content: str,
        names: Sequence[str] = (),
    ) -> dict[str, Any]:  # fmt: skip
        named = names or [name for code, name, _trade, _born, _order, trained in MEN if code == crew and trained][:3]
        lines: list[dict[str, Any]] = [{"worker": self.men[name], "hours": 9} for name in named]
        lines += [{"trade": "general", "heads": unnamed, "hours": 9}] if unnamed else []
        return {
            "day": day.isoformat(), "crew": self.crews[crew], "reason": reason, "charged": charged, "lines": lines,
            "start": f"{day}T00:00:00Z", "end": f"{day}T10:00:00Z", "place": place, "content": content,
            **({"wbs": self.tasks[task]} if task in self.tasks else {}),
            **({"charged_name": "江州美固装饰工程有限公司"} if charged == "sub" else {}),
            **({"visa": f"QZ-{day:%y%m}-02"} if charged == "owner" else {}),
        }  # fmt: skip

    async def _attend(self, tickets: Sequence[Mapping[str, Any]], *, missing: str = "") -> None:
        seen = {(line["worker"], ticket["day"]) for ticket in tickets for line in ticket["lines"] if "worker" in line}
        rows = [
            {
                "worker": worker,
                "day": day,
                "project": self.project.id,
                "in1": f"{day}T23:40:00Z".replace(day, _before(day)),
                **({} if worker == missing else {"out1": f"{day}T10:15:00Z"}),
                "source": "gate",
                "device": "1 号门闸机",
            }
            for worker, day in sorted(seen)
        ]
        await self._bulk("day_labor.attendance", rows)

    async def _signed(self, tickets: Sequence[tuple[str, Mapping[str, Any]]], upto: int = 3) -> None:
        """Signed by three hands a day after another; one ticket in seven waited too long."""
        steps = (
            (self.clerk, "foreman_sign", "foreman_on", 1), (self.chief, "production_sign", "production_on", 2),
            (self.ctx, "approve", "approved_on", 3),
        )[:upto]  # fmt: skip
        for place, (id, row) in enumerate(tickets):
            revision = 1
            for who, step, name, days in steps:
                late = 2 if place % 7 == 3 and days == 1 else 0
                on = min(date.fromisoformat(row["day"]) + timedelta(days=days + late), self.today).isoformat()
                if late:
                    why = {"exception": "施工员外出培训，回来当天补签，有派工单和照片。"}
                    kept = await self.clerk.records.update("day_labor.ticket", id, why, revision=revision)
                    revision = kept.revision
                taken = await who.flow.take("day_labor.ticket", id, step, revision=revision, data={name: on})
                revision = taken.revision

    async def _settled(self) -> None:
        """A sheet a crew and month; all but the last month's posted and paid."""
        account = (await self._list("cost_center.account", Condition("code", "eq", "5401.01.02"), "code"))[0].id
        month = self.today.replace(day=1)
        months = []
        for _one in range(MONTHS):
            month = (month - timedelta(days=1)).replace(day=1)
            months.append(month.isoformat()[:7])
        for place, name in enumerate(reversed(months)):
            for crew in self.crews.values():
                if place == MONTHS - 1 and crew == self.crews["GW2"]:
                    continue  # not made yet: it stands under what comes next
                sheet = await self.clerk.records.create(
                    "day_labor.summary", {"crew": crew, "month": name, "account": account, "fee_rate": 2, "tax_rate": 3}
                )
                steps = (("confirm", self.clerk), ("approve", self.chief), ("post", self.clerk), ("pay", self.clerk))
                revision = (await self.clerk.records.get("day_labor.summary", sheet.id)).revision
                for step, who in steps[: 4 if place < MONTHS - 1 else 2]:
                    revision = (await who.flow.take("day_labor.summary", sheet.id, step, revision=revision)).revision

    async def _open(self) -> None:
        """This month: some approved, some waiting, and what the checks find today."""

        def day(back: int) -> date:
            return self.today - timedelta(days=back)

        done = self._ticket("ZH1", day(8), "cleaning", "own", 5, "3.3", "6 号楼", "清理脚手架拆除后的场地")
        waits = self._ticket("GW2", day(6), "outside", "own", 3, "2.4", "东门", "配合弱电入地临时恢复路面")
        late = self._ticket("ZH1", day(5), "rework", "sub", 0, "3.4", "2 号楼楼道", "返工修补被电梯安装碰坏的墙面")
        twice = self._ticket("ZH1", day(2), "outside", "own", 0, "3.4", "1 号楼", "搬运公共家具", ("高翔", "罗芳"))
        again = self._ticket("GW2", day(2), "emergency", "own", 0, "2.2", "西门", "抢修爆管", ("梁永安", "高翔"))
        green = self._ticket("ZH1", day(1), "cleaning", "own", 0, "3.3", "材料堆场", "清点归堆周转材料", ("何家宁",))
        rows = [done, waits, late, twice, again, green]
        await self._attend(rows, missing=self.men["罗芳"])
        ids = await self._bulk("day_labor.ticket", rows)
        await self._signed([(ids[0], done)])
        await self._signed([(ids[1], waits)], upto=1)


def _before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()
