"""The form as one types: the server's answer alone says what is computed, shown, required and read-only."""

from __future__ import annotations

import re
from decimal import Decimal

from core import definitions
from tests.ui.conftest import Office

ORDER = {
    "title": "采购单", "type": "object", "required": ["code"], "x-label": "code",
    "properties": {
        "code": {"title": "编号", "x-type": "text"},
        "kind": {"title": "方式", "x-type": "choice", "x-choices": [
            {"value": "buy", "title": "购买"}, {"value": "rent", "title": "租用"}]},
        "until": {"title": "租到", "x-type": "date", "x-when": {
            "visible": 'kind = "rent"', "required": "total > 100"}},
        "placed": {"title": "下单", "x-type": "date"},
        "due": {"title": "到货", "x-type": "date", "x-default": {"formula": "placed + 7"}},
        "lines": {"title": "明细", "x-type": "rows", "items": {"type": "object", "properties": {
            "quantity": {"title": "数量", "x-type": "decimal"},
            "price": {"title": "单价", "x-type": "money"},
            "amount": {"title": "金额", "x-type": "money", "x-formula": "quantity * price"}}}},
        "total": {"title": "合计", "x-type": "money", "x-formula": "SUM(lines.amount)"},
        "contract": {"title": "合同", "x-type": "reference", "x-ref": "own.contract"},
        "named": {"title": "合同名", "x-type": "text", "x-formula": "contract.name"},
        "share": {"title": "占比", "x-type": "decimal", "x-formula": "total / 0"},
    },
}  # fmt: skip
NEW = "/forms/own.order/new"
LIVE = "/forms/own.order/live"


async def order_form(office: Office) -> None:
    name = await definitions.create_form(office.admin, title="采购单", code="order")
    await definitions.save_draft(office.admin, name, ORDER)
    await definitions.publish(office.admin, name)


def told(answer, name: str) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    [found] = re.findall(rf'<data value="{re.escape(name)}"([^>]*)>', answer.text)
    return dict(re.findall(r'data-(\w+)="([^"]*)"', found))


async def test_computed_values_rows_and_conditions_are_answered_as_saving_would_store_them(office: Office):
    await order_form(office)
    browser = await office.browser(office.admin)
    page = (await browser.get(NEW)).text
    assert 'data-field="until" data-away' in page
    assert "data-live" in page
    typed = {
        "code": "1", "kind": ["", "rent"], "placed": "2026-03-02", "due": "", "_given.due": "", "until": "",
        "lines": "", "lines.0.quantity": "", "lines.4.quantity": "2", "lines.4.price": "60.5", "lines.4.amount": "",
    }  # fmt: skip
    answer = await browser.post(LIVE, typed)
    assert told(answer, "lines.4.amount")["value"] == "121.00"
    assert told(answer, "total")["shown"] == "121.00"
    assert told(answer, "share")["shown"] == ""
    assert told(answer, "until")["state"] == "visible required"
    assert told(answer, "due")["value"] == "2026-03-09"
    refused = await browser.post(NEW, typed)
    assert refused.status_code == 422
    assert "data-away" not in refused.text
    saved = await browser.post(NEW, typed | {"until": "2027-01-01"})
    assert saved.status_code == 303
    stored = (await browser.get(saved.headers["location"])).text
    assert "2026-03-09" in stored
    assert "121.00" in stored


async def test_what_a_hidden_field_holds_stops_nobody(office: Office):
    await order_form(office)
    browser = await office.browser(office.admin)
    await browser.get(NEW)
    saved = await browser.post(NEW, {"code": "1", "kind": ["", "buy"], "until": "31.31.", "due": "2026-05-01"})
    assert saved.status_code == 303
    assert "租到" not in (await browser.get(saved.headers["location"])).text


async def test_an_id_that_is_not_ones_to_read_tells_nothing(office: Office):
    await order_form(office)
    mine = await office.contract(name="总包合同", amount=Decimal(5))
    browser = await office.browser(office.admin)
    await browser.get(NEW)
    assert told(await browser.post(LIVE, {"code": "1", "contract": mine}), "named")["shown"] == "总包合同"
    assert told(await browser.post(LIVE, {"code": "1", "contract": "0" * 16}), "named")["shown"] == ""
    assert (await browser.post(LIVE, {"code": "1", "_record": mine})).status_code == 404
