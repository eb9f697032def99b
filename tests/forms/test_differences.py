"""Before a publish the designer hears in words what changes, and how much stored data would no longer fit."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from core.forms import Form, breaking_check, compile_form, diff_definitions
from tests.forms.samples import EVERYTHING, definition, form, small, whole


def changed(edit: Any) -> list[str]:
    body = deepcopy(EVERYTHING)
    edit(body)
    return diff_definitions(form(), compile_form("demo.sample", body, version="4"))


def fields(**props: dict[str, Any]) -> Form:
    return compile_form("own.x", small(**props), version="1")


def test_nothing_changed_says_nothing():
    assert changed(lambda body: None) == []


def test_a_new_form_is_one_sentence():
    assert diff_definitions(None, form()) == ["新建表单“样表”，共 20 个字段"]


def test_fields_that_come_and_go_are_told():
    def edit(body: dict[str, Any]) -> None:
        del body["properties"]["notes"]
        body["properties"]["grade"] = {"title": "等级", "x-type": "text"}
        body["properties"]["must"] = {"title": "归口", "x-type": "person"}
        body["required"].append("must")

    assert changed(edit) == [
        "新增字段“等级”（文本）",
        "新增必填字段“归口”（人员），已有的数据要补填",
        "删除字段“备注”，已存的值保留但不再显示",
    ]


def test_what_changes_in_a_field_is_told():
    def edit(body: dict[str, Any]) -> None:
        props = body["properties"]
        props["code"].update({"title": "项目编号", "maxLength": 30})
        props["notes"].update({"x-help": "写清原因"})
        props["count"].update({"minimum": 1, "maximum": None})
        props["area"].update({"x-decimals": 2})
        props["day"].update({"x-default": None})
        props["phone"].update({"x-pii": True})
        props["amount"].update({"x-computed": True})
        body["required"] = ["code", "lines", "day"]

    assert changed(edit) == [
        "字段改名：“编号”改为“项目编号”",
        "“项目编号”的最大长度由 20 改为 30",
        "“名称”改为选填",
        "修改“备注”的说明、分组或单位",
        "“户数”的最小值由 0 改为 1",
        "“户数”的最大值由 9999 改为 不限",
        "“面积”的小数位数由 3 改为 2",
        "“金额”改为自动计算",
        "“日期”改为必填，空着的数据要补填",
        "“日期”的默认值改为空",
        "“电话”标为个人信息",
    ]


def test_a_change_of_type_is_told_alone():
    def edit(body: dict[str, Any]) -> None:
        body["properties"]["count"] = {"title": "户数", "x-type": "text"}

    assert changed(edit) == ["“户数”的类型由“整数”改为“文本”，不合新类型的值需要改正"]


def test_what_changes_in_choices_is_told():
    def edit(body: dict[str, Any]) -> None:
        body["properties"]["kind"]["x-choices"] = [
            {"value": "other", "title": "其他"}, {"value": "road", "title": "公路"},
            {"value": "bridge", "title": "桥梁"},
        ]  # fmt: skip
        body["properties"]["tags"]["x-choices"].reverse()
        body["properties"]["kind"]["x-default"] = "road"

    assert changed(edit) == [
        "“类别”的选项“道路”改名为“公路”",
        "“类别”新增选项：桥梁",
        "“类别”删除选项：供水、排水，已选了它们的数据要改选",
        "“类别”的默认值改为“公路”",
        "调整“标签”的选项顺序",
    ]


def test_what_changes_in_rows_is_told_with_the_rows():
    def edit(body: dict[str, Any]) -> None:
        columns = body["properties"]["lines"]["items"]["properties"]
        del columns["due"]
        columns["price"]["title"] = "综合单价"
        columns["unit"] = {"title": "单位", "x-type": "text"}

    assert changed(edit) == [
        "明细“明细”：新增字段“单位”（文本）",
        "明细“明细”：删除字段“到期”，已存的值保留但不再显示",
        "明细“明细”：字段改名：“单价”改为“综合单价”",
    ]


def test_what_changes_in_the_form_is_told():
    def edit(body: dict[str, Any]) -> None:
        body.update({"title": "新样表", "x-key": ["name"], "x-label": "code", "x-list": ["name"], "x-menu": False})
        body["properties"] = {"name": body["properties"].pop("name"), **body["properties"]}

    assert changed(edit) == [
        "表单改名：“样表”改为“新样表”",
        "唯一标识改为：名称，重复的数据要先改正",
        "在别处显示的名称改用“编号”",
        "列表的列改为：名称",
        "调整字段顺序",
        "不在菜单中显示",
    ]
    assert changed(lambda body: body.pop("x-key")) == ["不再有唯一标识，可以出现重复"]


def test_hiding_and_showing_is_told():
    hidden = compile_form("demo.sample", EVERYTHING, {"items": [{"op": "hide", "name": "notes"}]}, version="3+1")
    assert diff_definitions(form(), hidden) == ["隐藏字段“备注”，已存的值保留"]
    assert diff_definitions(hidden, form()) == ["重新显示字段“备注”"]


def test_stored_data_that_no_longer_fits_is_counted_and_named():
    stricter = definition(required=["code", "name", "lines", "notes"])
    stricter["properties"]["count"]["maximum"] = 100
    new = compile_form("demo.sample", stricter, version="4")
    poor = {"code": "B", "name": "乙", "lines": [{"item": "石"}]}
    rows = [
        ("1", whole()),
        ("2", poor),
        ("3", {**poor, "notes": "x", "count": 5}),
        ("4", {**poor, "notes": "", "gone": 1}),
    ]
    found = breaking_check(new, rows)
    assert (found.checked, found.wrong, dict(found.by_field)) == (4, 3, {"notes": 2, "count": 1})
    assert [(row, [p.field for p in problems]) for row, problems in found.samples] == [
        ("1", ["count"]), ("2", ["notes"]), ("4", ["notes"]),
    ]  # fmt: skip


def test_values_of_a_removed_field_do_not_count_as_broken():
    new = fields(a={"x-type": "text"})
    assert breaking_check(new, [("1", {"a": "x", "b": 5})]).wrong == 0


def test_only_the_first_few_are_kept_as_samples():
    new = compile_form("own.x", {**small(a={"x-type": "text"}), "required": ["a"]}, version="2")
    found = breaking_check(new, ((str(n), {}) for n in range(100)))
    assert (found.checked, found.wrong, len(found.samples)) == (100, 100, 20)
