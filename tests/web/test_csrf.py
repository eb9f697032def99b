"""A request that changes something must come from our own pages."""

from __future__ import annotations

import pytest


async def posted(client, **changes):
    data = {"text": "x", "_csrf": await client.token("/note")} | changes
    return await client.post("/note", data={k: v for k, v in data.items() if v is not None})


async def test_the_token_of_the_page_is_good(client, town):
    await client.sign_in("anna")
    assert "SAVED" in (await posted(client)).text


async def test_every_page_has_another_token_and_all_are_good(client, town):
    await client.sign_in("anna")
    first, second = await client.token("/note"), await client.token("/note")
    assert first != second
    assert "SAVED" in (await posted(client, _csrf=first)).text
    assert "SAVED" in (await posted(client, _csrf=second)).text


@pytest.mark.parametrize("token", [None, "", "x", "x.y", "💥.x", "." * 9])
async def test_a_missing_or_broken_token_is_refused(client, town, token):
    await client.sign_in("anna")
    client.headers.pop("Sec-Fetch-Site")
    answer = await posted(client, _csrf=token)
    assert answer.status_code == 403
    assert "SAVED" not in answer.text


async def test_a_token_of_another_session_is_refused(client, other, town):
    await client.sign_in("anna")
    await other.sign_in("boss")
    answer = await posted(client, _csrf=await other.token("/note"))
    assert answer.status_code == 403
    assert "SAVED" not in answer.text


async def test_a_token_from_before_signing_in_is_refused_after_it(client, town):
    before = await client.token()
    await client.sign_in("anna")
    assert (await posted(client, _csrf=before)).status_code == 403


async def test_htmx_sends_the_token_as_a_header(client, town):
    await client.sign_in("anna")
    headers = {"X-CSRF-Token": await client.token("/note"), "HX-Request": "true", "HX-Request-Type": "partial"}
    answer = await client.post("/note", data={"text": "x"}, headers=headers)
    assert answer.text.strip().startswith("<b>")


async def test_another_sites_form_is_refused_whatever_its_token(client, town):
    await client.sign_in("anna")
    token = await client.token("/note")
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://site.test.evil.test"},
        {"Origin": "http://site.test:81"},
    ):
        answer = await client.post("/note", data={"text": "x", "_csrf": token}, headers=headers)
        assert answer.status_code == 403, headers
        assert "别的网站" in answer.text


async def test_signing_in_is_protected_as_well(client, town):
    answer = await client.post("/sign-in", data={"login": "anna", "password": "x"})
    assert answer.status_code == 403


async def test_a_form_left_open_over_a_new_sign_in_is_shown_again_unsaved(client, town):
    await client.sign_in("anna")
    stale = await client.token("/note")
    await client.sign_in("anna")
    answer = await posted(client, text="长长的一段话", _csrf=stale)
    assert answer.status_code == 403
    assert 'name="text" value="长长的一段话"' in answer.text
    assert 'name="_restored" value="1"' in answer.text
    fresh = answer.text.split('name="_csrf" value="')[1].split('"')[0]
    again = await posted(client, text="长长的一段话", _csrf=fresh, _restored="1")
    assert "SHOWN AGAIN 长长的一段话" in again.text


async def test_htmx_is_given_a_fresh_token_with_the_refusal(client, town):
    await client.sign_in("anna")
    headers = {"X-CSRF-Token": "stale", "HX-Request": "true", "HX-Request-Type": "partial"}
    answer = await client.post("/note", data={"text": "x"}, headers=headers)
    assert answer.status_code == 403
    assert answer.headers["HX-Retarget"] == "#messages"
    fresh = answer.headers["X-CSRF-Token"]
    headers["X-CSRF-Token"] = fresh
    assert (await client.post("/note", data={"text": "x"}, headers=headers)).status_code == 200


async def test_a_page_without_a_form_leaves_a_visitor_without_cookies(client, town):
    answer = await client.get("/api/v1/items/1")
    assert "set-cookie" not in answer.headers
