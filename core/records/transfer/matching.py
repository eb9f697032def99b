"""Which column of a file is which field: by title, name or English title, else a guess; no cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from core.errors import Invalid, Problem
from core.forms.model import Field, Form
from core.i18n import _

# Columns that an export or the answer of an import adds: known, and left out by themselves.
RESULT_TITLES = ("导入结果", "Import result")
BY_KEY = "."  # "所属区县.编码": the column of a reference that holds the other record's key
_UNFIT = ("file", "photo")  # a cell cannot hold them; rows come as the JSON text that an export writes
_ALIKE = 0.6
_BRACKETS = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]$")
_NOISE = re.compile(r"[\s_*＊:：]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the file. `field` is "" where it is left out; `sure` is False for a guess."""

    header: str
    field: str
    sure: bool = True
    by_key: bool = False  # a reference's cells hold keys only, never labels
    samples: tuple[str, ...] = ()


def importable(form: Form) -> dict[str, Field]:
    """The fields that a cell can fill; a state too, so that one other than it has is told and not passed over."""
    state = form.flow.field if form.flow else ""
    fields = form.fields.items()
    found = {n: f for n, f in fields if f.type not in _UNFIT and (not f.computed or n == state)}
    return {n: replace(f, required=False) if n == state else f for n, f in found.items()}


def plain(text: str) -> str:
    """`text` as compared: full-width as half-width, no case, blanks, underscores, stars."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text).casefold())


def match_columns(
    header: Sequence[str],
    form: Form,
    *,
    english: Form | None = None,
    key_titles: Mapping[str, str] | None = None,
) -> list[Column]:
    """A column for each title of `header`; each field is given away once, first to its exact name.

    `key_titles` has the title of the other form's key for each reference field that has one.
    """
    fields = importable(form)
    names = _names(fields, form, english)
    known_titles = _names(form.fields, form, english)
    keyed = _key_names(fields, form, english, key_titles or {})
    found: dict[int, Column] = {}
    taken: set[str] = set()
    for by_key, known in ((True, keyed), (False, names)):
        for index, title in enumerate(header):
            field = known.get(plain(title)) or ("" if by_key else known.get(plain(_BRACKETS.sub("", title)), ""))
            if field and index not in found and field not in taken:
                found[index] = Column(header=title, field=field, by_key=by_key)
                taken.add(field)
    for index, title in enumerate(header):
        if index not in found:
            # A title that is known stands for nothing else: of a field given away, computed, or holding files.
            clear = not title or title in RESULT_TITLES or plain(title) in keyed or plain(title) in known_titles
            guess = "" if clear else _guess(title, fields, taken)
            taken.add(guess)
            found[index] = Column(header=title, field=guess, sure=not guess)
    return [found[index] for index in range(len(header))]


def _names(fields: Mapping[str, Field], form: Form, english: Form | None) -> dict[str, str]:
    """Every name a field goes by; an exact name is never lost to another field's title."""
    names: dict[str, str] = {}
    for name in fields:
        titles = [name, form.fields[name].title]
        if english is not None and name in english.fields:
            titles.append(english.fields[name].title)
        for title in titles:
            names.setdefault(plain(title), name)
    return {**names, **{plain(name): name for name in fields}}


def _key_names(
    fields: Mapping[str, Field], form: Form, english: Form | None, key_titles: Mapping[str, str]
) -> dict[str, str]:
    names = {}
    for name, key_title in key_titles.items():
        if name in fields:
            forms = [form, *([english] if english is not None and name in english.fields else [])]
            for title in (name, *(one.fields[name].title for one in forms)):
                names[plain(f"{title}{BY_KEY}{key_title}")] = name
            names.setdefault(plain(f"{name}{BY_KEY}key"), name)
    return names


def _guess(title: str, fields: Mapping[str, Field], taken: set[str]) -> str:
    """The free field whose title is most like `title`, if it is like it at all."""
    best, best_score = "", _ALIKE
    for name, field in fields.items():
        if name in taken:
            continue
        score = max(SequenceMatcher(None, plain(title), plain(word)).ratio() for word in (field.title, name))
        if score > best_score:
            best, best_score = name, score
    return best


def check_columns(columns: Sequence[Column], form: Form, *, mode: str) -> None:
    """Refuse a matching that cannot work: a field twice or unknown, nothing matched, the key missing."""
    fields = importable(form)
    problems = []
    seen: dict[str, str] = {}
    for column in columns:
        if not column.field:
            continue
        if column.field not in fields:
            words = _("“{title}”没有可以导入的字段 {field}。", title=form.title, field=column.field)
            problems.append(Problem(column.header, "unknown_field", words))
        elif column.field in seen:
            title = fields[column.field].title
            words = _(
                "“{first}”和“{second}”两列都对应“{title}”，请只留一列。",
                first=seen[column.field],
                second=column.header,
                title=title,
            )
            problems.append(Problem(column.header, "twice", words))
        seen[column.field] = column.header
    if not seen:
        problems.append(Problem("", "no_column", _("没有一列对应到字段。第一行应是列标题，可下载模板对照。")))
    if mode == "upsert":
        problems += _key_problems(seen, form)
    if problems:
        raise Invalid(problems)


def _key_problems(seen: Mapping[str, str], form: Form) -> list[Problem]:
    if not form.key:
        return [Problem("", "no_key", _("“{title}”没有设置编码，不能按编码更新，只能全部新增。", title=form.title))]
    missing = [form.fields[name].title for name in form.key if name not in seen]
    if not missing or not seen:
        return []
    words = _("按编码更新需要“{titles}”列。", titles=_("、").join(missing))
    return [Problem("", "key_missing", words)]
