"""Input that nobody types: every answer says what is wrong, and nothing breaks on either engine."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import httpx
import pytest

from core import people
from core.forms import compile_form, parse_value
from core.forms.texts import clean_text
from core.records.params import CONDITIONS, VALUES
from core.web.visit import split_url
from tests.ui.conftest import FORM, PATH, Browser, Office

API = f"/api/v1/forms/{FORM}"


async def program(office: Office) -> dict[str, str]:
    db, admin = office.app.state.platform.db, office.admin
    token = await people.create_token(db, admin.access, member=admin.member.id, name="test")
    return {"Authorization": f"Bearer {token}"}


async def signed_in(office: Office) -> Browser:
    return await office.browser(office.admin)


async def test_a_nul_is_refused_wherever_it_comes_in(office: Office) -> None:
    record, browser = await office.contract(), await signed_in(office)
    for path in (f"{PATH}/%00", f"{PATH}/{record}/cell/%00", "/files/%00", f"{PATH}/import/%00", "/admin/people/%00"):
        assert (await browser.get(path)).status_code == 404, path
    for path in (f"{PATH}/options/owner?q=%00", f"{PATH}?q=%00", f"{PATH}?where=code:eq:%00", "/search?q=a%00b"):
        assert (await browser.get(path)).status_code == 422, path
    posts = [
        ("/admin/departments", {"name": "a\0b"}),
        ("/admin/roles", {"name": "\0"}),
        (f"{PATH}/views", {"name": "\0"}),
    ]
    for path, fields in [*posts, (f"{PATH}/delete", {"id": "\0"}), (f"{PATH}/new", {"code": "1", "name": "a\0b"})]:
        assert (await browser.post(path, fields)).status_code == 422, path


async def test_numbers_that_are_none_are_never_an_accident(office: Office) -> None:
    record, browser = await office.contract(), await signed_in(office)
    for text in ("²", "9" * 5000, "1e9", "-1", "x"):
        answers = [
            await browser.post(f"{PATH}/{record}/edit", {"_revision": text, "name": "新名称"}),
            await browser.post(f"{PATH}/{record}/cell/name", {"_revision": text, "name": "新名称"}),
            await browser.post(f"{PATH}/{record}/delete", {"_revision": text}),
            await browser.post(f"{PATH}/{record}/revert", {"to": text, "_revision": "1"}),
            await browser.post("/tenant", {"tenant": text}),
            await browser.post("/admin/tokens", {"name": "t", "member": office.admin.member.id, "days": text}),
            await browser.get(f"{PATH}/filter?" + urlencode({"field": "amount", "at": text})),
        ]
        assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    assert (await office.admin.records.get(FORM, record)).revision == 1


async def test_a_question_with_too_many_parts_is_refused_before_the_database_sees_it(office: Office) -> None:
    headers = await program(office)
    for where in (
        [f"code:in:{','.join(f'k{n}' for n in range(VALUES + 1))}"],
        [f"days:in:{','.join(map(str, range(VALUES // 2 + 1)))}"] * 2,
        [f"days:ne:{n}" for n in range(CONDITIONS + 1)],
    ):
        answer = await office.client.get(f"{API}/records", params={"where": where}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["problems"][0]["code"]) == (422, "too_many")
    allowed = {"where": [f"days:in:{','.join(map(str, range(VALUES)))}"]}
    assert (await office.client.get(f"{API}/records", params=allowed, headers=headers)).status_code == 200
    for path in (f"{API}/records", f"{API}/totals"):
        long = await office.client.get(path, params={"q": " ".join(f"word{n}" for n in range(3000))}, headers=headers)
        assert long.status_code == 422
    assert (await (await signed_in(office)).get("/search?q=" + "a+" * 3000)).status_code == 422
    strange = {"limit": "000005" + "9" * 5000}
    assert (await office.client.get(f"{API}/records", params=strange, headers=headers)).status_code == 422


async def test_json_nested_without_end_is_unreadable_and_no_accident(office: Office) -> None:
    headers, deep = await program(office), "[" * 100_000
    cursor = base64.urlsafe_b64encode(deep[:40_000].encode()).decode().rstrip("=")
    assert (await office.client.get(f"{API}/records?after={cursor}", headers=headers)).status_code == 422
    file = {"file": ("a.csv", b"code,name\r\n1,a\r\n")}
    answer = await office.client.post(f"{API}/imports", headers=headers, files=file, data={"columns": deep})
    assert answer.status_code == 400
    rows = office.admin.forms.get(FORM).fields["lines"]
    with pytest.raises(ValueError):
        parse_value(rows, deep)


async def test_headers_with_broken_addresses_are_no_accident(client: httpx.AsyncClient) -> None:
    asked = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://["}
    assert (await client.get("/", headers=asked)).status_code == 401
    for origin in ("http://[", "null", "http://testserver.local.evil", "//testserver.local@evil"):
        assert (await client.post("/language", headers={"Origin": origin})).status_code == 403
    assert (await client.post("/sign-out", headers={"Referer": "http://["})).status_code == 401
    assert (await client.post("/sign-in", headers={"Cookie": b"tenant=\xb2"})).status_code == 403
    assert split_url("http://[").netloc == ""


async def test_no_address_leads_away_or_breaks_the_header(office: Office) -> None:
    browser = await signed_in(office)
    for to in ("//evil.test", "/\\evil.test", "https://evil.test", "/\tx", "/\r\nX: 1", "javascript:alert(1)"):
        for part in (False, True):
            answer = await browser.post("/language", {"to": to, "language": "zh"}, part=part)
            assert (answer.headers.get("location") or answer.headers.get("hx-redirect")) == "/"
    answer = await browser.post("/language", {"to": "/forms/合同?q=a%20b&x=1#y", "language": "zh"}, part=True)
    assert answer.headers["hx-redirect"] == "/forms/%E5%90%88%E5%90%8C?q=a%20b&x=1#y"


def test_two_texts_that_look_alike_are_alike() -> None:
    field = compile_form("own.x", {"properties": {"code": {"x-type": "text", "title": "编号"}}}, version="1").fields[
        "code"
    ]
    for text in ("A\u200b1", "\u202eA1\u202c", "A1\u2060", "\u2066A1\u2069", "\ufeffA1"):
        assert clean_text(field, text) == "A1"
    assert clean_text(field, "👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"
