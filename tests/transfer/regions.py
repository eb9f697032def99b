"""China's districts and streets, the public data that the forms 区县 and 街道 are tried on."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

SHARED = Path(os.environ.get("DOUGONG_SHARED_DATA") or Path(__file__).parents[2].parent / "shared/data")
REGIONS = SHARED / "regions"
ABSENT = f"the public data of regions is not at {REGIONS}"
# In the order of the file: what an export's columns are called when they mean the same.
AREA_COLUMNS = ("编码", "名称", "城市编码", "省级编码")
STREET_COLUMNS = ("编码", "名称", "所属区县.编码", "省级编码", "城市编码")


def file_of(name: str) -> bytes:
    return (REGIONS / name).read_bytes()


def rows_of(data: bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(encoding), newline="")))


def slice_of(name: str, province: str) -> bytes:
    """The rows of one province, as a file."""
    rows = [row for row in rows_of(file_of(name)) if row["provinceCode"] == province]
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def same_rows(exported: bytes, original: bytes, columns: tuple[str, ...]) -> bool:
    """Whether an export (CSV) holds exactly the rows of the file that was imported."""
    got = sorted(tuple(row[column] for column in columns) for row in rows_of(exported, "utf-8-sig"))
    wanted = sorted(tuple(row.values()) for row in rows_of(original))
    return got == wanted
