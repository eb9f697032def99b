"""A bill of quantities out of the usual Excel layouts: several header rows, merged cells, subtotals, pages; no records.

What was taken, what was left out and what does not add up is all said, so that it can be shown before it is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

HEADER_ROWS = 40  # a header begins among these
DEEP = 4  # rows of one header
CENT = Decimal("0.01")
CODE = re.compile(r"^\d{9}(\d{3})?$")
Cells = Sequence[Any]
# what a title may be called, the first that fits; titles in one column are read from below
TITLES = (
    ("ignored", re.compile(r"^(序号|备注|定额|说明)")),
    ("provisional", re.compile(r"暂估价?")),
    ("labour", re.compile(r"人工")),
    ("material", re.compile(r"材料")),
    ("machine", re.compile(r"机械|机具")),
    ("management", re.compile(r"管理费")),
    ("profit", re.compile(r"利润")),
    ("code", re.compile(r"(项目|清单|子目)?(编码|编号)")),
    ("features", re.compile(r"特征|工作内容")),
    ("name", re.compile(r"(项目|清单|子目|费用)?名称")),
    ("unit", re.compile(r"单位")),
    ("quantity", re.compile(r"工程数?量|^数量")),
    ("price", re.compile(r"综合单价|^单价")),
    ("amount", re.compile(r"合价|合计|总价|^金额")),
)
SUM = re.compile(r"^(本页|分部|分项|单位工程|专业工程|措施项目|其他项目|单价措施|总价措施)?(小计|合计|总计|累计|总价)$")
WHOLE, PART = re.compile(r"(合计|总计|累计)$"), re.compile(r"小计$")
MONEY = ("price", "amount", "provisional", "labour", "material", "machine", "management", "profit")


class NoBill(ValueError):
    """No header of a bill of quantities was found."""


@dataclass(frozen=True, slots=True)
class Item:
    row: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to look at: code, row, and what stands there."""

    code: str
    row: int
    detail: str = ""


@dataclass
class Bill:
    items: list[Item] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    left_out: list[Notice] = field(default_factory=list)  # subtotals, headers of further pages

    @property
    def total(self) -> Decimal:
        return sum((item.values.get("amount") or Decimal(0) for item in self.items), Decimal(0))


def read(rows: Sequence[tuple[int, Cells]], merged: Sequence[tuple[int, int, int, int]] = ()) -> Bill:
    """The bill in `rows` (number, cells). NoBill where no header is found."""
    filled = {number: list(cells) for number, cells in rows}
    spread = _spread(filled, merged)
    first, last, columns = _header(filled, spread)
    reader = _Reader(columns, titles={_plain(cell) for cell in spread[first] if _plain(cell)})
    for number, cells in rows:
        if number > last:
            reader.take(number, cells)
    return reader.done()


def _spread(filled: Mapping[int, list[Any]], merged: Sequence[tuple[int, int, int, int]]) -> dict[int, list[Any]]:
    """The cells with the value of a merged area in all of it: for titles only, amounts must not be doubled."""
    spread = {number: list(cells) for number, cells in filled.items()}
    for top, left, bottom, right in merged:
        value = filled[top][left] if top in filled and left < len(filled[top]) else ""
        for number in range(top, min(bottom, top + DEEP) + 1):
            if number in spread:
                for column in range(left, min(right + 1, len(spread[number]))):
                    spread[number][column] = value
    return spread


def _header(filled: Mapping[int, list[Any]], spread: Mapping[int, list[Any]]) -> tuple[int, int, dict[int, str]]:
    """First and last row of the header, and which column is what."""
    numbers = list(filled)[:HEADER_ROWS]
    for place, number in enumerate(numbers):
        found = {_kind(cell) for cell in spread[number]}
        if not ({"name"} <= found and {"unit", "quantity"} & found):
            continue
        last = number
        for below in numbers[place + 1 : place + DEEP]:
            cells = [cell for cell in filled[below] if _plain(cell)]
            if not cells or any(_number(cell) is not None or not _kind(cell) for cell in cells):
                break
            last = below
        deep = [row for row in numbers if number <= row <= last]
        columns: dict[int, str] = {}
        for column in range(max(len(spread[row]) for row in deep)):
            texts = [spread[row][column] for row in reversed(deep) if column < len(spread[row])]
            kind = next((kind for kind in map(_kind, texts) if kind), "")
            if kind and kind not in columns.values():
                columns[column] = kind
        return number, last, columns
    raise NoBill


def _kind(cell: Any) -> str:
    text = re.sub(r"[（(].*?[)）]", "", _plain(cell))
    return next((kind for kind, pattern in TITLES if text and pattern.search(text)), "")


def _plain(cell: Any) -> str:
    return re.sub(r"[\s　]", "", cell) if isinstance(cell, str) else ""


def _number(cell: Any) -> Decimal | None:
    if isinstance(cell, Decimal):
        return cell
    if not isinstance(cell, str):
        return None
    try:
        value = Decimal(re.sub(r"[,，\s¥￥元]", "", cell))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


class _Reader:
    """Takes row after row below the header."""

    def __init__(self, columns: Mapping[int, str], *, titles: set[str]) -> None:
        self.columns, self.titles, self.bill = columns, titles, Bill()
        self.section, self.since = "", 0

    def take(self, row: int, cells: Cells) -> None:
        texts = [_plain(cell) for cell in cells if _plain(cell)]
        if len(texts) > 1 and set(texts) <= self.titles | {text for text in texts if _kind(text)}:
            self.bill.left_out.append(Notice("header", row))
            return
        label = next((text for text in texts if SUM.match(text.rstrip(":：（(元)）"))), "")
        if label:
            self._sum(row, label.rstrip(":：（(元)）"), cells)
            return
        found = {kind: cells[column] for column, kind in self.columns.items() if column < len(cells)}
        name, unit = str(found.get("name", "")).strip(), str(found.get("unit", "")).strip()
        quantity, amount = _number(found.get("quantity")), _number(found.get("amount"))
        if name and (quantity is not None or amount is not None) and (unit or self._code(found)):
            self._item(row, found, name=name, unit=unit)
        elif not name and not unit and quantity is None and found.get("features") and self.bill.items:
            self._more(str(found["features"]))
        elif texts and quantity is None and amount is None:
            self.section = (name or str(next(cell for cell in cells if _plain(cell)))).strip()[:120]
        elif texts or quantity is not None or amount is not None:
            self.bill.notices.append(Notice("unclear", row, "　".join(texts)[:80]))

    @staticmethod
    def _code(found: Mapping[str, Any]) -> str:
        """As text: a spreadsheet that kept the code as a number lost its leading zero."""
        cell = found.get("code", "")
        text = format(cell, "f") if isinstance(cell, Decimal) else _plain(cell)
        return text.zfill(12) if isinstance(cell, Decimal) and len(text) == 11 else text

    def _item(self, row: int, found: Mapping[str, Any], *, name: str, unit: str) -> None:
        code = self._code(found)
        values: dict[str, Any] = {"code": code[:40], "name": name[:200], "unit": unit[:20], "section": self.section}
        if found.get("features"):
            values["features"] = str(found["features"]).strip()
        quantity = _number(found.get("quantity"))
        values |= {kind: value for kind in MONEY if (value := _number(found.get(kind))) is not None}
        if quantity is not None:
            values["quantity"] = quantity
        if quantity is not None and "price" in values:
            worth = (quantity * values["price"]).quantize(CENT, ROUND_HALF_UP)
            if "amount" in values and abs(worth - values["amount"]) > CENT:
                self.bill.notices.append(Notice("product", row, f"{quantity} × {values['price']} ≠ {values['amount']}"))
            values["amount"] = worth
        if code and not CODE.match(code):
            self.bill.notices.append(Notice("code", row, code))
        self.bill.items.append(Item(row, values))

    def _more(self, text: str) -> None:
        """A row that only goes on with the features of the item before."""
        last = self.bill.items[-1]
        features = "\n".join(filter(None, (last.values.get("features", ""), text.strip())))
        self.bill.items[-1] = replace(last, values={**last.values, "features": features})

    def _sum(self, row: int, label: str, cells: Cells) -> None:
        """A subtotal counts nothing, and is compared with the items above it."""
        place = next((column for column, kind in self.columns.items() if kind == "amount"), None)
        said = _number(cells[place]) if place is not None and place < len(cells) else None
        part = self.bill.items if WHOLE.search(label) else self.bill.items[self.since :]
        found = sum((item.values.get("amount") or Decimal(0) for item in part), Decimal(0))
        self.bill.left_out.append(Notice("sum", row, label))
        if said is not None and part and abs(said - found) > CENT * len(part):
            self.bill.notices.append(Notice("sum", row, f"{label} {said} ≠ {found}"))
        if PART.search(label):
            self.since = len(self.bill.items)

    def done(self) -> Bill:
        """Codes that are missing are numbered, those that come twice are told."""
        seen: dict[str, int] = {}
        for place, item in enumerate(self.bill.items):
            code = item.values["code"]
            if not code:
                code = f"W{place + 1:04d}"
                self.bill.items[place] = replace(item, values={**item.values, "code": code})
            elif code in seen:
                self.bill.notices.append(Notice("twice", item.row, f"{code}（{seen[code]}）"))
            seen.setdefault(code, item.row)
        self.bill.notices.sort(key=lambda notice: notice.row)
        return self.bill


def doubled(bill: Bill) -> Iterator[Notice]:
    """What must be mended before the bill can come in."""
    return (notice for notice in bill.notices if notice.code == "twice")
