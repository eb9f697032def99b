"""Our formulas beside a spreadsheet's: random ones are computed by LibreOffice Calc and by us, and must agree.

What differs knowingly is left out here and said in core/formulas/README.md. Numbers are quarters, which a
spreadsheet's binary fractions hold exactly: what is compared is the meaning of functions, not rounding errors.
"""

from __future__ import annotations

import csv
import random
import shutil
import subprocess
from datetime import date, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from core.formulas import Formula, Named, Scope, compile_formula

CALC = shutil.which("soffice") or shutil.which("libreoffice")
FIELDS = {"n1": "number", "n2": "number", "n3": "number", "t1": "text", "t2": "text", "d1": "date", "d2": "date"}
SCOPE = Scope({name: Named(name, type_) for name, type_ in FIELDS.items()})
WORDS = ["road", "Water", "甲乙丙", "a b", "  two  spaces ", "12"]
SHAPES = {
    "N": [
        "({N} + {N})", "({N} - {N})", "({N} * {N})", "({N} / {P})", "(-{N})", "-{N}^2", "2^3^2", "({N}%*100)",
        "ABS({N})", "INT({N})", "MOD({N}, {P})", "ROUND({N}, {K})", "ROUNDUP({N}, {K})", "ROUNDDOWN({N}, {K})",
        "IF({B}, {N}, {N})", "IFS({B}, {N}, TRUE, {N})", "SWITCH({T}, {T}, {N}, {T}, {N}, {N})", "MIN({N}, {N}, {N})",
        "MAX({N}, {N})", "SUM({N}, {N}, {N})", "AVERAGE({N}, {N})", "COUNT({N}, {N})", "LEN({T})", "YEAR({D})",
        "MONTH({D})", "DAY({D})", "DAYS({D}, {D})", "({D} - {D})", 'DATEDIF({D}, {D}, "Y")', 'DATEDIF({D}, {D}, "M")',
        'DATEDIF({D}, {D}, "D")', 'DATEDIF({D}, {D}, "YM")', "WEEKDAY({D})", "WEEKDAY({D}, 2)", "WEEKDAY({D}, 3)",
        "({N} / 0)", "SUM({N}, {N}) * 1.5",
    ],
    "D": ["({D} + {K})", "({D} - {K})", "EDATE({D}, {K})", "EOMONTH({D}, {K})", "DATE(2024, {K}, {K})",
          "DATE(YEAR({D}), MONTH({D}) + 1, 1)", "IF({B}, {D}, {D})", "MAX({D}, {D})"],
    "T": ["({T} & {T})", "LEFT({T}, {K})", "RIGHT({T}, {P})", "MID({T}, {K}, {P})", "TRIM({T})", "UPPER({T})",
          "LOWER({T})", "IF({B}, {T}, {T})", "({T} & INT({N}))"],
    "B": ["({N} < {N})", "({N} >= {N})", "({N} = {N})", "({N} <> {N})", "({T} = {T})", "({D} <= {D})", "AND({B}, {B})",
          "OR({B}, {B})", "NOT({B})", "TRUE"],
}  # fmt: skip
LEAVES = {
    "N": ["n1", "n2", "n3", "1.25", "10"], "D": ["d1", "d2", "DATE(2024, 2, 29)"], "T": ["t1", "t2", '"road"'],
    "B": ["(n1 > n2)", "TRUE", "FALSE"], "P": ["1", "2", "4", "0.5", "8"], "K": ["0", "1", "2", "-1", "3", "-2"],
}  # fmt: skip
ROWS = 400
# a fresh profile of LibreOffice that computes what it opens instead of believing what is written beside a formula
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""


def formula(chosen: random.Random, kind: str, depth: int) -> str:
    shape = chosen.choice(SHAPES[kind]) if depth and kind in SHAPES else chosen.choice(LEAVES[kind])
    while "{" in shape:
        letter = shape[shape.index("{") + 1]
        shape = shape.replace(f"{{{letter}}}", formula(chosen, letter, depth - 1), 1)
    return shape


def row(chosen: random.Random) -> dict[str, Any]:
    def number() -> D:
        return D(chosen.randint(-4000, 4000)) / 4

    def day() -> date:
        ends = [date(2024, 2, 29), date(2023, 12, 31), date(2026, 1, 31)]
        return chosen.choice([*ends, date(2020, 1, 1) + timedelta(days=chosen.randint(0, 3000))])

    return {"n1": number(), "n2": number(), "n3": number(), "t1": chosen.choice(WORDS), "t2": chosen.choice(WORDS),
            "d1": day(), "d2": day()}  # fmt: skip


def sheet(path: Path, rows: list[tuple[str, str, dict[str, Any]]]) -> None:
    """One line for each formula: its values, then the formula with cells in place of names."""
    book = xlsxwriter.Workbook(path, {"use_future_functions": True})
    page = book.add_worksheet()
    days, places = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "0.0000000000"})
    for line, (kind, text, values) in enumerate(rows):
        for column, value in enumerate(values.values()):
            if isinstance(value, date):
                page.write_datetime(line, column, value, days)
            elif isinstance(value, D):
                page.write_number(line, column, float(value))
            else:
                page.write_string(line, column, value)
        for column, name in enumerate(values):
            text = text.replace(name, f"{chr(65 + column)}{line + 1}")
        page.write_formula(line, len(values), "=" + text, {"N": places, "D": days}.get(kind))
    book.close()


def computed(path: Path) -> list[str]:
    """The last column as Calc shows it."""
    profile = path.parent / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(SETTINGS, encoding="utf-8")
    subprocess.run(
        [str(CALC), "--headless", f"-env:UserInstallation=file://{profile}", "--convert-to",
         "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", "--outdir", str(path.parent), str(path)],
        check=True, capture_output=True, timeout=170,
    )  # fmt: skip
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return [line[-1] for line in csv.reader(file)]


def wrong_there(theirs: str) -> bool:
    """An error, which spreads in a spreadsheet, while what is empty is passed over here by =, SUM, MIN and IF."""
    return theirs.startswith(("#", "Err:"))


def same(ours: Any, theirs: str) -> bool:
    if ours is None or wrong_there(theirs):
        return wrong_there(theirs)
    if isinstance(ours, bool):
        return theirs in (("TRUE", "1") if ours else ("FALSE", "0"))
    if isinstance(ours, D):
        return abs(D(theirs) - ours) < D("1e-9")
    return theirs == (ours.isoformat() if isinstance(ours, date) else ours)


@pytest.mark.timeout(180)
@pytest.mark.skipif(CALC is None, reason="LibreOffice Calc is not installed: apt-get install libreoffice-calc")
def test_a_spreadsheet_computes_the_same(tmp_path: Path):
    chosen = random.Random(20261125)
    rows = []
    for number in range(ROWS):
        kind = "NDTB"[number % 4]
        rows.append((kind, formula(chosen, kind, chosen.randint(1, 3)), row(chosen)))
    sheet(tmp_path / "sheet.xlsx", rows)
    shown = computed(tmp_path / "sheet.xlsx")
    assert len(shown) == ROWS
    assert sum(map(wrong_there, shown)) < ROWS / 5
    wrong = []
    for (_kind, text, values), theirs in zip(rows, shown, strict=True):
        found = compile_formula(text, SCOPE)
        assert isinstance(found, Formula), (text, found)
        stored = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
        ours = found.value(stored)
        if not same(ours, theirs):
            wrong.append((text, values, ours, theirs))
    assert not wrong, f"{len(wrong)} differ, the first: {wrong[:5]}"
