"""The page of a record, its history in words, the bin, files, home and search."""

from __future__ import annotations

from tests.ui.conftest import FORM, PATH, Office


async def test_history_tells_who_changed_what_from_what_to_what(office: Office):
    id = await office.contract(amount=120000)
    await office.clerk.records.update(FORM, id, {"amount": 125000, "note": "补充协议"}, revision=1)
    page = (await (await office.browser(office.viewer)).get(f"{PATH}/{id}")).text
    assert "把<q>金额</q>从 <del>120,000.00</del> 改为 <ins>125,000.00</ins>" in page
    assert "填写<q>备注</q>为 <ins>补充协议</ins>" in page
    assert "<strong>clerk</strong>" in page
    assert "恢复到此" not in page  # a viewer may not


async def test_an_old_state_is_brought_back_as_a_new_change(office: Office):
    id = await office.contract(amount=1)
    await office.clerk.records.update(FORM, id, {"amount": 2}, revision=1)
    browser = await office.browser(office.clerk)
    assert "恢复到此" in (await browser.get(f"{PATH}/{id}/history")).text
    answer = await browser.post(f"{PATH}/{id}/revert", {"to": "1", "_revision": "2"})
    assert answer.status_code == 303
    stored = await office.admin.records.get(FORM, id)
    assert (stored.data["amount"], stored.revision) == (1, 3)


async def test_a_deleted_record_comes_back_from_the_bin(office: Office):
    id = await office.contract()
    browser = await office.browser(office.clerk)
    answer = await browser.post(f"{PATH}/{id}/delete", {"_revision": "1"})
    assert answer.headers["location"] == PATH
    assert "undo" in answer.headers["set-cookie"]
    assert "外墙保温合同" in (await browser.get(f"{PATH}/bin")).text
    assert "在回收站里" in (await browser.get(f"{PATH}/{id}")).text
    assert (await browser.post(f"{PATH}/{id}/restore", {})).headers["location"] == f"{PATH}/{id}"
    assert (await office.admin.records.count(FORM)).number == 1


async def test_what_is_referred_to_is_not_deleted_and_says_by_whom(office: Office):
    top = await office.contract(name="总合同")
    await office.contract(code="HT-2", name="分合同", parent=top)
    browser = await office.browser(office.clerk)
    page = (await browser.get(f"{PATH}/{top}")).text
    assert "分合同" in page  # among the related
    answer = await browser.post(f"{PATH}/{top}/delete", {"_revision": "1"})
    assert answer.headers["location"] == f"{PATH}/{top}"
    assert "bad" in answer.headers["set-cookie"]


async def test_personal_numbers_are_masked_in_the_list_and_whole_on_the_page(office: Office):
    id = await office.contract(phone="13812345678")
    browser = await office.browser(office.clerk)
    assert "138****5678" in (await browser.get(f"{PATH}?columns=code,phone")).text
    assert "13812345678" in (await browser.get(f"{PATH}/{id}")).text


async def test_a_file_is_kept_at_once_and_given_under_the_rights_of_its_record(office: Office):
    browser = await office.browser(office.clerk)
    await browser.get("/")
    headers = browser.headers(part=True, **{"X-CSRF-Token": browser.token})
    files = {"file": ("合同<1>.pdf", b"%PDF-1.4 text", "text/html")}
    answer = await office.client.post("/files", data={"name": "scan"}, files=files, headers=headers)
    assert answer.status_code == 200
    file = answer.text.split('name="scan" value="')[1].split('"')[0]
    id = await office.contract(code="HT-3")
    await browser.post(f"{PATH}/{id}/edit", {"scan": ["", file], "_revision": "1"})
    got = await browser.get(f"/files/{file}")
    assert got.content == b"%PDF-1.4 text"
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-disposition"].startswith("inline")
    assert "sandbox" in got.headers["content-security-policy"]
    assert (await (await office.browser(office.viewer)).get(f"/files/{file}")).status_code == 200
    assert (await (await office.browser(office.neighbour)).get(f"/files/{file}")).status_code == 404


async def test_html_that_was_uploaded_never_runs_in_our_pages(office: Office):
    browser = await office.browser(office.clerk)
    await browser.get("/")
    headers = browser.headers(part=True, **{"X-CSRF-Token": browser.token})
    files = {"file": ("a.html", b"<script>alert(1)</script>", "text/html")}
    answer = await office.client.post("/files", data={"name": "scan"}, files=files, headers=headers)
    file = answer.text.split('name="scan" value="')[1].split('"')[0]
    got = await browser.get(f"/files/{file}")
    assert got.headers["content-type"].startswith("application/octet-stream")
    assert got.headers["content-disposition"].startswith("attachment")


async def test_the_picker_offers_two_lines_and_only_what_may_be_read(office: Office):
    await office.contract(code="HT-7", name="总合同")
    answer = await (await office.browser(office.clerk)).get(f"{PATH}/options/parent?q=总合", part=True)
    assert 'role="option"' in answer.text
    assert "HT-7" in answer.text
    people = await (await office.browser(office.clerk)).get(f"{PATH}/options/owner?q=view", part=True)
    assert "viewer" in people.text
    inside = await (await office.browser(office.clerk)).get(f"{PATH}/options/lines.under?q=总合同", part=True)
    assert "总合同" in inside.text


async def test_home_shows_forms_and_what_one_did_last(office: Office):
    browser = await office.browser(office.clerk)
    assert "合同台账" in (await browser.get("/")).text
    await office.clerk.records.create(FORM, {"code": "HT-5", "name": "我建的合同"})
    assert "我建的合同" in (await browser.get("/")).text
    assert "我建的合同" not in (await (await office.browser(office.viewer)).get("/")).text


async def test_an_empty_tenant_is_told_what_to_do_first(office: Office):
    page = (await (await office.browser(office.neighbour)).get("/")).text
    assert "先决定这里做什么" in page
    assert 'href="/admin/modules"' in page


async def test_search_groups_by_form_and_shows_the_words_around(office: Office):
    await office.contract(note="位于解放路东侧的老旧小区")
    page = (await (await office.browser(office.clerk)).get("/search?q=解放")).text
    assert "外墙保温合同" in page
    assert "解放路东侧" in page


async def test_errors_are_pages_with_a_way_on(office: Office):
    browser = await office.browser(office.clerk)
    answer = await browser.get("/forms/own.nothing")
    assert answer.status_code == 404
    assert 'href="/"' in answer.text
    part = await browser.get("/forms/own.nothing", part=True)
    assert part.headers["HX-Retarget"] == "#messages"
    assert "<html" not in part.text


async def test_pages_speak_english_when_asked(office: Office):
    await office.contract()
    browser = await office.browser(office.clerk)
    page = (await browser.get(PATH, Cookie=f"dougong={browser.cookie}; language=en")).text
    assert 'lang="zh-CN"' in page  # what the account chose counts, not a cookie
    await browser.post("/language", {"language": "en", "to": PATH})
    page = (await browser.get(PATH)).text
    assert 'lang="en"' in page
    assert "Save as view" in page
