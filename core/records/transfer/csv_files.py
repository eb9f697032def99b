"""CSV text in and out: encodings, separators and the apostrophe against formulas; no forms, no rights."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from core.errors import Problem, TooLarge
from core.i18n import _
from core.records.transfer.problems import unreadable
from core.records.transfer.table import LIMITS, Limits, Row, Table, column_letter

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")
_SEPARATORS = (",", "\t", ";", "|")
_SEP_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_LOOK_AT = 50

# What a spreadsheet would run: OWASP's list, with the full-width signs that Chinese input makes.
_DANGER = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+(,\d{3})*(\.\d+)?")


def guard(text: str) -> str:
    """`text` with a leading apostrophe where a spreadsheet might run it; a number stays as it is.

    Text that already begins with apostrophes before such a sign gets one more, so `unguard` gives every
    text back exactly.
    """
    return f"'{text}" if _DANGER.match(text) and not _NUMBER.fullmatch(text) else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if _GUARDED.match(text) else text


def write_rows(rows: Iterable[Sequence[str]], *, delimiter: str = ",") -> str:
    """CSV text of `rows`, every cell guarded."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    for row in rows:
        writer.writerow([guard(cell) for cell in row])
    return out.getvalue()


def decode(data: bytes) -> tuple[str, str]:
    """The text of a CSV file and the encoding it came in, found by mark, by shape or by trying."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _try(data[len(mark) :], encoding.removesuffix("-sig")), encoding
    guesses = _utf16_guess(data) or ("utf-8", "gb18030")
    for encoding in guesses:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CONTROL.search(text) or (encoding == "gb18030" and _PRIVATE.search(text)):
            continue
        return text, encoding
    words = _("看不出这个文件的文字编码，它可能不是表格。请用 Excel 另存为 .xlsx 后再导入。")
    raise unreadable("encoding", words)


def _try(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = "\x00"
    if _CONTROL.search(text):
        words = _("文件开头标明编码为 {encoding}，内容却不是。请重新另存一次。", encoding=encoding.upper())
        raise unreadable("encoding", words)
    return text


def _utf16_guess(data: bytes) -> tuple[str, ...] | None:
    """UTF-16 without a mark has a zero in every second byte of its separators and line ends."""
    head = data[:4096]
    if b"\x00" not in head:
        return None
    return ("utf-16-le",) if head[1::2].count(0) > head[::2].count(0) else ("utf-16-be",)


def read_csv(data: bytes, *, limits: Limits = LIMITS) -> Table:
    """The table in `data`, or `Invalid` / `TooLarge` with a sentence that says what is wrong."""
    text, encoding = decode(data)
    stated = _SEP_LINE.match(text)
    delimiter = stated.group(1) if stated else _sniff(text)
    if stated:
        text = text[stated.end() :]
    records = _parse(text, delimiter, limits)
    records = [(number, row) for number, row in records if any(cell.strip() for cell in row)]
    if not records:
        raise unreadable("empty", _("文件里没有内容。"))
    width = len(records[0][1])
    rows = tuple(
        Row(number, tuple(unguard(cell) for cell in row) + ("",) * (width - len(row))) for number, row in records[1:]
    )
    header = tuple(unguard(cell).strip() for cell in records[0][1])
    return Table(kind="csv", header=header, rows=rows, encoding=encoding, delimiter=delimiter)


def _parse(text: str, delimiter: str, limits: Limits) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[tuple[int, list[str]]] = []
    try:
        for number, row in enumerate(reader, 1):
            if number > limits.rows + 1:
                raise TooLarge(_("文件超过 {rows} 行，请分成几个文件导入。", rows=limits.rows))
            if len(row) > limits.columns:
                raise TooLarge(_("第 {row} 行超过 {columns} 列。", row=number, columns=limits.columns))
            records.append((number, row))
    except csv.Error as error:
        raise unreadable("csv", _csv_sentence(str(error), reader.line_num)) from None
    return records


def _csv_sentence(error: str, line: int) -> str:
    if "end of data" in error:
        return _("文件末尾还有没有闭合的英文双引号。")
    if "larger than" in error:
        return _("第 {line} 行附近有一格的文字太长，可能是少了一个英文双引号。", line=line)
    return _("第 {line} 行的英文双引号不成对。格内的引号要写两遍。", line=line)


def _sniff(text: str) -> str:
    """The separator that cuts the first rows into the same, largest number of cells."""
    best, best_score = ",", (0.0, 0)
    for delimiter in _SEPARATORS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = [len(row) for row, _n in zip(reader, range(_LOOK_AT), strict=False) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def header_problems(header: Sequence[str]) -> list[Problem]:
    """What keeps a header from naming its columns: none at all, or one name twice."""
    if not any(header):
        return [Problem("file", "no_header", _("第一行是空的。第一行要写列标题。"))]
    places: dict[str, int] = {}
    problems = []
    for index, title in enumerate(header):
        if title and title in places:
            named = {"first": column_letter(places[title]), "second": column_letter(index), "title": title}
            words = _("{first} 列和 {second} 列的标题都是“{title}”，请改掉其中一个。", **named)
            problems.append(Problem("file", "duplicate_header", words))
        places.setdefault(title, index)
    return problems
