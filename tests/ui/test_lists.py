"""The list of a form: what it shows, how the address says it, what it answers to htmx."""

from __future__ import annotations

from tests.ui.conftest import FORM, PATH, Office


async def test_an_empty_form_says_what_to_do_first(office: Office):
    page = (await (await office.browser(office.clerk)).get(PATH)).text
    assert "还没有合同台账" in page
    assert f'href="{PATH}/new"' in page


async def test_who_may_not_create_is_not_offered_it(office: Office):
    page = (await (await office.browser(office.viewer)).get(PATH)).text
    assert f'href="{PATH}/new"' not in page
    assert "您没有新建的权限" in page


async def test_a_list_shows_money_with_separators_and_choices_by_title(office: Office):
    await office.contract(amount=1234567, kind="sub")
    page = (await (await office.browser(office.clerk)).get(PATH)).text
    assert "1,234,567.00" in page
    assert '<span class="chip green">分包</span>' in page


async def test_text_in_a_record_is_never_markup(office: Office):
    await office.contract(name="<script>alert(1)</script>")
    page = (await (await office.browser(office.clerk)).get(PATH)).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_nothing_matches_is_told_apart_from_nothing_there(office: Office):
    await office.contract()
    page = (await (await office.browser(office.clerk)).get(f"{PATH}?q=没有这个")).text
    assert "没有符合条件的内容" in page


async def test_to_htmx_the_list_alone_comes_and_the_address_is_told(office: Office):
    await office.contract(amount=5)
    answer = await (await office.browser(office.clerk)).get(f"{PATH}?where=amount:ge:1&sort=-amount", part=True)
    assert "<html" not in answer.text
    assert 'id="list"' in answer.text
    assert answer.headers["HX-Push-Url"] == f"{PATH}?where=amount:ge:1&sort=-amount"


async def test_the_second_page_brings_rows_only(office: Office):
    rows = [{"code": f"HT-{n:03}", "name": f"合同{n}"} for n in range(60)]
    await office.admin.records.bulk(FORM, rows, mode="create", source="system")
    browser = await office.browser(office.clerk)
    first = (await browser.get(PATH)).text
    assert first.count("<tr data-id") == 50
    more = first.split('class="linklike" href="')[1].split('"')[0].replace("&amp;", "&")
    second = (await browser.get(more, part=True)).text
    assert second.count("<tr data-id") == 10
    assert 'id="list"' not in second


async def test_fifty_rows_stay_under_sixty_kilobytes(office: Office):
    rows = [{"code": f"HT-{n:03}", "name": f"合同{n}", "amount": n * 1000, "kind": "sub"} for n in range(60)]
    await office.admin.records.bulk(FORM, rows, mode="create", source="system")
    answer = await (await office.browser(office.clerk)).get(PATH)
    assert len(answer.content) < 60_000


async def test_a_filter_typed_in_the_panel_becomes_part_of_the_address(office: Office):
    browser = await office.browser(office.clerk)
    answer = await browser.get(f"{PATH}?field=amount&op=between&v=1,000&v2=２０００")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{PATH}?where=amount:ge:1000.00&where=amount:le:2000.00"


async def test_a_filter_that_cannot_be_read_comes_back_with_the_reason(office: Office):
    browser = await office.browser(office.clerk)
    answer = await browser.get(f"{PATH}?field=amount&op=eq&v=很多", part=True)
    assert answer.status_code == 422
    assert "很多" in answer.text
    assert answer.headers["HX-Retarget"] == "#filter-panel"


async def test_two_bounds_of_one_field_are_one_chip(office: Office):
    page = await (await office.browser(office.clerk)).get(
        f"{PATH}?where=signed:ge:2026-01-01&where=signed:le:2026-03-31"
    )
    assert page.text.count('class="filter"') == 1
    assert "2026-01-01 至 2026-03-31" in page.text


async def test_an_address_that_makes_no_sense_is_explained_on_the_page(office: Office):
    page = await (await office.browser(office.clerk)).get(f"{PATH}?where=nothing:eq:1")
    assert page.status_code == 200
    assert "回到全部" in page.text


async def test_filters_on_people_and_records_are_named(office: Office):
    top = await office.contract(name="总合同")
    page = await (await office.browser(office.clerk)).get(f"{PATH}?where=parent:eq:{top}&where=owner:eq:me")
    assert "<b>总合同</b>" in page.text
    assert "<b>我</b>" in page.text


async def test_totals_and_counts_come_when_asked(office: Office):
    await office.contract(amount=100)
    await office.contract(code="HT-2", amount=-30)
    browser = await office.browser(office.clerk)
    assert "70.00" in (await browser.get(f"{PATH}/totals", part=True)).text
    assert "共 2 条" in (await browser.get(f"{PATH}/count", part=True)).text
    assert (await browser.get(f"{PATH}/tally", part=True)).text == "2"


async def test_a_view_keeps_filters_under_a_name_and_is_ones_own(office: Office):
    await office.contract(kind="sub")
    browser = await office.browser(office.clerk)
    saved = await browser.post(f"{PATH}/views", {"name": "只看分包", "where": "kind:eq:sub", "sort": "-amount"})
    assert saved.status_code == 303
    assert "where=kind:eq:sub&sort=-amount" in saved.headers["location"]
    assert "只看分包" in (await browser.get(PATH)).text
    assert "只看分包" not in (await (await office.browser(office.viewer)).get(PATH)).text
    id = saved.headers["location"].split("view=")[1].split("&")[0]
    assert (await browser.get(f"{PATH}?view={id}")).headers["location"] == saved.headers["location"]
    await browser.post(f"{PATH}/views/{id}", {"do": "delete"})
    assert "只看分包" not in (await browser.get(PATH)).text


async def test_selected_rows_go_to_the_bin_and_what_stays_is_named(office: Office):
    one, two = await office.contract(), await office.contract(code="HT-2")
    browser = await office.browser(office.clerk)
    answer = await browser.post(f"{PATH}/delete", {"id": [f"{one}:1", f"{two}:9"], "to": f"{PATH}?q=x"})
    assert answer.headers["location"] == f"{PATH}?q=x"
    assert "toast=" in answer.headers["set-cookie"]
    assert (await office.admin.records.count(FORM)).number == 1


async def test_a_cell_is_edited_in_place_and_refused_with_the_reason(office: Office):
    id = await office.contract(amount=5)
    browser = await office.browser(office.clerk)
    assert 'name="amount"' in (await browser.get(f"{PATH}/{id}/cell/amount", part=True)).text
    wrong = await browser.post(f"{PATH}/{id}/cell/amount", {"amount": "五块", "_revision": "1"}, part=True)
    assert wrong.status_code == 422
    assert "五块" in wrong.text
    right = await browser.post(f"{PATH}/{id}/cell/amount", {"amount": "1,234.5", "_revision": "1"}, part=True)
    assert right.text.strip() == "1,234.50"
    assert '"revision": 2' in right.headers["HX-Trigger"]
    assert (await browser.get(f"{PATH}/{id}/cell/lines", part=True)).status_code == 404


async def test_a_viewer_may_not_edit_a_cell(office: Office):
    id = await office.contract()
    assert (await (await office.browser(office.viewer)).get(f"{PATH}/{id}/cell/amount", part=True)).status_code == 404


async def test_nothing_of_the_list_reaches_another_tenant(office: Office):
    id = await office.contract(name="机密合同")
    browser = await office.browser(office.neighbour)
    for path in (PATH, f"{PATH}/{id}", f"{PATH}/{id}/edit", f"{PATH}/{id}/history", f"{PATH}/bin", f"{PATH}/count"):
        answer = await browser.get(path)
        assert answer.status_code == 404, path
        assert "机密合同" not in answer.text
    assert "机密合同" not in (await browser.get("/search?q=机密")).text


async def test_a_list_is_filtered_by_a_formula_that_is_checked_while_it_is_typed(office: Office):
    await office.contract(code="HT-A", amount=5)
    await office.contract(code="HT-B", amount=5000)
    browser = await office.browser(office.clerk)
    page = (await browser.get(f"{PATH}?filter=amount * 2 > 100")).text
    assert "HT-B" in page
    assert "HT-A" not in page
    assert "去掉这个筛选：公式" in page
    assert "第 1 行第 10 个字" in (await browser.get(f"{PATH}?filter=amount > wrong")).text
    assert "现在有 1 条符合" in (await browser.get(f"{PATH}/formula?filter=amount * 2 > 100")).text
    assert "ROUND" not in (await browser.get(f"{PATH}/formula?filter=")).text
