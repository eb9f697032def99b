"""What formulas answer, worked by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest

from core.formulas import CALENDAR_YEARS, rmb_capital
from tests.formulas.world import answer

TABLE = [
    ("1 + 2 * 3", D(7)), ("(1 + 2) * 3", D(9)), ("-2^2", D(4)), ("2^3^2", D(64)), ("2^-1", D("0.5")), ("9%", D("0.09")),
    ("0.1 + 0.2 = 0.3", True), ("19.99 * 3", D("59.97")), ("7 / 2", D("3.5")), ("10 - 3 - 2", D(5)), ("= 1 + 1", D(2)),
    ("1 / 0", None), ("0 ^ 0", None), ("0 ^ -1", None), ("10 ^ 98 * 10 ^ 98", None), ("none + 1", None), ("-none", None),
    ("none = NULL", True), ("name <> NULL", True), ("none > 1", None), ("none <> 1", True), ("NULL & \"a\"", "a"),
    ("amount * rate % ", D("9.81")), ("ROUND(amount / (1 + rate / 100), 2)", D(100)), ("税率 + 1", D(10)),
    ("[合同金额（含税）] + 1", D(110)), ("IF（amount＞100，1，2）", D(1)), ("“甲” & \"乙\"", "甲乙"), ('"a""b"', 'a"b'),
    ("IF(ok, 1, 2)", D(1)), ("IF(open, 1, 2)", D(2)), ("IF(FALSE, 1)", None), ("if(TRUE, NULL, 1)", None),
    ("IFS(amount > 200, 1, amount > 100, 2)", D(2)), ("IFS(FALSE, 1)", None),
    ("SWITCH(name, \"甲\", 1, \"解放路排水\", 2, 3)", D(2)), ("SWITCH(rate, 1, \"a\", \"b\")", "b"),
    ("SWITCH(1, 2, 3)", None), ("AND(ok, open)", None), ("AND(FALSE, open)", False), ("OR(ok, open)", True),
    ("OR(FALSE, open)", None), ("NOT(ok)", False), ("NOT(open)", None), ("AND(TRUE, 1 < 2, ok)", True),
    ("ISBLANK(none)", True), ("ISBLANK(0)", False), ("ISBLANK(note)", True), ("ISBLANK(lines)", False),
    ("COALESCE(none, 5)", D(5)), ("COALESCE(note, name)", "解放路排水"), ("COALESCE(none, NULL)", None),
    ("ROUND(2.5)", D(3)), ("ROUND(-2.5)", D(-3)), ("ROUND(2.675, 2)", D("2.68")), ("ROUND(1250, -2)", D(1300)),
    ("ROUND(1, 2)", D(1)), ("ROUNDUP(2.01)", D(3)), ("ROUNDUP(-2.01, 1)", D("-2.1")), ("ROUNDDOWN(-2.09, 1)", D(-2)),
    ("INT(-1.5)", D(-2)), ("INT(1.9)", D(1)), ("ABS(-3)", D(3)), ("MOD(7, 3)", D(1)), ("MOD(-7, 3)", D(2)),
    ("MOD(7, -3)", D(-2)), ("MOD(7, 0)", None), ("MIN(3, none, 2)", D(2)), ("MAX(lines.amount, 5)", D(10)),
    ("MIN(lines.day)", date(2026, 1, 1)), ("MAX(NULL)", None), ("SUM(lines.amount)", D("14.75")), ("SUM(1, 2, none)", D(3)),
    ("SUM(none)", D(0)), ("AVERAGE(1, 2, none)", D("1.5")), ("AVERAGE(none)", None), ("COUNT(lines)", D(3)),
    ("COUNT(lines.quantity)", D(2)), ("COUNT(tags)", D(2)), ("SUMPRODUCT(明细.金额, lines.数量)", D(8)),
    ("SUMIF(lines.kind, \"a\", lines.amount)", D("11.5")), ("COUNTIF(lines.kind, \"b\")", D(1)),
    ("LEN(name)", D(5)), ("LEN(note)", D(0)), ("LEFT(name, 3)", "解放路"), ("LEFT(name)", "解"), ("RIGHT(name, 2)", "排水"),
    ("RIGHT(name, 0)", ""), ("MID(name, 2, 2)", "放路"), ("MID(name, 0, 1)", None), ("CONCAT(name, none, 1.50)", "解放路排水1.5"),
    ("TRIM(\" a  b \")", "a b"), ("UPPER(\"aB\")", "AB"), ("LOWER(\"aB\")", "ab"), ("CONTAINS(name, \"放路\")", True),
    ("CONTAINS(tags, \"road\")", True), ("CONTAINS(tags, \"roa\")", False), ("CONTAINS(note, \"a\")", False),
    ("name & \"：\" & start", "解放路排水：2025-09-30"), ("\"\" & 100", "100"), ("\"\" & 1.10", "1.1"), ("\"\" & -0.0", "0"),
    ("TEXT(1234.5, \"#,##0.00\")", "1,234.50"), ("TEXT(0.125, \"0.0%\")", "12.5%"), ("TEXT(7, \"000\")", "007"),
    ("TEXT(1.5, \"0.0##\")", "1.5"), ("TEXT(-1.005, \"0.00\")", "-1.01"), ("TEXT(3, \"0元\")", "3元"),
    ("TEXT(start, \"yyyy年m月d日\")", "2025年9月30日"), ("TEXT(met, \"yyyy-mm-dd hh:mm:ss\")", "2026-03-06 00:30:00"),
    ("TEXT(1, \"?\")", None), ("DATE(2026, 13, 1)", date(2027, 1, 1)), ("DATE(2026, 2, 30)", date(2026, 3, 2)),
    ("DATE(9999, 1, 1)", None), ("YEAR(start)", D(2025)), ("MONTH(met)", D(3)), ("DAY(met)", D(6)),
    ("start + 1", date(2025, 10, 1)), ("1 + start", date(2025, 10, 1)), ("start - 30", date(2025, 8, 31)),
    ("finish - start", D(135)), ("start < finish", True), ("DAYS(finish, start)", D(135)),
    ("DATEDIF(DATE(2024,2,29), DATE(2025,2,28), \"Y\")", D(0)), ("DATEDIF(DATE(2024,1,31), DATE(2024,3,1), \"m\")", D(1)),
    ("DATEDIF(DATE(2024,1,31), DATE(2024,3,1), \"MD\")", D(1)), ("DATEDIF(DATE(2023,5,1), DATE(2026,3,1), \"YM\")", D(10)),
    ("DATEDIF(DATE(2023,5,1), DATE(2026,5,11), \"YD\")", D(10)), ("DATEDIF(finish, start, \"D\")", None),
    ("DATEDIF(start, finish, \"X\")", None), ("EDATE(DATE(2024,1,31), 1)", date(2024, 2, 29)),
    ("EDATE(DATE(2024,3,31), -1)", date(2024, 2, 29)), ("EOMONTH(DATE(2024,1,5), 1)", date(2024, 2, 29)),
    ("WEEKDAY(DATE(2026,3,1))", D(1)), ("WEEKDAY(DATE(2026,3,1), 2)", D(7)), ("WEEKDAY(DATE(2026,3,1), 9)", None),
    ("WORKDAY(DATE(2025,9,30), 5)", date(2025, 10, 14)), ("WORKDAY(DATE(2025,1,24), 5)", date(2025, 2, 7)),
    ("WORKDAY(DATE(2025,4,30), 3)", date(2025, 5, 8)), ("WORKDAY(DATE(2026,2,12), 7)", date(2026, 2, 28)),
    ("WORKDAY(DATE(2025,10,14), -5)", date(2025, 9, 30)), ("WORKDAY(start, 0)", date(2025, 9, 30)),
    ("WORKDAY(start, 99999)", None), ("NETWORKDAYS(DATE(2025,1,1), DATE(2025,12,31))", D(248)),
    ("NETWORKDAYS(DATE(2025,10,9), DATE(2025,10,1))", D(-1)), ("NETWORKDAYS(DATE(2050,1,3), DATE(2050,1,9))", D(5)),
    ("TODAY()", date(2026, 3, 6)), ("NOW()", datetime(2026, 3, 5, 16, 30, 59, tzinfo=UTC)), ("ME()", "MEMBER0000000001"),
    ("MYDEPARTMENT()", "DEPARTMENT000001"), ("OLD(amount)", D(100)), ("amount - OLD(amount)", D(9)), ("OLD(none)", None),
    ("SUM(OLD(lines.amount))", D(4)), ("project.name", "解放路"), ("NOW() > met", True),
    ("大写金额(123.45)", "人民币壹佰贰拾叁元肆角伍分"), ("RMBCAPITAL(amount)", "人民币壹佰零玖元整"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TABLE, ids=[text for text, _answer in TABLE])
def test_a_formula_answers_as_worked_by_hand(text, expected):
    found = answer(text)
    assert found == expected
    assert isinstance(found, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"), ("0.05", "伍分"), ("0.5", "伍角整"), ("1.05", "壹元零伍分"), ("10.50", "壹拾元伍角整"),
        ("1409.50", "壹仟肆佰零玖元伍角整"), ("6007.14", "陆仟零柒元壹角肆分"), ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"), ("325.04", "叁佰贰拾伍元零肆分"), ("100000001", "壹亿零壹元整"),
        ("10001000", "壹仟万壹仟元整"), ("10010000", "壹仟零壹万元整"), ("1000000000000", "壹万亿元整"), ("-3.2", "负叁元贰角整"), ("0.995", "壹元整"),
    ],
)  # fmt: skip
def test_an_amount_in_capitals_follows_the_rules_for_payment_documents(amount, words):
    assert rmb_capital(D(amount)) == "人民币" + words


def test_amounts_beyond_all_custom_have_no_capitals():
    assert rmb_capital(D(10) ** 16) is None


def test_the_calendar_says_which_years_it_knows():
    first, last = CALENDAR_YEARS
    assert first <= 2004
    assert last >= 2026


def test_a_stored_value_of_another_type_counts_as_empty():
    for wrong in ("x", [], {}, True, D("NaN"), D("Infinity"), D("1e999"), 10**200, 1.5):
        assert answer("amount + 1", {"amount": wrong}) is None
    for wrong in ("2025-13-01", "20250101", 5, None):
        assert answer("start + 1", {"start": wrong}) is None
    assert answer("met > NOW()", {"met": "2026-03-05T16:30:00"}) is None
    assert answer("SUM(lines.amount)", {"lines": "x"}) == 0
    assert answer("SUM(lines.amount)", {"lines": [1, {"amount": "x"}, {"amount": 2}]}) == 2


def test_the_same_values_and_scene_give_the_same_answer():
    assert answer("TEXT(NOW(), \"hh:mm\") & ME() & amount") == answer("TEXT(NOW(), \"hh:mm\") & ME() & amount")
