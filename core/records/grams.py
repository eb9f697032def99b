"""What full text is made of: which texts of a record are searched, and how they are cut into pairs; no SQL.

A text is folded (NFKC, lower case) and cut into runs of letters, digits and Han. A run `合同价` gives the tokens
`合同 同价 价`: every pair, then the last sign alone. So a word of two or more signs is a phrase of pairs, one sign is
the beginning of a token, and a phrase never reaches over the end of a run. A search holds when every run of what
was typed stands inside a run of the record.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from operator import add
from typing import Any

from core.forms.model import Field, Form

TEXT_TYPES = frozenset({"text", "longtext", "phone", "idcard", "uscc"})
_RUN = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """`text` as it is compared: full-width and upper case make no difference."""
    return unicodedata.normalize("NFKC", text).lower()


def runs(text: str) -> list[str]:
    """The runs of letters, digits and Han in `text`, folded."""
    return _RUN.findall(fold(text))


def grams(texts: Iterable[str]) -> str:
    """The tokens of `texts`, in order, with spaces between."""
    tokens: list[str] = []
    for run in runs("\n".join(texts)):
        tokens += map(add, run, run[1:] + " ")
    return " ".join(tokens).replace("  ", " ").rstrip()


def matches(wanted: Iterable[str], texts: Iterable[str]) -> bool:
    """Whether every run of `wanted` stands inside a run of `texts`: what the index answers, asked of the texts."""
    stored = [run for text in texts for run in runs(text)]
    return all(any(want in run for run in stored) for want in wanted)


def searchable(field: Field) -> bool:
    """Whether search looks into the field."""
    return field.type in TEXT_TYPES or field.type == "place" or any(map(searchable, field.columns))


def texts_of(form: Form, data: Mapping[str, Any], *, fields: Iterable[str] | None = None) -> list[str]:
    """Every text of a record that is searched; of `fields` only, if given."""
    names = form.fields if fields is None else fields
    return [
        text for name in names if name in data and name in form.fields for text in _texts(form.fields[name], data[name])
    ]


def _texts(field: Field, value: Any) -> Iterator[str]:
    if field.type in TEXT_TYPES:
        if isinstance(value, str):
            yield value
    elif field.type == "place":
        if isinstance(value, Mapping) and isinstance(value.get("address"), str):
            yield value["address"]
    elif field.type == "rows" and isinstance(value, list):
        for row in value:
            for column in field.columns:
                if isinstance(row, Mapping) and column.name in row:
                    yield from _texts(column, row[column.name])
