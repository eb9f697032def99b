"""Reads one workbook in a process of its own and prints its cells as msgpack; imports nothing of the house.

Run as `python -I workbook_process.py FILE LIMITS`. A hostile file can then cost this process its memory
or its life, never the server's; and the server goes on answering while a large file is read.
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec

_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*)>")
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,9})"')
_FORMULA = re.compile(
    rb"<(?:\w+:)?c\s([^>]*)>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_SHOWN = 5  # cells named in a refusal


class Refused(Exception):
    """The workbook cannot be used; `code` and `values` become a sentence in the parent."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code, self.values = code, values


def main(path: str, limits_json: str) -> dict[str, Any]:
    limits = msgspec.json.decode(limits_json)
    _confine(limits)
    data = Path(path).read_bytes()
    try:
        kind = _kind(data)
        sheet_xml = _open_package(data, limits) if kind == "xlsx" else None
        return {"kind": kind, **_read(data, sheet_xml, limits)}
    except Refused as refusal:
        return {"refused": refusal.code, "values": refusal.values}


def _confine(limits: dict[str, int]) -> None:
    """Bound memory and time where the system can; Windows has no such limits."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["seconds"], limits["seconds"] + 5))


def _kind(data: bytes) -> str:
    if data.startswith(b"PK"):
        return "xlsx"
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refused("password")
    return "xls"


def _open_package(data: bytes, limits: dict[str, int]) -> bytes | None:
    """Unpack everything once, counting what really comes out, before a reader believes what it declares."""
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise Refused("damaged") from None
    entries = package.infolist()
    if "xl/workbook.xml" not in {entry.filename for entry in entries}:
        raise Refused("not_workbook")
    total = sum(entry.file_size for entry in entries)
    if total > limits["unpacked"] or len(entries) > 10_000:
        raise Refused("bomb", size=total)
    target = _first_sheet(package)
    chosen, unpacked = None, 0
    for entry in entries:
        keep = entry.filename == target
        content, size = _unpack(data, entry, limits["unpacked"] - unpacked, keep=keep)
        unpacked += size
        chosen = content if keep else chosen
    if unpacked > 10 * 1024 * 1024 and unpacked > limits["ratio"] * len(data):
        raise Refused("bomb", size=unpacked)
    return chosen


def _unpack(data: bytes, entry: zipfile.ZipInfo, room: int, *, keep: bool) -> tuple[bytes, int]:
    """What the entry really holds, at most `room` bytes, whatever its declared size says."""
    start = entry.header_offset + 30
    name, extra = (int.from_bytes(data[start - 4 + i : start - 2 + i], "little") for i in (0, 2))
    packed = memoryview(data)[start + name + extra : start + name + extra + entry.compress_size]
    if entry.flag_bits & 1:
        raise Refused("password")
    if entry.compress_type == zipfile.ZIP_STORED:
        return (bytes(packed) if keep else b""), len(packed)
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise Refused("damaged")
    engine, size, parts = zlib.decompressobj(-15), 0, []
    try:
        for at in range(0, len(packed), 1 << 16):
            chunk: bytes | memoryview = packed[at : at + (1 << 16)]
            while chunk:
                out = engine.decompress(chunk, 1 << 20)
                size += len(out)
                if size > room:
                    raise Refused("bomb", size=size)
                if keep:
                    parts.append(out)
                chunk = engine.unconsumed_tail
    except zlib.error:
        raise Refused("damaged") from None
    return b"".join(parts), size


def _first_sheet(package: zipfile.ZipFile) -> str:
    """The path of the first sheet that is not hidden."""
    try:
        book = package.read("xl/workbook.xml").decode("utf-8", "replace")
        links = package.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except (KeyError, zipfile.BadZipFile, zlib.error):
        raise Refused("damaged") from None
    targets = {}
    for link in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", links):
        found = {key: re.search(rf'\b{key}="([^"]*)"', link) for key in ("Id", "Target")}
        if found["Id"] and found["Target"]:
            targets[found["Id"].group(1)] = found["Target"].group(1)
    for sheet in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        link_id = re.search(r'\b\w+:id="([^"]*)"', sheet)
        if link_id and not re.search(r'\bstate="(hidden|veryHidden)"', sheet):
            target = targets.get(link_id.group(1), "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return ""


def _check_cells(xml: bytes, limits: dict[str, int]) -> None:
    """Refuse what a reader would lay out as one huge area, and cells that hold no value to read."""
    columns = rows = cells = 0
    errors: list[str] = []
    for match in _CELL.finditer(xml):
        cells += 1
        place = _PLACE.search(match.group(1))
        if place is None:
            continue
        columns = max(columns, _column(place.group(1)))
        rows = max(rows, int(place.group(2)))
        if b't="e"' in match.group(1):
            errors.append((place.group(1) + place.group(2)).decode())
    rows = max([rows, *(int(number) for number in _ROW.findall(xml))])
    _check_size(rows, columns, cells, limits)
    if errors:
        raise Refused("error_cells", cells=errors[:_SHOWN], number=len(errors))
    blank = [_PLACE.search(m.group(1)) for m in _FORMULA.finditer(xml) if b't="str"' not in m.group(1)]
    named = [(m.group(1) + m.group(2)).decode() for m in blank if m]
    if named:
        raise Refused("formulas", cells=named[:_SHOWN], number=len(named))


def _check_size(rows: int, columns: int, cells: int, limits: dict[str, int]) -> None:
    if rows > limits["rows"] + 1:
        raise Refused("rows", rows=rows, limit=limits["rows"])
    if columns > limits["columns"]:
        raise Refused("columns", columns=columns, limit=limits["columns"])
    if max(cells, rows * columns) > limits["cells"]:
        raise Refused("cells", cells=max(cells, rows * columns), limit=limits["cells"])


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _read(data: bytes, sheet_xml: bytes | None, limits: dict[str, int]) -> dict[str, Any]:
    import python_calamine as calamine

    if sheet_xml is not None:
        _check_cells(sheet_xml, limits)
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = [
            s.name
            for s in book.sheets_metadata
            if s.typ == calamine.SheetTypeEnum.WorkSheet and s.visible == calamine.SheetVisibleEnum.Visible
        ]
        if not names:
            raise Refused("no_sheet")
        sheet = book.get_sheet_by_name(names[0])
    except calamine.PasswordError:
        raise Refused("password") from None
    except (calamine.CalamineError, OSError, ValueError):
        raise Refused("damaged") from None
    _check_size(sheet.total_height + 1, sheet.total_width, 0, limits)
    areas = list(sheet.merged_cell_ranges or ())
    if areas and not limits["merged"]:
        merged = [_area(*area) for area in areas]
        raise Refused("merged", cells=merged[:_SHOWN], number=len(merged))
    rows, text = [], 0
    for number, row in enumerate(sheet.to_python(skip_empty_area=False), 1):
        cells = [_cell(value) for value in row]
        if any(cell != "" for cell in cells):
            text += sum(len(cell) for cell in cells if isinstance(cell, str))
            rows.append((number, cells))
        if text > limits["unpacked"]:
            raise Refused("bomb", size=text)
    joined = [(start[0] + 1, start[1], end[0] + 1, end[1]) for start, end in areas]
    return {"sheet": names[0], "sheets": len(names), "rows": rows, "merged": joined}


def _area(start: tuple[int, int], end: tuple[int, int]) -> str:
    def name(place: tuple[int, int]) -> str:
        letters, index = "", place[1] + 1
        while index:
            index, rest = divmod(index - 1, 26)
            letters = chr(65 + rest) + letters
        return f"{letters}{place[0] + 1}"

    return f"{name(start)}:{name(end)}"


def _cell(value: Any) -> Any:
    """A plain value: text and booleans as they are, the rest as [kind, text]."""
    if isinstance(value, (str, bool)):
        return value.strip() if isinstance(value, str) else value
    if isinstance(value, (int, float)):
        # Fifteen digits are what the spreadsheet itself shows: 0.1 + 0.2 is 0.3 there.
        return ["n", format(value, ".15g")]
    if isinstance(value, datetime):
        return ["dt", value.isoformat()]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    if isinstance(value, time):
        return value.strftime("%H:%M:%S")
    if isinstance(value, timedelta):
        hours, rest = divmod(int(value.total_seconds()), 3600)
        return f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return str(value)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.msgpack.encode(main(sys.argv[1], sys.argv[2])))
