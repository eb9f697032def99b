"""The dialect of states and steps: what is refused and where, what a tenant may set, what a new version changes."""

from __future__ import annotations

import json
import re
from copy import deepcopy

import pytest

from core.forms import check_definition, check_overlay, compile_form, diff_definitions, merge
from core.settings import ROOT
from tests.flow.offices import BILL


def changed(change):
    definition = deepcopy(dict(BILL))
    change(definition)
    return definition


def faults(definition):
    return {(p.field, p.code) for p in check_definition(definition, name="own.bill", known_forms=())}


def test_the_form_of_these_tests_is_good():
    assert faults(BILL) == set()


@pytest.mark.parametrize(("change", "fault"), [
    (lambda d: d.pop("x-states"), ("x-flow", "states")),
    (lambda d: d["x-states"].update(field="code"), ("x-states.field", "field")),
    (lambda d: d["x-states"].update(initial="nothing"), ("x-states.initial", "field")),
    (lambda d: d["properties"]["state"].update({"x-default": "sent"}), ("properties.state.x-default", "default")),
    (lambda d: d["x-states"]["states"].update(nothing={}), ("x-states.states.nothing", "field")),
    (lambda d: d["x-states"]["states"]["sent"].update(read_only=["state"]),
     ("x-states.states.sent.read_only.0", "field")),
    (lambda d: d["x-states"]["states"]["sent"].update(colour="red"), ("x-states.states.sent.colour", "unknown")),
    (lambda d: d["x-states"]["states"]["good"].update(final=True), ("x-flow.3.from", "final")),
    (lambda d: d["x-flow"][0].update({"from": ["nothing"]}), ("x-flow.0.from", "field")),
    (lambda d: d["x-flow"][0].update(to="nothing"), ("x-flow.0.to", "field")),
    (lambda d: d["x-flow"][1].update(code="send"), ("x-flow.1.code", "repeated")),
    (lambda d: d["x-flow"][0].update(when="amont > 0"), ("x-flow.0.when", "formula")),
    (lambda d: d["x-flow"][0].update(when="amount + 1"), ("x-flow.0.when", "formula")),
    (lambda d: d["x-flow"][0].update(required=["double"]), None),
    (lambda d: d["x-flow"][0].update(required=["state"]), ("x-flow.0.required.0", "field")),
    (lambda d: d["x-flow"][0].update(apart=["send"]), ("x-flow.0.apart", "step")),
    (lambda d: d.update({"x-translations": {"en": {"steps": {"gone": {"title": "Gone"}}}}}),
     ("x-translations.en.steps.gone", "step")),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_at_its_place(change, fault):
    found = faults(changed(change))
    assert fault in found if fault else found == set()


def test_steps_speak_the_readers_language():
    words = {"en": {"steps": {"send": {"title": "Submit", "message": "More than nothing, please"}}}}
    form = compile_form("own.bill", {**BILL, "x-translations": words}, version="1", lang="en")
    assert (form.flow.step("send").title, form.flow.step("send").message) == ("Submit", "More than nothing, please")
    assert form.flow.step("agree").title == "批准"


def overlay(*items):
    return {"base_version": "1", "items": list(items)}


def test_a_tenant_says_who_takes_a_modules_step_and_makes_it_stricter():
    laid = overlay(
        {"op": "step", "code": "pay", "property": "roles", "value": ["cashier"]},
        {"op": "step", "code": "pay", "property": "when", "value": "amount < 1000"},
        {"op": "step", "code": "agree", "property": "title", "value": "同意付款"},
        {"op": "state", "code": "sent", "property": "required", "value": ["amount", "code"]},
    )
    assert check_overlay(laid, name="m.bill", base=BILL, known_forms=()) == []
    flow = compile_form("m.bill", BILL, laid, version="1").flow
    assert (flow.step("pay").roles, flow.step("pay").when) == (("cashier",), "amount < 1000")
    assert flow.step("agree").title == "同意付款"
    assert flow.state("sent").required == {"amount", "code"}


@pytest.mark.parametrize("item", [
    {"op": "step", "code": "send", "property": "when", "value": "amount > 5"},
    {"op": "step", "code": "agree", "property": "required", "value": []},
    {"op": "step", "code": "agree", "property": "apart", "value": []},
    {"op": "step", "code": "back", "property": "comment", "value": "none"},
    {"op": "state", "code": "good", "property": "read_only", "value": ["amount"]},
    {"op": "state", "code": "sent", "property": "required", "value": []},
    {"op": "set", "name": "state", "property": "hidden", "value": True},
    {"op": "step", "code": "gone", "property": "title", "value": "没了"},
])  # fmt: skip
def test_a_tenant_never_loosens_a_modules_flow(item):
    merged = merge(BILL, overlay(item))
    assert len(merged.findings) == 1
    assert merged.definition["x-flow"] == BILL["x-flow"]
    assert merged.definition["x-states"] == BILL["x-states"]


def test_a_modules_states_stay_whatever_the_tenant_chooses():
    laid = overlay({"op": "set", "name": "state", "property": "choices", "value": [{"value": "x", "title": "另加"}]})
    assert list(compile_form("m.bill", BILL, laid, version="1").flow.states) == ["draft", "sent", "good", "done", "x"]


def test_a_new_version_says_in_words_what_changes_of_the_flow():
    def change(d):
        d["x-flow"][0].update(title="送审", roles=["editor"])
        d["x-flow"][2]["to"] = "done"
        del d["x-flow"][3], d["x-states"]["states"]["sent"]["required"]
        d["x-flow"].append({"code": "stop", "title": "作废", "from": ["draft"], "to": "done"})

    old, new = (compile_form("own.bill", one, version="1") for one in (BILL, changed(change)))
    assert diff_definitions(old, new) == [
        "“待审批”时必须填写：无", "新增步骤“作废”：草稿 → 已付款", "删除步骤“付款”",
        "步骤改名：“提交”改为“送审”", "修改步骤“送审”的办理角色", "步骤“批准”改为：待审批 → 已付款",
    ]  # fmt: skip
    assert diff_definitions(old, old) == []
    plain = compile_form("own.bill", {k: v for k, v in BILL.items() if k not in ("x-states", "x-flow")}, version="1")
    assert [line[:4] for line in diff_definitions(plain, new)] == ["启用状态"]
    assert [line[:4] for line in diff_definitions(new, plain)] == ["不再有状"]


def test_the_states_of_the_readme_are_a_form():
    text = (ROOT / "schemas" / "README.md").read_text(encoding="utf-8")
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.S)]
    states = next(block for block in blocks if "x-flow" in block)
    assert check_definition({"title": "合同", **states}, name="own.contract", known_forms=()) == []
