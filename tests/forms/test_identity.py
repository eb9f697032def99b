"""Check digits catch every slip of a digit, and the standards' own examples are right."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.forms import check, clean, idcard_check_digit, uscc_check_digit
from core.forms.identity import card_fault, credit_fault
from tests.forms.samples import CARD, CREDIT, form

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@st.composite
def cards(draw: st.DrawFn) -> str:
    region = draw(st.integers(110000, 659999))
    born = draw(st.dates(date(1900, 1, 1), date(2020, 12, 31)))
    first = f"{region}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return first + idcard_check_digit(first)


@st.composite
def credits(draw: st.DrawFn) -> str:
    head = draw(st.text(CREDIT_ALPHABET, min_size=2, max_size=2))
    tail = draw(st.text(CREDIT_ALPHABET, min_size=9, max_size=9))
    first = f"{head}{draw(st.integers(0, 999999)):06}{tail}"
    return first + uscc_check_digit(first)


@pytest.mark.parametrize("card", [CARD, "440524188001010014", "330726196507040016"])
def test_known_id_cards_are_right(card: str):
    assert card_fault(card) is None


@pytest.mark.parametrize("credit", [CREDIT, "9144030071526726XG", "91330100799655058B", "91110000710925462X"])
def test_known_credit_codes_are_right(credit: str):
    assert credit_fault(credit) is None


@pytest.mark.parametrize(
    ("card", "fault"),
    [
        ("110105491231002", "shape"),  # fifteen digits, no longer issued
        ("11010519491231002x", "shape"),  # clean() writes X; what is stored has one spelling
        ("11010519491231002X ", "shape"),
        ("01010519491231002X", "shape"),
        ("110105194902300021", "birth"),
        ("110105184912310029", "birth"),
        ("110105299912310020", "birth"),
        ("110105194912310021", "checksum"),
    ],
)
def test_a_wrong_id_card_says_what_is_wrong(card: str, fault: str):
    assert card_fault(card) == fault


def test_nobody_is_born_tomorrow():
    assert card_fault(CARD, today=date(1949, 12, 31)) is None
    assert card_fault(CARD, today=date(1949, 12, 30)) == "birth"


@given(cards())
def test_a_made_id_card_is_right(card: str):
    assert card_fault(card) is None


@given(cards(), st.integers(0, 16), st.integers(0, 9))
def test_one_wrong_digit_of_an_id_card_is_always_noticed(card: str, place: int, digit: int):
    wrong = card[:place] + str(digit) + card[place + 1 :]
    assert (card_fault(wrong) is None) == (wrong == card)


@given(cards(), st.integers(0, 15))
def test_two_swapped_digits_of_an_id_card_are_always_noticed(card: str, place: int):
    wrong = card[:place] + card[place + 1] + card[place] + card[place + 2 :]
    assert (card_fault(wrong) is None) == (wrong == card)


@given(credits())
def test_a_made_credit_code_is_right(credit: str):
    assert credit_fault(credit) is None


@given(credits(), st.integers(0, 17), st.sampled_from(CREDIT_ALPHABET))
def test_one_wrong_character_of_a_credit_code_is_always_noticed(credit: str, place: int, character: str):
    wrong = credit[:place] + character + credit[place + 1 :]
    assert (credit_fault(wrong) is None) == (wrong == credit)


@pytest.mark.parametrize("letter", "IOSVZ")
def test_letters_that_look_like_digits_are_not_in_a_credit_code(letter: str):
    assert credit_fault(CREDIT[:8] + letter + CREDIT[9:]) == "shape"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"card": "11010519491231002x"}, None),
        ({"card": "110105194912310021"}, "checksum"),
        ({"card": "110105194902300021"}, "birth"),
        ({"card": "1101051949"}, "shape"),
        ({"credit": "91350100m000100y43"}, None),
        ({"credit": "91350100M000100Y44"}, "checksum"),
        ({"credit": "91350100M000100I43"}, "shape"),
    ],
)
def test_a_record_with_a_wrong_number_is_refused_in_words(data: dict[str, str], code: str | None):
    made = form()
    found = [p for p in check(made, clean(made, data)) if p.field in data]
    assert [p.code for p in found] == ([code] if code else [])
    assert all(made.fields[p.field].title in p.message for p in found)
