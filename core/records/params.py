"""A list's question as URL parameters and back: where, sort, q, after, limit; the same for pages and API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args

from core.clock import stamp
from core.dates import CHINA
from core.errors import Invalid, Problem
from core.forms import ValueParseError, parse_value
from core.i18n import _
from core.records.model import SYSTEM_FIELDS, Condition, Operator, Query
from core.records.queries import LIMIT, no_field, operators_of, sortable, title_of

if TYPE_CHECKING:
    from core.forms.model import Form

# name -> text or several texts, or a multi-dict with getall(), or pairs of name and text
Params = Mapping[str, Any] | Sequence[tuple[str, str]]
OPERATORS: tuple[str, ...] = get_args(Operator)
ME = "me"  # stands for whoever asks, so that a shared view can say "mine"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
CONDITIONS, VALUES = 100, 1000  # of one question: an engine has an end to what one statement may hold
_COMMA = re.compile(r"(?:[^,\\]|\\.)+")


def values_of(params: Params, name: str) -> list[str]:
    """Every value of one parameter."""
    if not isinstance(params, Mapping):
        return [value for key, value in params if key == name]
    getall = getattr(params, "getall", None)
    found = getall(name, []) if getall else params.get(name, [])
    return [found] if isinstance(found, str) else [str(value) for value in found]


def _single(params: Params, name: str) -> str:
    found = values_of(params, name)
    return found[-1].strip() if found else ""


def parse_query(form: Form, params: Params, *, me: str | None = None, limit: int = 50) -> Query:
    """The Query that the parameters ask for; Invalid with everything that cannot be understood.

        where=amount:ge:100&where=status:in:a,b&where=note:empty&sort=-amount,day&q=解放&after=...&limit=50
        filter=实付 > 应付    (a formula, for those who know it: checked when the list is asked for)

    Values are written as people write them. A day compared with an instant means that day in China.
    """
    problems: list[Problem] = []
    where: list[Condition] = []
    for text in values_of(params, "where")[: CONDITIONS + 1]:
        if text.strip():
            try:
                where += _conditions(form, text, me=me)
            except Invalid as error:
                problems += error.problems
    sort = list(_sorts(form, params, problems))
    size = _limit(_single(params, "limit"), limit, problems)
    problems += _too_many(where)
    if problems:
        raise Invalid(problems)
    return Query(
        where=tuple(where),
        formula=_single(params, "filter"),
        search=_single(params, "q"),
        sort=tuple(sort),
        after=_single(params, "after") or None,
        limit=size,
    )


def _too_many(where: Sequence[Condition]) -> list[Problem]:
    values = sum(len(one.value) for one in where if isinstance(one.value, tuple))
    if len(where) <= CONDITIONS and values <= VALUES:
        return []
    words = _("筛选条件太多：最多 {n} 个条件、{m} 个值", n=CONDITIONS, m=VALUES)
    return [Problem("where", "too_many", words)]


def _limit(text: str, usual: int, problems: list[Problem]) -> int:
    if not text:
        return usual
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or not 1 <= int(text) <= LIMIT:
        problems.append(Problem("limit", "limit", _("limit 应是 1 到 {most} 的整数", most=LIMIT)))
        return usual
    return int(text)


def _sorts(form: Form, params: Params, problems: list[Problem]) -> Iterator[tuple[str, bool]]:
    seen = set()
    for text in values_of(params, "sort"):
        for part in filter(None, (one.strip() for one in text.split(","))):
            name = part.removeprefix("-")
            if name not in form.fields and name not in SYSTEM_FIELDS:
                problems.append(Problem("sort", "unknown", no_field(form, name).message))
            elif not sortable(form, name):
                problems.append(Problem("sort", "sort", _("不能按“{field}”排序", field=title_of(form, name))))
            elif name not in seen:
                seen.add(name)
                yield name, part.startswith("-")


def _conditions(form: Form, text: str, *, me: str | None) -> list[Condition]:
    name, _colon, rest = text.partition(":")
    op, _colon, value = rest.partition(":")
    name, op = name.strip(), op.strip()
    if name not in form.fields and name not in SYSTEM_FIELDS:
        raise Invalid([Problem("where", "unknown", no_field(form, name).message)])
    if op not in OPERATORS or op not in operators_of(form, name):
        fitting = "、".join(one for one in OPERATORS if one in operators_of(form, name))
        message = _("“{field}”不能用“{op}”来筛选，可用：{fitting}", field=title_of(form, name), op=op, fitting=fitting)
        raise Invalid([Problem("where", "operator", message)])
    if op in ("empty", "filled"):
        return [Condition(name, op)]  # type: ignore[arg-type]
    if op == "in":
        return [Condition(name, "in", tuple(_value(form, name, one, op=op, me=me) for one in split_list(value)))]
    if _is_instant(form, name) and _DAY.fullmatch(value.strip()):
        return _of_day(form, name, op, day=value.strip())
    return [Condition(name, op, _value(form, name, value, op=op, me=me))]  # type: ignore[arg-type]


def _is_instant(form: Form, name: str) -> bool:
    return name.endswith("_at") if name in SYSTEM_FIELDS else form.fields[name].type == "datetime"


def _of_day(form: Form, name: str, op: str, *, day: str) -> list[Condition]:
    """A day against an instant: from its first moment in China to its last."""
    try:
        first = datetime.combine(date.fromisoformat(day), datetime.min.time(), CHINA)
        begin, end = (_instant(name, moment) for moment in (first, first + timedelta(days=1)))
    except (ValueError, OverflowError):
        raise Invalid([_unreadable(form, name, day)]) from None
    bounds = {
        "eq": [("ge", begin), ("lt", end)],
        "ge": [("ge", begin)],
        "lt": [("lt", begin)],
        "gt": [("ge", end)],
        "le": [("lt", end)],
    }
    if op not in bounds:
        raise Invalid([_unreadable(form, name, day)])
    return [Condition(name, one, value) for one, value in bounds[op]]  # type: ignore[arg-type]


def _instant(name: str, moment: datetime) -> str:
    """As it is stored: the platform's own instants have microseconds, those of fields whole seconds."""
    return stamp(moment) if name in SYSTEM_FIELDS else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unreadable(form: Form, name: str, text: str) -> Problem:
    return Problem("where", "type", _("“{field}”的筛选值“{value}”读不懂", field=title_of(form, name), value=text[:40]))


def _value(form: Form, name: str, text: str, *, op: str, me: str | None) -> Any:
    kept = text.strip()
    if not kept:
        raise Invalid([_unreadable(form, name, text)])
    people = name in ("_created_by", "_updated_by") or (name in form.fields and form.fields[name].type == "person")
    if people and kept == ME:
        return me or kept
    if name in SYSTEM_FIELDS:
        return kept
    field = form.fields[name]
    if op == "contains" and not field.choices:
        return text if field.type == "longtext" else kept
    if field.type in ("file", "photo"):
        return kept
    try:
        value = parse_value(field, kept)
    except ValueParseError as error:
        raise Invalid([Problem("where", error.code, error.message)]) from None
    if field.type == "choices":
        if not value or len(value) != 1:
            raise Invalid([_unreadable(form, name, text)])
        return value[0]
    return value


def split_list(text: str) -> list[str]:
    """The parts between commas; a comma inside a part is written with a backslash before it."""
    return [re.sub(r"\\(.)", r"\1", part) for part in _COMMA.findall(text) if part.strip()]


def join_list(parts: Sequence[str]) -> str:
    return ",".join(part.replace("\\", "\\\\").replace(",", "\\,") for part in parts)


def query_params(query: Query, *, limit: int = 50) -> dict[str, list[str]]:
    """The parameters that `parse_query` reads as `query`; what is as usual is left out."""
    found: dict[str, list[str]] = {}
    if query.where:
        found["where"] = [_condition_text(condition) for condition in query.where]
    if query.sort:
        found["sort"] = [",".join(("-" if descending else "") + name for name, descending in query.sort)]
    if query.formula:
        found["filter"] = [query.formula]
    if query.search:
        found["q"] = [query.search]
    if query.after:
        found["after"] = [query.after]
    if query.limit != limit:
        found["limit"] = [str(query.limit)]
    return found


def _condition_text(condition: Condition) -> str:
    if condition.op in ("empty", "filled"):
        return f"{condition.field}:{condition.op}"
    if condition.op == "in":
        return f"{condition.field}:in:{join_list([_text(value) for value in condition.value])}"
    return f"{condition.field}:{condition.op}:{_text(condition.value)}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if hasattr(value, "as_tuple") else str(value)
