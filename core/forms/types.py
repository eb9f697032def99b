"""The registry of field types: all that distinguishes one type from another, one entry each.

Designer, pages, API, import and the law of definitions (law.py) read it. A new type is one entry here,
its name in model.FieldType, and `python -m core.forms` to write the law anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core import exact
from core.forms import identity, moments, numerals, texts
from core.forms.model import Field, FieldType
from core.forms.unreadable import ValueParseError, cannot_read
from core.i18n import _, translate

SlotKind = Literal["t", "n", "d", "r"]
ROWS_LIMIT, FILES_LIMIT = 500, 50
Show = Callable[[Field, Any, Mapping[str, str], str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One type of field. `title`, `hint` and `expects` are Chinese sources for core.i18n.translate.

    `expects` says what a value looks like, to stand behind the field's title; `explain` gives code and words for
    a value of the right JSON type whose pattern or format is wrong.
    `law` are the JSON Schema keywords that a definition of this type may carry besides those of all types;
    `properties` are what the designer may set, in the order in which it shows them (names of PROPERTIES).
    """

    name: FieldType
    title: str
    hint: str
    icon: str
    widget: str  # the control that pages draw
    json_type: str
    schema: Callable[[Field], dict[str, Any]]  # of a value, as plain JSON Schema
    parse: Callable[[Field, Any], Any]
    show: Show
    clean: Callable[[Field, Any], Any]
    expects: str = "应是文字"
    explain: Callable[[Field, Any], tuple[str, str]] | None = None
    slot: SlotKind | None = None
    may_be_key: bool = False
    may_be_label: bool = False  # may name a record where it is referred to
    in_rows: bool = True  # may be a column of rows
    law: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()  # keywords that a definition of this type must carry
    properties: tuple[str, ...] = ()


def _plain(show: Callable[[Field, Any], str]) -> Show:
    return lambda field, value, labels, lang: show(field, value)


def _worded(show: Callable[[Field, Any, str], str]) -> Show:
    return lambda field, value, labels, lang: show(field, value, lang)


def _labelled(field: Field, value: Any, labels: Mapping[str, str], lang: str) -> str:
    return texts.show_label(field, value, labels)


def _id_schema(field: Field) -> dict[str, Any]:
    return {"type": "string", "pattern": texts.ID}


def _phone_schema(field: Field) -> dict[str, Any]:
    return {"type": "string", "pattern": identity.PHONE}


def _wrong(code: str, expects: str) -> Callable[[Field, Any], tuple[str, str]]:
    return lambda field, value: (code, _(expects))


def _format_schema(name: str) -> Callable[[Field], dict[str, Any]]:
    return lambda field: {"type": "string", "format": name}


def _files_schema(field: Field) -> dict[str, Any]:
    items = {"type": "string", "pattern": texts.ID}
    return {"type": "array", "items": items, "uniqueItems": True, **texts.items_bounds(field, FILES_LIMIT)}


def _parse_code(field: Field, given: Any) -> Any:
    return identity.clean_code(field, texts.parse_text(field, given))


def _parse_phone(field: Field, given: Any) -> Any:
    return identity.clean_phone(field, texts.parse_text(field, given))


def _parse_name(field: Field, given: Any) -> str:
    return texts.clean_text(field, texts.parse_text(field, given))


def _parse_longtext(field: Field, given: Any) -> str:
    return texts.clean_longtext(field, texts.parse_text(field, given))


def _keep(field: Field, value: Any) -> Any:
    return value


def _clean_list(field: Field, value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    stripped = (one.strip() if isinstance(one, str) else one for one in value)
    return [one for one in stripped if one is not None and one != ""]


def _column_schema(column: Field) -> dict[str, Any]:
    schema = FIELD_TYPES[column.type].schema(column)
    return {**schema, "readOnly": True} if column.computed else schema


def _rows_schema(field: Field) -> dict[str, Any]:
    items = {
        "type": "object",
        "properties": {column.name: _column_schema(column) for column in field.columns},
        "required": [column.name for column in field.columns if column.required],
        "additionalProperties": False,
    }
    return {"type": "array", "items": items, **texts.items_bounds(field, ROWS_LIMIT)}


def _parse_rows(field: Field, given: Any) -> Any:
    """A list of objects of typed text, or the same as JSON text (a cell of an export)."""
    if isinstance(given, str):
        try:
            given = exact.loads(given)
        except ValueError:
            raise cannot_read(field, given, _("请逐行填写“{title}”", title=field.title)) from None
    if not isinstance(given, list | tuple) or not all(isinstance(row, Mapping) for row in given):
        raise cannot_read(field, given, _("请逐行填写“{title}”", title=field.title))
    return [_parse_row(field, row, number) for number, row in enumerate(given, 1)]


def _parse_row(field: Field, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    columns = {column.name: column for column in field.columns}
    parsed: dict[str, Any] = {}
    for name, cell in row.items():
        column = columns.get(name)
        if column is None or cell is None or cell == "":
            parsed.update({} if column else {name: cell})
            continue
        try:
            parsed[name] = FIELD_TYPES[column.type].parse(column, cell)
        except ValueParseError as error:
            message = _("“{title}”第 {n} 行：{message}", title=field.title, n=number, message=error.message)
            raise ValueParseError(error.code, message) from None
    return parsed


def _clean_rows(field: Field, value: Any) -> Any:
    """Rows without any value are dropped; rows count from there."""
    if not isinstance(value, list | tuple):
        return value
    columns = [(column.name, column, FIELD_TYPES[column.type].clean) for column in field.columns]
    cleaned = [_clean_row(row, columns) if isinstance(row, Mapping) else row for row in value]
    return [row for row in cleaned if row != {}]


def _clean_row(row: Mapping[str, Any], columns: list[Any]) -> dict[str, Any]:
    clean = {name: value for name, value in row.items() if value is not None}
    for name, column, tidy in columns:
        if name in clean:
            clean[name] = tidy(column, clean[name])
    return {name: value for name, value in clean.items() if not is_empty(value)}


def _show_rows(field: Field, value: Any, labels: Mapping[str, str], lang: str) -> str:
    if not isinstance(value, list | tuple):
        return str(value)
    return translate("{n} 行", lang).format(n=len(value))


def is_empty(value: Any) -> bool:
    """An empty value is absent from a record: None, "", [], {}; never 0 or no."""
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


_DATE = "应是日期，例如 2026-03-05（1800 年到 2999 年）"
_DATETIME = "应是日期和时间，例如 2026-03-05T08:30:00+08:00（1800 年到 2999 年）"
_REFERENCE, _PERSON, _FILE = "请从列表中选一条", "请从列表中选一位成员", "里有无效的文件，请重新上传"
_LENGTH = {"type": "integer", "minimum": 1}
_COUNT = {"type": "integer", "minimum": 1}
_STRING = {"type": "string", "minLength": 1}
_CHOICES = {"$ref": "#/$defs/choice_list"}
_PLACES = {"type": "integer", "minimum": 0, "maximum": 6}
_UNIT = {"type": "string", "maxLength": 20}
_BOUNDS = {"minimum": {"type": "number"}, "maximum": {"type": "number"}}
_VALUES = {"type": "array", "items": {"type": "string"}}
_USUAL = ("title", "help", "required", "listed", "section")
_KEYED = ("title", "help", "required", "key", "listed", "section")
_LISTS = {"items": {"type": "object"}, "uniqueItems": {"const": True}, "minItems": _COUNT}

_ENTRIES = (
    Kind(
        name="text", title="文本", hint="一行文字：名称、编号、规格",
        icon="letter-case", widget="text", json_type="string", slot="t", may_be_key=True, may_be_label=True,
        schema=texts.text_schema, parse=_parse_name, show=_plain(texts.show_text), clean=texts.clean_text,
        explain=texts.explain_text,
        law={"maxLength": {**_LENGTH, "maximum": 500}, "pattern": {**_STRING, "maxLength": 200}},
        properties=(*_KEYED, "default", "max_length", "pattern", "formula", "pii"),
    ),
    Kind(
        name="longtext", title="长文本", hint="多行文字：说明、意见、备注",
        icon="note", widget="longtext", json_type="string",
        schema=texts.longtext_schema, parse=_parse_longtext, show=_plain(texts.show_text), clean=texts.clean_longtext,
        law={"maxLength": {**_LENGTH, "maximum": 100_000}},
        properties=(*_USUAL, "default", "max_length", "formula", "pii"),
    ),
    Kind(
        name="integer", title="整数", hint="没有小数的数：数量、户数、人数",
        icon="hash", widget="number", json_type="integer", slot="n", may_be_key=True, may_be_label=True,
        schema=numerals.integer_schema, parse=numerals.parse_integer, show=_plain(numerals.show_integer),
        clean=numerals.clean_integer,
        expects="应是整数，例如 1200",
        law={**_BOUNDS, "x-unit": _UNIT},
        properties=(*_KEYED, "default", "minimum", "maximum", "unit", "formula"),
    ),
    Kind(
        name="decimal", title="小数", hint="有小数的数：面积、单价、百分比",
        icon="ruler-2", widget="number", json_type="number", slot="n",
        schema=numerals.decimal_schema, parse=numerals.parse_decimal, show=_plain(numerals.show_decimal),
        clean=numerals.clean_decimal,
        expects="应是数字，例如 1234.50",
        law={**_BOUNDS, "x-decimals": _PLACES, "x-unit": _UNIT},
        properties=(*_USUAL, "default", "decimals", "minimum", "maximum", "unit", "formula"),
    ),
    Kind(
        name="money", title="金额", hint="精确到分的钱，合计不差一分",
        icon="currency-yuan", widget="number", json_type="number", slot="n",
        schema=numerals.decimal_schema, parse=numerals.parse_decimal, show=_plain(numerals.show_decimal),
        clean=numerals.clean_decimal,
        expects="应是数字，例如 1234.50",
        law={**_BOUNDS, "x-decimals": _PLACES, "x-unit": _UNIT},
        properties=(*_USUAL, "default", "decimals", "minimum", "maximum", "unit", "formula"),
    ),
    Kind(
        name="date", title="日期", hint="某一天",
        icon="calendar", widget="date", json_type="string", slot="d", may_be_key=True, may_be_label=True,
        schema=moments.date_schema, parse=moments.parse_date, show=_plain(texts.show_text), clean=moments.clean_date,
        expects=_DATE, explain=_wrong("date", _DATE),
        law={"format": {"const": "date"}},
        properties=(*_KEYED, "default", "formula"),
    ),
    Kind(
        name="datetime", title="日期时间", hint="某一天的某一刻",
        icon="clock", widget="datetime", json_type="string", slot="d",
        schema=moments.datetime_schema, parse=moments.parse_datetime, show=_plain(moments.show_datetime),
        clean=moments.clean_datetime,
        expects=_DATETIME, explain=_wrong("datetime", _DATETIME),
        law={"format": {"const": "date-time"}},
        properties=(*_USUAL, "default", "formula"),
    ),
    Kind(
        name="boolean", title="是否", hint="是或否",
        icon="toggle-left", widget="boolean", json_type="boolean", slot="n",
        schema=lambda field: {"type": "boolean"}, parse=texts.parse_boolean, show=_worded(texts.show_boolean),
        clean=_keep,
        expects="应是“是”或“否”",
        properties=(*_USUAL, "default", "formula"),
    ),
    Kind(
        name="choice", title="单选", hint="从几项里选一项：状态、类别",
        icon="circle-check", widget="choice", json_type="string", slot="t", may_be_key=True,
        schema=texts.choice_schema, parse=texts.parse_choice, show=_plain(texts.show_choice), clean=texts.clean_text,
        expects="应是选项中的一项",
        needs=("x-choices",), law={"x-choices": _CHOICES, "enum": _VALUES},
        properties=(*_KEYED, "choices", "default", "formula"),
    ),
    Kind(
        name="choices", title="多选", hint="从几项里选若干项：标签、工种",
        icon="checkbox", widget="choices", json_type="array",
        schema=texts.choices_schema, parse=texts.parse_choices, show=_worded(texts.show_choices), clean=_clean_list,
        expects="应是选项中的若干项",
        needs=("x-choices",), law={"x-choices": _CHOICES, **_LISTS, "maxItems": _COUNT},
        properties=(*_USUAL, "choices", "default", "min_items", "max_items"),
    ),
    Kind(
        name="reference", title="关联", hint="指向另一张表里的一条：所属项目、对应合同",
        icon="link", widget="reference", json_type="string", slot="r", may_be_key=True,
        schema=_id_schema, parse=_parse_name, show=_labelled, clean=texts.clean_text,
        expects=_REFERENCE, explain=_wrong("reference", _REFERENCE),
        needs=("x-ref",), law={"x-ref": {"type": "string"}},
        properties=(*_KEYED, "ref"),
    ),
    Kind(
        name="person", title="人员", hint="本单位的一位成员：经办人、负责人",
        icon="user", widget="person", json_type="string", slot="r", may_be_key=True,
        schema=_id_schema, parse=_parse_name, show=_labelled, clean=texts.clean_text,
        expects=_PERSON, explain=_wrong("reference", _PERSON),
        properties=(*_KEYED, "default"),
    ),
    Kind(
        name="phone", title="电话", hint="手机或座机，自动核对写法",
        icon="phone", widget="phone", json_type="string", slot="t", may_be_key=True, may_be_label=True,
        schema=_phone_schema, parse=_parse_phone, show=_plain(texts.show_text), clean=identity.clean_phone,
        explain=identity.explain_phone,
        properties=(*_KEYED, "pii"),
    ),
    Kind(
        name="idcard", title="身份证号", hint="18 位，自动核对出生日期和校验位",
        icon="id", widget="text", json_type="string", slot="t", may_be_key=True,
        schema=_format_schema("idcard"), parse=_parse_code, show=_plain(texts.show_text), clean=identity.clean_code,
        explain=identity.explain_card,
        properties=(*_KEYED, "pii"),
    ),
    Kind(
        name="uscc", title="统一社会信用代码", hint="18 位，自动核对校验位",
        icon="building", widget="text", json_type="string", slot="t", may_be_key=True, may_be_label=True,
        schema=_format_schema("uscc"), parse=_parse_code, show=_plain(texts.show_text), clean=identity.clean_code,
        explain=identity.explain_credit,
        properties=_KEYED,
    ),
    Kind(
        name="file", title="附件", hint="合同扫描件、表格等文件",
        icon="paperclip", widget="file", json_type="array", in_rows=False,
        schema=_files_schema, parse=texts.parse_ids, show=texts.show_files, clean=_clean_list,
        expects="应是一组文件", explain=_wrong("file", _FILE),
        law={**_LISTS, "maxItems": {**_COUNT, "maximum": FILES_LIMIT}},
        properties=(*_USUAL, "min_items", "max_items"),
    ),
    Kind(
        name="photo", title="照片", hint="现场照片，手机可直接拍",
        icon="camera", widget="photo", json_type="array", in_rows=False,
        schema=_files_schema, parse=texts.parse_ids, show=texts.show_files, clean=_clean_list,
        expects="应是一组文件", explain=_wrong("file", _FILE),
        law={**_LISTS, "maxItems": {**_COUNT, "maximum": FILES_LIMIT}, "x-drawn": {"type": "boolean"}},
        properties=(*_USUAL, "min_items", "max_items"),
    ),
    Kind(
        name="place", title="地点", hint="地址，可带定位",
        icon="map-pin", widget="place", json_type="object", in_rows=False,
        schema=texts.place_schema, parse=texts.parse_place, show=_plain(texts.show_place), clean=texts.clean_place,
        expects="应是地址，可带经度和纬度",
        properties=(*_USUAL, "pii"),
    ),
    Kind(
        name="rows", title="明细", hint="一张小表：预算明细、清单",
        icon="table", widget="rows", json_type="array", in_rows=False,
        schema=_rows_schema, parse=_parse_rows, show=_show_rows, clean=_clean_rows,
        expects="应是若干行",
        needs=("items",),
        law={ "items": {"$ref": "#/$defs/row"}, "minItems": _COUNT, "maxItems": {**_COUNT, "maximum": ROWS_LIMIT}, },
        properties=("title", "help", "required", "section", "columns", "min_items", "max_items"),
    ),
)  # fmt: skip

FIELD_TYPES: Mapping[str, Kind] = {kind.name: kind for kind in _ENTRIES}
