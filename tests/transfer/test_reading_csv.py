"""CSV files as people bring them: encodings, separators, quotes, and what is no table at all."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest

from core.errors import DougongError, Invalid, TooLarge
from core.records.transfer.csv_files import guard, unguard
from core.records.transfer.reading import read_table
from core.records.transfer.table import Limits

SHARED = Path(os.environ.get("DOUGONG_SHARED_DATA") or Path(__file__).parents[2].parent / "shared/data")
SPECTRUM = SHARED / "csv-spectrum"
AT_ODDS = {"location_coordinates"}  # its JSON has another telephone number than its CSV
AWKWARD = [path for path in sorted(SPECTRUM.glob("csvs/*.csv")) if path.stem not in AT_ODDS]
TEXT = "编码,名称\r\n001,解放路街道\r\n002,𠮷祥里\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
async def test_the_encoding_of_a_csv_is_found(encoding: str) -> None:
    data = TEXT.encode(encoding)
    table = await read_table(data)
    assert table.header == ("编码", "名称")
    assert [row.cells for row in table.rows] == [("001", "解放路街道"), ("002", "𠮷祥里")]
    assert [row.number for row in table.rows] == [2, 3]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
async def test_the_separator_of_a_csv_is_found(separator: str) -> None:
    text = f'a{separator}b\n1{separator}"x, y; z | \t"\n2{separator}w\n'
    table = await read_table(text.encode())
    assert table.header == ("a", "b")
    assert table.rows[0].cells == ("1", "x, y; z | \t")


async def test_a_stated_separator_is_believed() -> None:
    table = await read_table(b"sep=;\r\na,b;c\r\n1,2;3\r\n")
    assert table.header == ("a,b", "c")


def _awkward(path: Path) -> tuple[bytes, list[dict[str, str]]]:
    meaning = (SPECTRUM / "json" / f"{path.stem}.json").read_text(encoding="utf-8")
    return path.read_bytes(), json.loads(meaning)


@pytest.mark.skipif(not SPECTRUM.is_dir(), reason=f"the public CSV test suite is not at {SPECTRUM}")
@pytest.mark.parametrize("path", AWKWARD, ids=lambda path: path.stem)
async def test_awkward_csv_files_mean_what_their_authors_say(path: Path) -> None:
    data, wanted = _awkward(path)
    table = await read_table(data)
    assert [dict(zip(table.header, row.cells, strict=True)) for row in table.rows] == wanted


TEXTS = ["=1+1", "+cmd", "-2+3", "@sum", "\tx", "\rx", "＝1", "'=1", "''@", "plain", "'plain", "", "-12.50"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_guarded_cell_comes_back_as_it_was(text: str) -> None:
    assert unguard(guard(text)) == text


def test_what_a_spreadsheet_would_run_gets_an_apostrophe_and_numbers_do_not() -> None:
    assert guard("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert guard("@SUM(A1)") == "'@SUM(A1)"
    assert guard("-12.50") == "-12.50"
    assert guard("-1+cmd|' /C calc'!A0") == "'-1+cmd|' /C calc'!A0"


BAD = {
    "empty": b"",
    "only blanks": b"\r\n , \r\n",
    "only a header": b"a,b\r\n",
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x02\x03" * 20,
    "a web page": "<html><table><tr><td>编码</td></tr></table>".encode(),
    "one name twice": "编码,名称,编码\n1,2,3\n".encode(),
    "a column without a title": "编码,,名称\n1,2,3\n".encode(),
    "an open quote": b'a,b\n1,"2\n3,4\n',
    "text after a quote": b'a,b\n"1"x,2\n',
    "a NUL": b"a,b\n1,\x002\n",
    "wrong mark": b"\xef\xbb\xbf\xff\xff",
}


@pytest.mark.parametrize("name", BAD)
async def test_a_file_that_is_no_table_is_refused_in_words(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        await read_table(BAD[name])
    assert caught.value.problems[0].field == "file"
    assert len(caught.value.problems[0].message) > 5


async def test_the_columns_of_a_doubled_title_are_named() -> None:
    with pytest.raises(Invalid, match="A 列和 C 列的标题都是“编码”"):
        await read_table(BAD["one name twice"])


async def test_too_many_rows_columns_or_bytes_are_too_large() -> None:
    small = Limits(size=1000, rows=3, columns=2)
    for data in (b"a\n" + b"1\n" * 4, b"a,b,c\n1,2,3\n", b"a\n" + b"1" * 1000):
        with pytest.raises(TooLarge):
            await read_table(data, limits=small)


async def test_blank_rows_are_passed_over_and_numbers_still_follow_the_file() -> None:
    table = await read_table(b"\na,b\n\n1,2\n,\n3,4\n")
    assert [(row.number, row.cells) for row in table.rows] == [(4, ("1", "2")), (6, ("3", "4"))]


async def test_every_refusal_is_one_of_ours() -> None:
    for length in range(0, 60, 7):
        data = bytes((i * 37 + length) % 256 for i in range(length))
        with contextlib.suppress(DougongError):
            await read_table(data)
