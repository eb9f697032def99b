"""Typed text becomes a value and a value becomes text again; what cannot be read says what would be right."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dates import CHINA
from core.forms import FIELD_TYPES, ValueParseError, check, clean, compile_form, defaults, format_value, parse_value
from core.i18n import language
from tests.forms.samples import CARD, CREDIT, ID, OTHER_ID, definition, field, form, whole

D = Decimal
LANGUAGES = ["zh", "en"]
SHORTENED = ("lines", "notes", "papers", "photos")  # shown as a count or on one line: not for typing in again


def unreadable(made: Any, given: Any) -> ValueParseError:
    with pytest.raises(ValueParseError) as caught:
        parse_value(made, given)
    return caught.value


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1234.5", D("1234.50")),
        ("1,234.50", D("1234.50")),
        ("12,345,678.9", D("12345678.90")),
        ("1 234.50", D("1234.50")),
        ("１，２３４．５０", D("1234.50")),
        ("¥1,234.50", D("1234.50")),
        ("￥ 1234.5元", D("1234.50")),
        ("人民币1200", D("1200.00")),
        ("12.5万元", D("125000.00")),
        ("12.5 万", D("125000.00")),
        ("1.2亿元", D("120000000.00")),
        ("-3", D("-3.00")),
        ("−3.5", D("-3.50")),
        ("－３", D("-3.00")),
        ("(1,234.50)", D("-1234.50")),
        ("+7", D("7.00")),
        (".5", D("0.50")),
        (7, D("7.00")),
        (0.1 + 0.2, D("0.30")),
        (1234.5, D("1234.50")),
        (D("9.99"), D("9.99")),
        ("1.005", D("1.005")),  # kept: the check says that there are too many places
        ("-0", D("0.00")),
    ],
)
def test_money_is_read_as_people_write_it(typed: Any, value: Decimal):
    read = parse_value(field("money"), typed)
    assert (read, str(read)) == (value, str(value))


@pytest.mark.parametrize(
    "typed", ["1,23", "1.2.3", "12,34.5", "abc", "1e5", "12%", "1-2", "--3", "(-3)", "5.", "￥", True, "NaN", "9" * 70]
)
def test_what_is_no_number_is_refused_with_the_title_and_an_example(typed: Any):
    error = unreadable(field("money"), typed)
    assert error.code == "type"
    assert "金额" in error.message
    assert "1,234.50" in error.message


def test_money_in_ten_thousands_understands_both_units():
    made = field("money", **{"x-unit": "万元"})
    assert parse_value(made, "12.5") == D("12.5")
    assert parse_value(made, "12.5万元") == D("12.5")
    assert parse_value(made, "125000元") == D("12.5")


def test_a_unit_is_understood_behind_any_number():
    assert parse_value(field("decimal"), "12.5㎡") == D("12.500")
    assert parse_value(field("decimal"), "12.5 m2") == D("12.500")
    assert parse_value(field("integer"), "1,200 户") == 1200
    assert parse_value(field("decimal", **{"x-unit": "%"}), "9%") == D("9.000")


def test_a_whole_number_takes_no_fraction():
    assert parse_value(field("integer"), "1,200.0") == 1200
    assert parse_value(field("integer"), 1200.0) == 1200
    error = unreadable(field("integer"), "1200.5")
    assert (error.code, "户数" in error.message) == ("integer", True)


@pytest.mark.parametrize(
    "typed",
    [
        "2026-03-05", "2026-3-5", "2026/3/5", "2026.3.5", "2026年3月5日", "2026年03月05日", "20260305",
        "２０２６－３－５", " 2026 年 3 月 5 日 ", "2026-03-05 00:00:00", date(2026, 3, 5), datetime(2026, 3, 5, 8, 30),
        20260305.0, 46086, 46086.0,
    ],
)  # fmt: skip
def test_a_date_is_read_as_people_and_sheets_write_it(typed: Any):
    assert parse_value(field("date"), typed) == "2026-03-05"


@pytest.mark.parametrize(
    "typed",
    ["2026-02-30", "26-3-5", "3/5/2026", "3月5日", "2026-13-01", "2026", 2026.0, "0999-01-01", "明天", True, 3.5],
)
def test_what_is_no_date_is_refused(typed: Any):
    error = unreadable(field("date"), typed)
    assert (error.code, "2026-03-05" in error.message) == ("date", True)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("2026-03-05 08:30", "2026-03-05T00:30:00Z"),
        ("2026-03-05T08:30", "2026-03-05T00:30:00Z"),
        ("2026/3/5 8:30:15", "2026-03-05T00:30:15Z"),
        ("2026年3月5日 8时30分", "2026-03-05T00:30:00Z"),
        ("2026年3月5日8时30分15秒", "2026-03-05T00:30:15Z"),
        ("2026-03-05T08:30:00Z", "2026-03-05T08:30:00Z"),
        ("2026-03-05T08:30:00.123Z", "2026-03-05T08:30:00Z"),
        ("2026-03-05T08:30:00-05:00", "2026-03-05T13:30:00Z"),
        ("2026-3-5", "2026-03-04T16:00:00Z"),
        (datetime(2026, 3, 5, 8, 30), "2026-03-05T00:30:00Z"),
        (datetime(2026, 3, 5, 8, 30, tzinfo=UTC), "2026-03-05T08:30:00Z"),
        (date(2026, 3, 5), "2026-03-04T16:00:00Z"),
        (46086.354166666664, "2026-03-05T00:30:00Z"),
    ],
)
def test_a_time_is_chinas_unless_it_says_otherwise(typed: Any, stored: str):
    assert parse_value(field("datetime"), typed) == stored


@pytest.mark.parametrize(
    "typed", ["2026-03-05 25:00", "2026-03-05 8", "8:30", "2026-02-30 08:30", "x", "2026-03-05 8:61"]
)
def test_what_is_no_time_is_refused(typed: str):
    assert unreadable(field("datetime"), typed).code == "datetime"


@pytest.mark.parametrize("word", ["是", "有", "√", "Y", "yes", "TRUE", "1", "on", " 是 ", 1, 1.0, True, "ＹＥＳ"])
def test_yes_has_many_words(word: Any):
    assert parse_value(field("boolean"), word) is True


@pytest.mark.parametrize("word", ["否", "无", "×", "n", "No", "FALSE", "0", "off", 0, 0.0, False])
def test_no_has_many_words(word: Any):
    assert parse_value(field("boolean"), word) is False


def test_neither_yes_nor_no_is_asked_again():
    assert "“是”或“否”" in unreadable(field("boolean"), "也许").message


@pytest.mark.parametrize("typed", ["道路", " 道路 ", "road", "ROAD", "道 路"])
def test_a_choice_is_found_by_title_or_value(typed: str):
    assert parse_value(field("choice"), typed) == "road"


def test_a_choice_that_is_not_there_names_those_that_are():
    error = unreadable(field("choice"), "桥梁")
    assert error.code == "choice"
    assert "道路、供水、排水、其他" in error.message


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("加急、绿化", ["urgent", "green"]),
        ("绿化,加急", ["urgent", "green"]),
        ("绿化；加急；绿化", ["urgent", "green"]),
        ("绿化; urgent", ["urgent", "green"]),
        ("供水、排水", ["both"]),
        ("加急、供水、排水", ["urgent", "both"]),
        (["green", "加急"], ["urgent", "green"]),
        ("加急\n绿化", ["urgent", "green"]),
    ],
)
def test_several_choices_are_separated_in_any_usual_way(typed: Any, values: list[str]):
    assert parse_value(field("choices"), typed) == values


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (110101.0, "110101"),
        (110101, "110101"),
        (1.5, "1.5"),
        ("  甲  ", "甲"),
        ("甲\n乙", "甲 乙"),
        ("甲\x00\x1f", "甲"),
    ],
)
def test_a_code_in_a_number_cell_is_the_text_that_it_shows(typed: Any, text: str):
    assert parse_value(field("text"), typed) == text


def test_a_long_number_that_a_sheet_has_cut_is_refused():
    error = unreadable(field("idcard"), 1.1010519491231e17)
    assert (error.code, "文本" in error.message) == ("digits", True)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("138 0013 8000", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("+86 13800138000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        (13800138000.0, "13800138000"),
        ("0512-65220000", "0512-65220000"),
        ("(0512) 6522 0000", "0512-65220000"),
        ("021 5888 8888", "021-58888888"),
        ("0512-65220000-801", "0512-65220000-801"),
        ("0512-65220000转801", "0512-65220000-801"),
        ("400-820-8820", "4008208820"),
        ("+1 415 555 0100", "+14155550100"),
        ("65220000", "65220000"),
        ("12345", "12345"),
    ],
)
def test_one_telephone_has_one_spelling(typed: Any, stored: str):
    made = form()
    assert parse_value(made.fields["phone"], typed) == stored
    assert clean(made, {"phone": stored}) == {"phone": stored}
    assert [p for p in check(made, {"phone": stored}) if p.field == "phone"] == []


@pytest.mark.parametrize("typed", ["138001380", "1380013800a", "02112", "没有", "12800138000", "0512-652200001234567"])
def test_what_is_no_telephone_is_kept_for_the_check_to_name(typed: str):
    made = form()
    data = {"phone": parse_value(made.fields["phone"], typed)}
    assert [p.code for p in check(made, data) if p.field == "phone"] == ["phone"]


def test_identity_numbers_are_normalised_however_they_are_typed():
    assert parse_value(field("idcard"), " 110105 19491231 002x ") == CARD
    assert parse_value(field("uscc"), "９１３５０１００ m000100y43") == CREDIT


def test_a_place_is_an_address_with_or_without_its_position():
    made = field("place")
    assert parse_value(made, "人民路 1 号") == {"address": "人民路 1 号"}
    assert parse_value(made, "人民路（南段）1 号") == {"address": "人民路（南段）1 号"}
    want = {"address": "人民路 1 号", "lat": D("31.298"), "lng": D("120.585")}
    assert parse_value(made, "人民路 1 号（31.298，120.585）") == want
    assert parse_value(made, format_value(made, want)) == want


def test_rows_are_read_cell_by_cell_and_a_wrong_cell_says_where():
    made = field("rows")
    rows = [{"item": "石板", "price": "1,200", "due": "2026/5/1"}, {"item": "人工", "price": ""}]
    assert parse_value(made, rows) == [{"item": "石板", "price": D("1200.00"), "due": "2026-05-01"}, {"item": "人工"}]
    assert parse_value(made, '[{"item": "石板", "price": 0.1}]') == [{"item": "石板", "price": D("0.10")}]
    error = unreadable(made, [{"item": "石板"}, {"item": "人工", "price": "很贵"}])
    assert "“明细”第 2 行" in error.message
    assert "“单价”" in error.message
    assert "明细" in unreadable(made, "三行").message


@pytest.mark.parametrize("kind", FIELD_TYPES)
@pytest.mark.parametrize("empty", [None, "", "   ", "\n", [], ()])
def test_nothing_typed_is_no_value(kind: str, empty: Any):
    assert parse_value(field(kind), empty) is None
    assert format_value(field(kind), empty if empty is None else None) == ""


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", [name for name in whole() if name not in SHORTENED])
def test_what_is_shown_can_be_typed_in_again(name: str, lang: str):
    made = form().fields[name]
    value = whole()[name]
    shown = format_value(made, value, lang=lang)
    assert parse_value(made, shown) == value


def test_files_are_read_as_ids_and_shown_as_names():
    made = field("file")
    assert parse_value(made, f"{ID}，{OTHER_ID}") == [ID, OTHER_ID]
    assert format_value(made, [ID, OTHER_ID], labels={ID: "合同.pdf", OTHER_ID: "清单.xlsx"}) == "合同.pdf、清单.xlsx"
    assert format_value(made, [ID, OTHER_ID]) == "2 个文件"
    assert format_value(made, [ID], lang="en") == "1 files"


def test_values_are_shown_as_people_read_them():
    shown = {name: format_value(made, whole()[name], labels={ID: "总表"}) for name, made in form().fields.items()}
    assert shown["amount"] == "1,234.50"
    assert shown["area"] == "12.345"
    assert shown["count"] == "1,200"
    assert shown["moment"] == "2026-03-15 16:30"
    assert shown["done"] == "否"
    assert shown["kind"] == "道路"
    assert shown["tags"] == "加急、绿化"
    assert shown["parent"] == "总表"
    assert shown["lines"] == "2 行"
    assert format_value(form().fields["tags"], ["urgent", "green"], lang="en") == "加急, 绿化"
    assert format_value(form().fields["done"], True, lang="en") == "Yes"


STRANGE = [None, True, 0, -1, 10**40, 1.5, float("nan"), D("NaN"), D("1E+99999"), "", "x", "x" * 9000, [], [1], ["a"],
           {}, {"a": 1}, {"address": 5}, [{"a": 1}], [[1]], b"x", {1, 2},
           date(2026, 1, 1), "\ud800", "9" * 5000]  # fmt: skip


@pytest.mark.parametrize("kind", FIELD_TYPES)
@pytest.mark.parametrize("number", range(len(STRANGE)))
def test_nothing_that_is_stored_or_sent_breaks_the_room(kind: str, number: int):
    """Values of another type (an old version of the form, a foreign client) are shown, cleaned, named: never raised."""
    value = STRANGE[number]
    made = form()
    name = next(name for name, one in made.fields.items() if one.type == kind)
    assert isinstance(format_value(made.fields[name], value), str)
    assert isinstance(check(made, clean(made, {name: value})), list)
    with suppress(ValueParseError):
        parse_value(made.fields[name], value)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False))
def test_any_amount_survives_being_shown_and_typed(amount: Decimal):
    made = field("money")
    for lang in LANGUAGES:
        assert parse_value(made, format_value(made, amount, lang=lang)) == amount


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_any_whole_number_survives_being_shown_and_typed(number: int):
    assert parse_value(field("integer"), format_value(field("integer"), number)) == number


@given(st.dates(date(1800, 1, 1), date(2999, 12, 31)))
def test_any_day_is_read_in_every_spelling(day: date):
    made = field("date")
    spelled = (
        f"{day.year}-{day.month}-{day.day}", f"{day.year}/{day.month:02}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日", day.strftime("%Y%m%d"), day,
    )  # fmt: skip
    assert {parse_value(made, one) for one in spelled} == {day.isoformat()}


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2900, 1, 1)),
    st.timedeltas(timedelta(hours=-12), timedelta(hours=14)),
)
def test_any_moment_survives_in_any_zone(moment: datetime, offset: timedelta):
    zone = timezone(timedelta(minutes=offset // timedelta(minutes=1)))
    aware = moment.replace(microsecond=0, tzinfo=zone)
    made = field("datetime")
    stored = parse_value(made, aware.isoformat())
    assert datetime.fromisoformat(stored) == aware
    assert parse_value(made, format_value(made, stored)) == stored
    assert clean(form(), {"moment": aware.isoformat()}) == {"moment": stored}


@given(st.floats(-1e12, 1e12))
def test_a_sheets_number_is_what_the_sheet_shows(number: float):
    read = parse_value(field("decimal", **{"x-decimals": 6}), number)
    assert read == Decimal(f"{number:.15g}")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_cleaned_once_and_for_all(text: str):
    typed = dict.fromkeys(("name", "notes", "phone", "card", "kind", "day", "moment", "count"), text)
    once = clean(form(), {**typed, "tags": [text], "place": {"address": text}, "lines": [{"item": text}]})
    assert clean(form(), once) == once
    assert not any(c < " " for c in once.get("name", ""))
    assert "\x00" not in once.get("notes", "")


def test_clean_brings_a_record_into_the_form_that_is_stored():
    sent = {
        "code": " A-1 ", "amount": 120, "area": 1.5, "count": D("7.0"), "day": " 2026-03-15 ",
        "moment": "2026-03-15T16:30:00+08:00", "kind": " road ", "tags": ["urgent", "", None],
        "parent": "", "papers": [],
        "place": {"address": " 人民路 ", "lat": None}, "lines": [{"item": " 石板 ", "price": 80}, {}, {"item": ""}],
        "unknown": 5, "gone": None,
    }  # fmt: skip
    cleaned = clean(form(), sent)
    assert cleaned == {
        "code": "A-1", "amount": D("120.00"), "area": D("1.500"), "count": 7, "day": "2026-03-15",
        "moment": "2026-03-15T08:30:00Z", "kind": "road", "tags": ["urgent"], "place": {"address": "人民路"},
        "lines": [{"item": "石板", "price": D("80.00")}], "unknown": 5,
    }  # fmt: skip
    assert str(cleaned["amount"]) == "120.00"
    assert clean(form(), whole()) == whole()


def test_a_new_page_begins_with_the_defaults():
    now = datetime(2026, 3, 15, 23, 30, tzinfo=UTC)
    begun = defaults(form(), now=now, me=ID)
    assert begun == {"day": "2026-03-16", "moment": "2026-03-15T23:30:00Z", "done": False, "keeper": ID}
    assert "keeper" not in defaults(form(), now=now)
    assert now.astimezone(CHINA).day == 16


def test_messages_speak_the_users_language():
    token = language.set("en")
    try:
        titled = {kind: {"title": kind, "x-type": kind} for kind in FIELD_TYPES if kind not in ("choice", "choices")}
        titled["rows"]["items"] = {"properties": {"a": {"title": "a", "x-type": "text"}}}
        made = compile_form("demo.x", {"title": "x", "properties": titled}, version="1", lang="en")
        problems = check(made, {**dict.fromkeys(titled, 5), "integer": "x", "decimal": "x", "money": "x"})
        said = [p.message for p in problems] + [unreadable(made.fields["boolean"], "?").message]
        assert len(said) == len(titled) + 1
        assert said[0] == '"text" must be text'
        assert not [one for one in said if any("\u4e00" <= c <= "\u9fff" for c in one)]
    finally:
        language.reset(token)


def test_choices_of_another_language_are_understood_too():
    english = compile_form("demo.sample", definition(), version="3", lang="en").fields["kind"]
    assert format_value(english, "road") == "Road"
    assert {parse_value(english, typed) for typed in ("road", "Road", "道路")} == {"road"}
    chinese = form().fields["kind"]
    assert {parse_value(chinese, typed) for typed in ("Road", "道路")} == {"road"}


def test_an_amount_with_its_unit_is_understood_in_every_language():
    for unit in ("万元", "10k CNY"):
        made = field("money", **{"x-unit": unit})
        assert [parse_value(made, typed) for typed in ("12.5", "12.5万元", "125,000 元", "125000 CNY")] == [
            D("12.5")
        ] * 4
