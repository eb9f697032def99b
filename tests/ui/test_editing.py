"""The form of a record: nothing typed is lost, whatever goes wrong."""

from __future__ import annotations

from decimal import Decimal

from core.forms import Field, Form
from tests.ui.conftest import FORM, PATH, Office
from ui import entry
from ui.widgets import Entry, sections

NEW = f"{PATH}/new"


async def test_the_form_has_a_widget_for_every_kind_of_field(office: Office):
    page = (await (await office.browser(office.clerk)).get(NEW)).text
    kinds = "text money integer choice choices date datetime boolean person reference phone place file longtext rows"
    for kind in kinds.split():
        assert f"is-{kind}" in page, kind


async def test_what_is_typed_is_read_as_people_write_it(office: Office):
    top = await office.contract(name="总合同")
    fields = {
        "code": " HT-9 ", "name": "门窗合同", "amount": "￥1,234.50", "days": "９０", "kind": ["", "sub"],
        "tags": ["", "a", "b"], "signed": "2026-03-15", "filed": "2026-03-15T08:30", "urgent": ["", "1"],
        "parent": top, "parent__text": "总合同", "owner": office.clerk.member.id,
        "place.address": "解放路", "place.lat": "30.5", "place.lng": "114.3", "note": "一\r\n二",
        "lines": "", "lines.0.item": "窗", "lines.0.price": "86",
        "lines.3.item": "", "lines.3.price": "", "lines.7.item": "门",
    }  # fmt: skip
    answer = await (await office.browser(office.clerk)).post(NEW, fields)
    assert answer.status_code == 303
    stored = await office.admin.records.get(FORM, answer.headers["location"].rsplit("/", 1)[1])
    assert stored.data["code"] == "HT-9"
    assert stored.data["amount"] == Decimal("1234.50")
    assert stored.data["tags"] == ["a", "b"]
    assert stored.data["filed"] == "2026-03-15T00:30:00Z"
    assert stored.data["urgent"] is True
    assert stored.data["parent"] == top
    assert stored.data["note"] == "一\n二"
    assert [line["item"] for line in stored.data["lines"]] == ["窗", "门"]


async def test_a_refused_form_comes_back_as_typed_with_every_reason(office: Office):
    fields = {"code": "HT-9", "name": "", "amount": "很多钱", "lines": "", "lines.0.item": "窗", "lines.0.price": "贵"}
    answer = await (await office.browser(office.clerk)).post(NEW, fields)
    assert answer.status_code == 422
    for kept in ('value="HT-9"', 'value="很多钱"', 'value="贵"', 'href="#f-amount"', 'href="#f-lines-0-price"'):
        assert kept in answer.text, kept


async def test_a_taken_key_is_said_at_its_field(office: Office):
    await office.contract(code="HT-9")
    answer = await (await office.browser(office.clerk)).post(NEW, {"code": "HT-9", "name": "又一份"})
    assert answer.status_code == 422
    assert 'href="#f-code"' in answer.text
    assert 'value="又一份"' in answer.text


async def test_a_name_typed_without_choosing_is_looked_up(office: Office):
    top = await office.contract(name="总合同")
    browser = await office.browser(office.clerk)
    answer = await browser.post(NEW, {"code": "A", "name": "甲", "parent": "", "parent__text": "总合同"})
    stored = await office.admin.records.get(FORM, answer.headers["location"].rsplit("/", 1)[1])
    assert stored.data["parent"] == top
    wrong = await browser.post(NEW, {"code": "B", "name": "乙", "parent": "", "parent__text": "没有的合同"})
    assert wrong.status_code == 422
    assert 'value="没有的合同"' in wrong.text


async def test_only_what_was_changed_is_written(office: Office):
    id = await office.contract(amount=Decimal("5.00"), note="旧")
    browser = await office.browser(office.clerk)
    fields = {"code": "HT-1", "name": "外墙保温合同", "amount": "5", "note": "新", "urgent": "", "_revision": "1"}
    assert (await browser.post(f"{PATH}/{id}/edit", fields)).status_code == 303
    change = (await office.admin.records.history(FORM, id))[0]
    assert dict(change.changes) == {"note": ("旧", "新")}


async def test_two_people_saving_at_once_see_both_versions(office: Office):
    id = await office.contract(note="原来", days=1)
    record = await office.admin.records.get(FORM, id)
    await office.admin.records.update(FORM, id, {"note": "别人改的", "amount": 7}, revision=record.revision)
    browser = await office.browser(office.clerk)
    mine = {"code": "HT-1", "name": "外墙保温合同", "note": "我改的", "days": "2", "amount": "", "_revision": "1"}
    both = await browser.post(f"{PATH}/{id}/edit", mine)
    assert both.status_code == 409
    for words in ("我改的", "别人改的", "两人都改了"):
        assert words in both.text
    chosen = {
        "note": "我改的", "pick.note": "theirs", "days": "2", "pick.days": "mine",
        "amount": "", "pick.amount": "theirs", "_revision": "2",
    }  # fmt: skip
    assert (await browser.post(f"{PATH}/{id}/edit", chosen)).status_code == 303
    stored = await office.admin.records.get(FORM, id)
    assert (stored.data["note"], stored.data["days"], stored.data["amount"]) == ("别人改的", 2, 7)


async def test_what_was_typed_before_signing_in_again_is_shown_and_not_saved(office: Office):
    browser = await office.browser(office.clerk)
    fields = {"code": "HT-9", "name": "", "amount": "12", "lines": "", "lines.0.item": "窗", "_restored": "1"}
    answer = await browser.post(NEW, fields)
    assert 'value="HT-9"' in answer.text
    assert 'value="窗"' in answer.text
    assert "还没有保存" in answer.text
    assert "aria-invalid" not in answer.text
    assert (await office.admin.records.count(FORM)).number == 0


async def test_a_row_is_added_without_javascript(office: Office):
    browser = await office.browser(office.clerk)
    answer = await browser.post(NEW, {"code": "", "name": "", "lines": "", "lines.0.item": "窗", "_add": "lines"})
    assert 'name="lines.1.item"' in answer.text
    assert (await office.admin.records.count(FORM)).number == 0


async def test_a_copy_begins_with_the_values_but_not_the_key(office: Office):
    id = await office.contract(amount=5)
    page = (await (await office.browser(office.clerk)).get(f"{NEW}?copy={id}")).text
    assert 'value="外墙保温合同"' in page
    assert 'value="5.00"' in page
    assert 'value="HT-1"' not in page


async def test_the_address_may_fill_a_field(office: Office):
    id = await office.contract(name="总合同")
    page = (await (await office.browser(office.clerk)).get(f"{NEW}?parent={id}&days=x")).text
    assert 'value="总合同"' in page


async def test_a_viewer_is_not_given_the_form(office: Office):
    id = await office.contract()
    browser = await office.browser(office.viewer)
    assert (await browser.get(NEW)).status_code == 403
    assert (await browser.post(f"{PATH}/{id}/edit", {"name": "我来改", "_revision": "1"})).status_code == 403


async def test_the_drawer_gets_the_sheet_and_an_event(office: Office):
    id = await office.contract()
    browser = await office.browser(office.clerk)
    answer = await browser.post(f"{PATH}/{id}/edit", {"name": "改过", "_revision": "1"}, part=True)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "改过" in answer.text
    assert id in answer.headers["HX-Trigger"]


def test_a_computed_value_is_shown_and_never_read_from_a_form():
    amount = Field(name="total", type="money", title="合计", decimals=2, computed=True)
    form = Form(name="x.y", version="1", title="预算", fields={"total": amount})
    reading = entry.read(form, {"total": ["5"]})
    assert reading.data == {}
    (section,) = sections(form, Entry(data={"total": Decimal("1234.5")}))
    assert section.widgets[0].value == "1,234.50"
