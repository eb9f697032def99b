"""The monthly sheet of a crew, men by the days 1 to 31: the grid, and the same as a workbook for A4 across."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter

from core import Condition, Context, Record, _
from plugins.day_labor.figures import approved
from plugins.day_labor.loading import TICKET, WAITS_FOR, WORKER, every
from plugins.day_labor.workdays import day_type

ZERO = Decimal(0)


@dataclass(slots=True)
class Row:
    """One man, or the unnamed men of one trade."""

    name: str
    trade: str
    days: dict[int, Decimal] = field(default_factory=dict)
    amount: Decimal = ZERO

    @property
    def workdays(self) -> Decimal:
        return sum(self.days.values(), ZERO)


@dataclass(frozen=True, slots=True)
class Sheet:
    crew: Record
    month: str
    last: int  # days the month has
    rows: list[Row]
    free: frozenset[int]  # days of rest and holidays
    tickets: list[Record]
    pending: int  # tickets of the month that are not approved, and not counted

    def of_day(self, day: int) -> Decimal:
        return sum((row.days.get(day, ZERO) for row in self.rows), ZERO)

    @property
    def workdays(self) -> Decimal:
        return sum((row.workdays for row in self.rows), ZERO)

    @property
    def amount(self) -> Decimal:
        return sum((row.amount for row in self.rows), ZERO)


def bounds(month: str) -> tuple[date, date]:
    year, number = map(int, month.split("-"))
    return date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1])


async def sheet(ctx: Context, crew: Record, month: str) -> Sheet:
    first, last = bounds(month)
    labels: dict[str, str] = {}
    tickets = await approved(ctx, first, last, labels, Condition("crew", "eq", crew.id))
    trades = {one.value: one.title for one in ctx.forms.get(WORKER).fields["trade"].choices}
    rows: dict[str, Row] = {}
    for ticket in tickets:
        day = int(ticket.data["day"][8:])
        for line in ticket.data.get("lines", ()):
            trade = trades.get(line.get("trade", ""), "")
            worker = line.get("worker")
            name = labels.get(worker, "") if worker else _("{trade}（未实名）", trade=trade)
            row = rows.setdefault(worker or f"trade:{trade}", Row(name, trade))
            row.days[day] = row.days.get(day, ZERO) + Decimal(line.get("workdays", 0))
            row.amount += Decimal(line.get("amount", 0))
    open_ = Condition("status", "in", tuple(WAITS_FOR)), Condition("crew", "eq", crew.id)
    span = Condition("day", "ge", first.isoformat()), Condition("day", "le", last.isoformat())
    pending = [one async for one in every(ctx, TICKET, *open_, *span)]
    free = frozenset(day for day in range(1, last.day + 1) if day_type(first.replace(day=day)) != "workday")
    order = sorted(rows.values(), key=lambda row: (row.trade, row.name))
    return Sheet(crew, month, last.day, order, free, tickets, len(pending))


def workbook(held: Sheet, *, project: str) -> bytes:
    """The sheet as .xlsx: numbers are numbers, nothing is a formula, one A4 page across."""
    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    page = book.add_worksheet(held.month)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
    page.repeat_rows(2)
    _fill(book, page, held, project=project)
    book.close()
    return out.getvalue()


def _fill(book: Any, page: Any, held: Sheet, *, project: str) -> None:
    lined = {"border": 1, "align": "center", "valign": "vcenter", "font_size": 9}
    head, cell = book.add_format({**lined, "bold": True}), book.add_format({**lined, "num_format": "0.##;-0.##;"})
    rest = book.add_format({**lined, "bg_color": "#EEEEEE", "num_format": "0.##;-0.##;"})
    money, days = book.add_format({**lined, "num_format": "#,##0.00"}), book.add_format({**lined, "num_format": "0.00"})
    columns = [
        _("序号"),
        _("姓名"),
        _("工种"),
        *map(str, range(1, held.last + 1)),
        _("工日"),
        _("金额（元）"),
        _("签字"),
    ]
    title = book.add_format({"bold": True, "font_size": 14, "align": "center"})
    page.merge_range(0, 0, 0, len(columns) - 1, _("点工考勤汇总表"), title)
    words = _(
        "项目：{project}　班组：{crew}　月份：{month}", project=project, crew=held.crew.data["name"], month=held.month
    )
    page.write_string(1, 0, words)
    page.set_column(0, 0, 5)
    page.set_column(1, 2, 10)
    page.set_column(3, 2 + held.last, 3.6)
    page.set_column(3 + held.last, 4 + held.last, 10)
    page.set_column(5 + held.last, 5 + held.last, 12)
    for place, text in enumerate(columns):
        page.write_string(2, place, text, head)
    for number, row in enumerate(held.rows, 1):
        at = number + 2
        page.write_number(at, 0, number, cell)
        page.write_string(at, 1, row.name, cell)
        page.write_string(at, 2, row.trade, cell)
        for day in range(1, held.last + 1):
            page.write_number(at, 2 + day, row.days.get(day, ZERO), rest if day in held.free else cell)
        page.write_number(at, 3 + held.last, row.workdays, days)
        page.write_number(at, 4 + held.last, row.amount, money)
        page.write_blank(at, 5 + held.last, None, cell)
    end = len(held.rows) + 3
    page.merge_range(end, 0, end, 2, _("合计"), head)
    for day in range(1, held.last + 1):
        page.write_number(end, 2 + day, held.of_day(day), cell)
    page.write_number(end, 3 + held.last, held.workdays, days)
    page.write_number(end, 4 + held.last, held.amount, money)
    page.write_blank(end, 5 + held.last, None, cell)
    page.write_string(
        end + 2, 0, _("班组长：　　　　　　施工员：　　　　　　生产经理：　　　　　　项目经理：　　　　　　成本：")
    )
