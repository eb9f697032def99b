"""What follows from a day-labour record by itself, and what is wrong with it: number, pay by line, approval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from core import Condition, Context, Form, Problem, Query, Record, _, for_forms, hookimpl, independent
from plugins.day_labor import crosschecks, workdays
from plugins.day_labor.findings import sentence
from plugins.day_labor.loading import (
    ATTENDANCE,
    CREW,
    MODULE,
    PAY,
    RATE,
    RULE,
    SIGNED,
    SUMMARY,
    TICKET,
    WORKER,
    every,
    price,
    rule_of,
    site,
    ticket_of,
    today,
)
from plugins.day_labor.punches import instant, paired

STAMPS = {  # state -> the signatures that it has
    "foreman_signed": ("foreman",), "production_signed": ("foreman", "production"),
    "approved": tuple(SIGNED), "summarised": tuple(SIGNED), "void": tuple(SIGNED),
}  # fmt: skip
AROUND = timedelta(days=31)  # how far around a ticket its paper pad is looked through


@hookimpl
@independent(ATTENDANCE, WORKER)
@for_forms(TICKET, ATTENDANCE, WORKER, SUMMARY)
async def record_compute(ctx: Context, form: Form, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if form.name == ATTENDANCE:
        punched = paired(data)
        there = any(data.get(name) for pair in (("in1", "out1"), ("in2", "out2"), ("in3", "out3")) for name in pair)
        return {"hours": punched.hours, "standing": "missing" if punched.missing or not there else "complete"}
    if form.name == WORKER:
        return _from_card(data.get("idcard", ""))
    return await (_voucher if form.name == SUMMARY else _ticket)(ctx.system(), data)


def _from_card(card: str) -> dict[str, Any]:
    """Sex and date of birth stand in the number."""
    if len(card) != 18 or not card[6:14].isdigit() or not card[16].isdigit():
        return {}
    return {"born": f"{card[6:10]}-{card[10:12]}-{card[12:14]}", "sex": "male" if int(card[16]) % 2 else "female"}


async def _ticket(whole: Context, data: Mapping[str, Any]) -> dict[str, Any]:
    """Number, stamps of signatures, and the worth of each line. What is sealed stays as it was approved."""
    status = data.get("status", "draft")
    if status in ("approved", "summarised", "void") and data.get("approved_on"):
        return {}
    found: dict[str, Any] = {}
    for kind, name in SIGNED.items():
        has = kind in STAMPS.get(status, ())
        if not has or name not in data:
            found[name] = today().isoformat() if has and status != "void" else None
    if data.get("day") and not data.get("number"):
        found["number"] = await _number(whole, data)
    if data.get("crew") and data.get("day") and data.get("lines"):
        found |= await _worth(whole, data)
    return found


async def _voucher(whole: Context, data: Mapping[str, Any]) -> dict[str, Any]:
    """Each posting has a number of its own, so that what was reversed and posted anew is told apart."""
    if data.get("status") not in ("posted", "paid"):
        return {"voucher": None, "posted_on": None}
    if data.get("voucher"):
        return {}
    number = int(data.get("posting", 0)) + 1
    crew = (await whole.records.get(CREW, data["crew"])).data["code"]
    return {"posting": number, "posted_on": today().isoformat(), "voucher": f"DGHZ-{crew}-{data['month']}-{number}"}


async def _number(whole: Context, data: Mapping[str, Any]) -> str:
    """DG-<project or crew>-<month>-<place>: one after the other in a month."""
    owner = ""
    if data.get("project") and "cost_center" in whole.enabled:
        owner = (await whole.records.get("cost_center.project", data["project"])).data.get("code", "")
    elif data.get("crew"):
        owner = (await whole.records.get(CREW, data["crew"])).data.get("code", "")
    head = f"DG-{owner}-{data['day'][:7].replace('-', '')}-" if owner else f"DG-{data['day'][:7].replace('-', '')}-"
    after = Condition("number", "ge", head), Condition("number", "lt", head + "~")
    last = (await whole.records.list(TICKET, Query(where=after, sort=(("number", True),), limit=1))).records
    tail = last[0].data["number"].removeprefix(head) if last else "0"
    return f"{head}{(int(tail) if tail.isdigit() else 0) + 1:04}"


async def _worth(whole: Context, data: Mapping[str, Any]) -> dict[str, Any]:
    crew = await whole.records.get(CREW, data["crew"])
    rule = rule_of((await whole.records.get(RULE, crew.data["rule"])).data)
    wanted = [row["worker"] for row in data["lines"] if row.get("worker")]
    query = Query(where=(Condition("_id", "in", tuple(dict.fromkeys(wanted))),), limit=200)
    workers = {one.id: one.data for one in (await whole.records.list(WORKER, query)).records} if wanted else {}
    rates = [one.data async for one in every(whole, RATE)]
    day, until = date.fromisoformat(data["day"]), _until(data)
    lines, worths = [], []
    for row in data["lines"]:
        man = workers.get(row.get("worker", ""), {})
        trade = row.get("trade") or man.get("trade") or data.get("job", "")
        known = price(
            rates,
            day,
            trade,
            skill=man.get("skill"),
            crew=data["crew"],
            project=data.get("project") or crew.data.get("project"),
        )
        effort = workdays.Effort(
            hours=Decimal(row.get("hours", 0)),
            overtime=Decimal(row.get("overtime", 0)),
            until=until,
            heads=1 if row.get("worker") else int(row.get("heads", 1)),
            efficiency=Decimal(row.get("efficiency", 1)),
        )
        worth = workdays.worth(
            rule,
            effort,
            workdays.day_type(day),
            rate=known.rate if known else None,
            unit=known.unit if known else "workday",
        )
        worths.append(worth)
        lines.append(
            {
                **{name: value for name, value in row.items() if name not in ("trade", "rate", "amount", "workdays")},
                **({"trade": trade} if trade else {}),
                "workdays": worth.workdays,
                **({"rate": known.rate} if known else {}),
                **({"amount": worth.amount} if worth.amount is not None else {}),
            }
        )
    if "lump_sum" in data:
        parts = workdays.shared(Decimal(data["lump_sum"]), [one.workdays for one in worths])
        lines = [{**line, "amount": part} for line, part in zip(lines, parts, strict=True)]
    heads = sum(1 if row.get("worker") else int(row.get("heads", 1)) for row in data["lines"])
    return {"lines": lines, "heads": heads}


def _until(data: Mapping[str, Any]) -> int | None:
    """The end of the work in minutes after the midnight at which its day began, in China."""
    end = instant(data.get("end"))
    if end is None:
        return None
    begun = instant(f"{data['day']}T00:00:00+08:00")
    assert begun is not None
    return int((end - begun).total_seconds() // 60)


@hookimpl
@independent(ATTENDANCE, WORKER, CREW)
@for_forms(TICKET, ATTENDANCE, WORKER, CREW, RATE, SUMMARY)
async def record_validate(
    ctx: Context, form: Form, data: Mapping[str, Any], before: Record | None
) -> Sequence[Problem] | None:
    return await _CHECKS[form.name](ctx, data, before) if data else None


async def _check_ticket(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    problems = _line_problems(data)
    if data["day"] > today().isoformat():
        problems.append(Problem("day", "future", _("“用工日期”还没有到，请检查。")))
    for name in SIGNED.values():
        if data.get(name) and not data["day"] <= data[name] <= today().isoformat():
            problems.append(Problem(name, "order", _("签认日期要在用工日期之后，也不能晚于今天。")))
    status, was = data.get("status"), before.data.get("status") if before else None
    if problems or status != "approved" or was != "production_signed":
        return problems
    return await _approval_problems(ctx, data, before)  # type: ignore[arg-type]


def _line_problems(data: Mapping[str, Any]) -> list[Problem]:
    problems, seen = [], set()
    for place, row in enumerate(data.get("lines", ())):
        field = f"lines.{place}"
        if not row.get("worker") and not (row.get("heads") and row.get("trade")):
            problems.append(Problem(f"{field}.worker", "nobody", _("请选工人；没有实名的要写计价工种和人数。")))
        if row.get("worker") and row.get("heads", 1) != 1:
            problems.append(Problem(f"{field}.heads", "one", _("写了工人的一行就是一个人，人数留空。")))
        if row.get("worker") and row["worker"] in seen:
            problems.append(Problem(f"{field}.worker", "twice", _("同一个人在这张单上写了两次，请合成一行。")))
        seen.add(row.get("worker"))
        if Decimal(row.get("hours", 0)) + Decimal(row.get("overtime", 0)) > 24:
            problems.append(Problem(f"{field}.hours", "day", _("一天没有这么多小时，请检查。")))
        elif not row.get("hours") and not row.get("overtime"):
            problems.append(Problem(f"{field}.hours", "empty", _("请填工时。")))
    return problems


async def _approval_problems(ctx: Context, data: Mapping[str, Any], before: Record) -> list[Problem]:
    """What the cross-checks object to when a ticket is to be approved: to be mended, or to be justified in writing."""
    missing = [place for place, row in enumerate(data["lines"]) if "amount" not in row]
    problems = [Problem(f"lines.{one}.rate", "no_rate", _("这一行没有找到有效的单价，请先登记。")) for one in missing]
    mine = ticket_of(before.id, data)
    looked = await site(ctx.system(), mine.day - AROUND, mine.day + AROUND, instead={before.id: mine})
    found = crosschecks.check(looked, [before.id])
    stops = frozenset(ctx.settings(MODULE)["blocking"] or ())
    told = list(dict.fromkeys(sentence(one, looked) for one in found if one.code in stops))
    problems += [Problem("", one, _("不能批准：{why}", why=words)) for one, words in _numbered(told)]
    open_ = list(dict.fromkeys(sentence(one, looked) for one in found if one.code not in stops))
    if open_ and not data.get("exception"):
        words = _("有异常没有说明：{why} 请先填写“异常说明”。", why=" ".join(open_))
        problems.append(Problem("exception", "required", words))
    return problems


def _numbered(told: Sequence[str]) -> list[tuple[str, str]]:
    return [(f"check_{place}", words) for place, words in enumerate(told, 1)]


async def _check_attendance(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    wrong = paired(data).wrong
    return [Problem(name, "order", _("打卡时间要从早到晚，前后不超过 24 小时，请检查。")) for name in wrong]


async def _check_worker(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    problems = []
    card = "".join(data.get("bank_card", "").split())
    if card and not luhn(card):
        problems.append(Problem("bank_card", "checksum", _("卡号末位校验不对，请逐位核对是否抄错。")))
    if data.get("left") and data.get("entered") and data["left"] < data["entered"]:
        problems.append(Problem("left", "order", _("“退场日期”早于“进场日期”，请检查。")))
    return problems


def luhn(digits: str) -> bool:
    """ISO/IEC 7812: doubling every second digit from the right, the sum of digits ends in 0."""
    if not digits.isascii() or not digits.isdigit() or not 12 <= len(digits) <= 19:
        return False
    doubled = [int(sign) * (1 + place % 2) for place, sign in enumerate(reversed(digits))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


async def _check_crew(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    if data.get("left") and data.get("entered") and data["left"] < data["entered"]:
        return [Problem("left", "order", _("“退场日期”早于“进场日期”，请检查。"))]
    return []


async def _check_rate(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    """Two rates for the same thing at the same time: nobody could say which holds."""
    if data.get("valid_to") and data["valid_to"] < data["valid_from"]:
        return [Problem("valid_to", "order", _("“至”不能早于“自”。"))]
    async for other in every(ctx.system(), RATE, Condition("trade", "eq", data["trade"])):
        alike = all(other.data.get(name) == data.get(name) for name in ("skill", "crew", "project"))
        together = other.data["valid_from"] <= data.get("valid_to", "9999") and data["valid_from"] <= other.data.get(
            "valid_to", "9999"
        )
        if alike and together and (before is None or other.id != before.id):
            words = _("同一工种和范围在这段时间已有单价“{code}”，请先给它填上截止日期。", code=other.data["code"])
            return [Problem("valid_from", "overlap", words)]
    return []


async def _check_summary(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    if data["month"] > today().isoformat()[:7]:
        return [Problem("month", "future", _("这个月还没有到。"))]
    was, status = before.data.get("status") if before else None, data.get("status")
    if was == "posted" and status == "draft":
        paid = Condition("summary", "eq", before.id), Condition("paid_on", "filled")  # type: ignore[union-attr]
        if (await ctx.system().records.list(PAY, Query(where=paid, limit=1))).records:
            return [Problem("", "paid", _("已有人领过这个月的点工工资，不能冲回。"))]
    if was == "approved" and status == "posted" and "cost_center" in ctx.enabled:
        if not data.get("account"):
            return [Problem("account", "required", _("过账前请填写“成本科目”。"))]
        if not data.get("project"):
            return [Problem("", "project", _("班组没有填写项目，不能过账；请先在班组里填上。"))]
    return []


_CHECKS = {
    TICKET: _check_ticket,
    ATTENDANCE: _check_attendance,
    WORKER: _check_worker,
    CREW: _check_crew,
    RATE: _check_rate,
    SUMMARY: _check_summary,
}
