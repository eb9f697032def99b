"""Columns find their fields by title, name or English title; the rest is a guess one can see."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from core.forms.model import Field, Form
from core.records.transfer.matching import Column, check_columns, match_columns

FORM = Form(
    name="own.street",
    version="1",
    title="街道",
    key=("code",),
    fields={
        "code": Field(name="code", type="text", title="编码", required=True),
        "name": Field(name="name", type="text", title="名称"),
        "area": Field(name="area", type="reference", title="所属区县", ref="own.area"),
        "amount": Field(name="amount", type="money", title="金额", decimals=2),
        "phone": Field(name="phone", type="phone", title="联系电话"),
        "tax": Field(name="tax", type="money", title="税额", decimals=2, computed=True),
        "taxed": Field(name="taxed", type="money", title="计税额", decimals=2),
        "photo": Field(name="photo", type="photo", title="照片"),
    },
)
ENGLISH = Form(
    name="own.street",
    version="1",
    title="Street",
    fields={"amount": Field(name="amount", type="money", title="Total Amount")},
)


def matched(*header: str) -> list[tuple[str, bool]]:
    columns = match_columns(header, FORM, english=ENGLISH, key_titles={"area": "编码"})
    return [(column.field, column.sure) for column in columns]


def test_titles_names_and_english_titles_match_whatever_their_case_and_blanks() -> None:
    assert matched(" 编 码*", "NAME", "total amount") == [("code", True), ("name", True), ("amount", True)]


def test_a_unit_in_brackets_does_not_matter() -> None:
    assert matched("金额（元）") == [("amount", True)]


def test_the_key_column_of_a_reference_wins_over_its_label() -> None:
    columns = match_columns(["所属区县", "所属区县.编码"], FORM, key_titles={"area": "编码"})
    assert [(c.field, c.by_key) for c in columns] == [("", False), ("area", True)]
    assert matched("所属区县") == [("area", True)]


def test_what_is_only_alike_is_a_guess() -> None:
    assert matched("联系电话号码", "天气") == [("phone", False), ("", True)]


def test_a_field_is_given_away_once_and_files_never() -> None:
    assert matched("名称", "name", "照片") == [("name", True), ("", True), ("", True)]


def test_a_computed_field_is_neither_filled_nor_mistaken_for_another() -> None:
    assert matched("税额") == [("", True)]


def columns(*fields: str) -> list[Column]:
    return [Column(header=f"h{i}", field=field) for i, field in enumerate(fields)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (("code", "nothing"), "unknown_field"),
        (("code", "code"), "twice"),
        (("", ""), "no_column"),
        (("name",), "key_missing"),
    ],
)
def test_a_matching_that_cannot_work_is_refused(fields: tuple[str, ...], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_columns(columns(*fields), FORM, mode="upsert")
    assert code in [problem.code for problem in caught.value.problems]


def test_without_a_key_every_row_is_new() -> None:
    check_columns(columns("name"), FORM, mode="create")
