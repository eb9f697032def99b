"""The second module proves the smallest plugin: business partners, without a line of Python."""

from __future__ import annotations

from core.forms import Form, check, clean, compile_form, load_modules, parse_value, slot_values
from core.settings import ROOT

FOLDER = ROOT / "schemas" / "partners"
TYPED = {
    "code": "FB-0012", "name": "苏州明达建筑劳务有限公司", "short_name": "明达劳务", "uscc": "91330100799655058B",
    "kind": "劳务分包", "also": "材料供应商、设备供应与租赁", "region": "江苏苏州姑苏区", "legal_person": "王建国",
    "founded": "2011年6月8日", "capital": "2,000", "qualification": "模板脚手架专业承包", "contact": "李敏",
    "phone": "138 0013 8000", "email": "limin@example.com",
    "address": "人民路 1 号（31.298，120.585）", "tax_kind": "一般纳税人",
    "bank": "中国建设银行苏州姑苏支行", "account": "3220 1988 8360 5150 0123", "status": "合格", "since": "2019/3/1",
    "blacklisted": "否", "notes": "按月结算",
}  # fmt: skip


def forms(lang: str = "zh") -> dict[str, Form]:
    shipped = load_modules([ROOT / "schemas"], installed=False).forms
    return {
        name.removeprefix("partners."): compile_form(name, body, version="1", lang=lang)
        for name, body in shipped.items()
        if name.startswith("partners.")
    }


def test_it_is_a_few_json_files_and_nothing_else():
    assert {path.suffix for path in FOLDER.iterdir()} == {".json"}
    assert len(list(FOLDER.iterdir())) <= 5
    assert not (ROOT / "plugins" / "partners").exists()


def test_a_company_as_people_type_it_is_right():
    company = forms()["company"]
    data = clean(company, {name: parse_value(company.fields[name], text) for name, text in TYPED.items()})
    assert check(company, data) == []
    assert data["kind"] == "labor_sub"
    assert data["also"] == ["supplier", "equipment"]
    assert str(data["capital"]) == "2000.0000"
    assert slot_values(company, data)["t7"] == "13800138000"


def test_what_is_listed_can_be_filtered_fast():
    for form in forms().values():
        assert all(form.fields[name].slot for name in form.list), form.name
        assert all(form.fields[name].slot for name in form.key), form.name


def test_every_word_of_it_is_english_too():
    """Field titles and choices; section headings and units as well."""
    for form in forms("en").values():
        words = [form.title, form.description]
        for field in form.fields.values():
            for one in (field, *field.columns):
                words += [one.title, one.help, one.section, one.unit, *(choice.title for choice in one.choices)]
        assert not [word for word in words if any("\u4e00" <= c <= "\u9fff" for c in word)], form.name
