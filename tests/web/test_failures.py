"""Errors as page, part of a page or JSON, in both languages, without a word too many."""

from __future__ import annotations

import logging

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
JSON = {"Accept": "application/json"}


async def test_a_page_that_is_not_there_says_so_in_the_frame_of_the_tenant(client, town):
    await client.sign_in("anna")
    answer = await client.get("/nowhere")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.text
    assert "<html" in answer.text


async def test_a_part_of_a_page_is_told_in_the_place_for_messages(client, town):
    answer = await client.get("/nowhere", headers=HTMX)
    assert answer.status_code == 404
    assert answer.headers["HX-Retarget"] == "#messages"
    assert answer.headers["HX-Reswap"] == "innerHTML"
    assert "<html" not in answer.text


async def test_programs_are_told_in_json(client, town):
    for path, headers in (("/nowhere", JSON), ("/api/v1/nowhere", {"Accept": "*/*"})):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"
        assert answer.json()["error"]["problems"] == []


async def test_a_wrong_method_is_405_and_names_the_right_ones(client, town):
    answer = await client.request("PUT", "/note", headers=JSON)
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert "GET" in answer.headers.get("allow", "GET")


async def test_a_wrong_path_parameter_is_not_an_accident(client, town):
    await client.sign_in("anna")
    answer = await client.get("/api/v1/items/abc")
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["message"]


async def test_an_accident_shows_a_number_and_no_detail(client, town, caplog):
    with caplog.at_level(logging.ERROR, logger="dougong.errors"):
        answer = await client.get("/break")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    number = answer.headers["x-request-id"]
    assert number in answer.text
    (record,) = [r for r in caplog.records if r.name == "dougong.errors"]
    assert number in record.getMessage()
    assert "secret detail" in str(record.exc_info[1])


async def test_an_accident_in_json(client, town):
    answer = await client.get("/break", headers=JSON)
    assert answer.status_code == 500
    assert answer.json()["error"]["id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text


async def test_a_database_that_fails_while_asking_who_it_is_ends_in_a_clear_page(client, town, small_app):
    await client.sign_in("anna")

    class Down:
        async def fetch_one(self, *args):
            raise OSError("connection refused by 10.0.0.3")

    small_app.state.platform.db = Down()
    answer = await client.get("/note")
    assert answer.status_code == 500
    assert "10.0.0.3" not in answer.text
    assert "系统出错" in answer.text


async def test_words_are_in_the_users_language(client, town):
    for language, words in (("zh", "没有这个页面"), ("en", "There is no such page")):
        client.cookies.set("language", language)
        assert words in (await client.get("/nowhere")).text
        assert words in (await client.get("/nowhere", headers=JSON)).json()["error"]["message"]


async def test_errors_are_never_kept_by_caches_nor_mixed_up_with_pages(client, town):
    answer = await client.get("/nowhere")
    assert "no-cache" in answer.headers["cache-control"]
    assert "HX-Request" in answer.headers["vary"]


async def test_the_access_log_has_no_query_cookie_or_body(client, town, caplog):
    with caplog.at_level(logging.INFO, logger="dougong.access"):
        await client.sign_in("anna")
        await client.get("/note?text=秘密")
    lines = [r.getMessage() for r in caplog.records if r.name == "dougong.access"]
    assert any(line.startswith("GET /note 200 ") for line in lines)
    assert not [line for line in lines if "秘密" in line or "horse" in line or "dougong=" in line]


async def test_what_breaks_before_its_first_byte_still_gets_a_clear_answer(client, town):
    answer = await client.get("/stream")
    assert answer.status_code == 500
    assert "系统出错" in answer.text
