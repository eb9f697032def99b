"""What of a field the designer may set, and where each property stands in a definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Place = Literal["field", "required", "x-list", "x-key", "items"]
Input = Literal["text", "longtext", "number", "switch", "value", "choices", "form", "columns"]


@dataclass(frozen=True, slots=True)
class Property:
    """`place` "field": the keyword stands in the field itself; else in the form's list of that name."""

    name: str
    title: str  # Chinese source
    hint: str
    input: Input
    keyword: str
    place: Place = "field"


_ENTRIES = (
    Property("title", "名称", "填表的人看到的名称", "text", "title"),
    Property("help", "填写说明", "显示在输入框下面", "text", "x-help"),
    Property("required", "必填", "", "switch", "required", "required"),
    Property("key", "唯一标识", "不允许两条相同，导入时按它对应已有的数据", "switch", "x-key", "x-key"),
    Property("listed", "在列表中显示", "", "switch", "x-list", "x-list"),
    Property("section", "分组", "填表时归在哪个标题下", "text", "x-section"),
    Property("default", "默认值", "新建时先填好", "value", "x-default"),
    Property("max_length", "最大长度", "最多多少个字", "number", "maxLength"),
    Property("pattern", "格式", "正则表达式，例如 ^[A-Z]{2}[0-9]{4}$", "text", "pattern"),
    Property("decimals", "小数位数", "0 到 6 位", "number", "x-decimals"),
    Property("minimum", "最小值", "", "number", "minimum"),
    Property("maximum", "最大值", "", "number", "maximum"),
    Property("unit", "单位", "例如 元、万元、平方米、户", "text", "x-unit"),
    Property("choices", "选项", "每行一个", "choices", "x-choices"),
    Property("ref", "关联的表单", "从哪张表单里选", "form", "x-ref"),
    Property("columns", "明细的列", "", "columns", "items"),
    Property("min_items", "最少项数", "", "number", "minItems"),
    Property("max_items", "最多项数", "", "number", "maxItems"),
    Property("formula", "公式", "由别的字段算出，例如 ROUND(数量 * 单价, 2)", "longtext", "x-formula"),
    Property("default_formula", "默认值公式", "新建时算出，例如 WORKDAY(收到日期, 7)", "longtext", "x-default"),
    Property("visible_when", "何时显示", '满足条件才显示，例如 类型 = "lease"', "longtext", "x-when"),
    Property("keep_hidden", "不显示时保留已填的值", "", "switch", "x-when"),
    Property("required_when", "何时必填", "满足条件时必须填写", "longtext", "x-when"),
    Property("readonly_when", "何时只读", "满足条件时不能修改", "longtext", "x-when"),
    Property("pii", "个人信息", "标记后按个人信息保护的要求处理", "switch", "x-pii"),
)

PROPERTIES: Mapping[str, Property] = {one.name: one for one in _ENTRIES}
