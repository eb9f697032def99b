"""An expired session in the middle of a form: what was typed comes back after signing in."""

from __future__ import annotations

import pytest

from core.web.carried import Carried, pack, unpack
from tests.web.conftest import PASSWORD, value_in


async def expired(client, db, login="anna"):
    """Signed in, a form open, and then the session is over."""
    await client.sign_in(login)
    token = await client.token("/note")
    await db.execute("UPDATE session SET expires_at = '2026-01-01T00:00:00.000000Z'")
    return token


async def sign_in_with(client, answer, login="anna"):
    data = {name: value_in(answer.text, name) for name in ("_csrf", "carried", "to")}
    return await client.post("/sign-in", data=data | {"login": login, "password": PASSWORD})


async def test_what_was_typed_comes_back_after_signing_in(client, town, db):
    token = await expired(client, db)
    text = '三行\r\n"引号" <标签> & 其他'
    answer = await client.post("/note", data={"text": text, "_csrf": token})
    assert answer.status_code == 401
    assert "SAVED" not in answer.text
    answer = await sign_in_with(client, answer)
    assert answer.status_code == 200
    assert 'action="/note"' in answer.text
    data = {name: value_in(answer.text, name) for name in ("_csrf", "_restored")}
    answer = await client.post("/note", data=data | {"text": text})
    assert "SHOWN AGAIN 三行" in answer.text
    assert "&lt;标签&gt;" in answer.text


async def test_a_form_with_a_file_carries_its_fields_and_says_that_the_file_is_gone(client, town, db, web):
    token = await expired(client, db)
    answer = await client.post("/note", data={"text": "话", "_csrf": token}, files={"f": ("a.txt", b"abc")})
    assert answer.status_code == 401
    carried = unpack(web.carried_signer, value_in(answer.text, "carried"))
    assert carried.fields == [("text", "话")]
    assert carried.files == 1


async def test_the_sign_in_page_survives_a_wrong_password(client, town, db):
    token = await expired(client, db)
    answer = await client.post("/note", data={"text": "话", "_csrf": token})
    carried = value_in(answer.text, "carried")
    data = {"_csrf": value_in(answer.text, "_csrf"), "carried": carried, "login": "anna", "password": "wrong"}
    assert (await client.post("/sign-in", data=data)).status_code == 401
    assert (await sign_in_with(client, answer)).status_code == 200


async def test_passwords_and_tokens_are_not_carried(client, town, db, web):
    token = await expired(client, db)
    data = {"text": "x", "new_password": "secret", "_csrf": token, "_restored": "1"}
    answer = await client.post("/note", data=data)
    carried = unpack(web.carried_signer, value_in(answer.text, "carried"))
    assert carried.fields == [("text", "x")]
    assert "secret" not in answer.text


async def test_carried_text_names_whose_it_is(client, town, db, web):
    token = await expired(client, db)
    answer = await client.post("/note", data={"text": "x", "_csrf": token})
    carried = unpack(web.carried_signer, value_in(answer.text, "carried"))
    assert (carried.account, carried.tenant, carried.path) == (town.accounts["anna"], town.a, "/note")


async def test_carried_text_cannot_be_forged_for_another_path(web):
    packed = pack(web.carried_signer, Carried(path="/note", fields=[("text", "x")]))
    assert unpack(web.carried_signer, packed).path == "/note"
    body, _dot, signature = packed.rpartition(".")
    assert unpack(web.carried_signer, body[:-4] + "AAAA." + signature) is None
    assert unpack(web.csrf_signer, packed) is None
    for rubbish in ("", ".", "x", "x.y", packed[:-1], "é." + signature):
        assert unpack(web.carried_signer, rubbish) is None


async def test_carried_text_is_kept_a_day(web, monkeypatch):
    packed = pack(web.carried_signer, Carried(path="/note", fields=[("text", "x")]))
    monkeypatch.setattr("core.web.carried.KEPT_SECONDS", -1)
    assert unpack(web.carried_signer, packed) is None


async def test_too_much_text_is_not_carried_and_that_is_said(client, town, db, monkeypatch):
    monkeypatch.setattr("core.web.carried.LARGEST", 1000)
    token = await expired(client, db)
    answer = await client.post("/note", data={"text": "字" * 1001, "_csrf": token})
    assert answer.status_code == 401
    assert "LOST" in answer.text


async def test_htmx_gets_a_panel_and_the_form_stays(client, town, db):
    token = await expired(client, db)
    headers = {
        "X-CSRF-Token": token,
        "HX-Request": "true",
        "HX-Request-Type": "partial",
        "HX-Current-URL": "http://site.test/note?text=y",
    }
    answer = await client.post("/note", data={"text": "x"}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Retarget"] == "#messages"
    assert 'href="/sign-in?to=/note%3Ftext%3Dy"' in answer.text
    assert "<html" not in answer.text


async def test_another_sites_form_is_not_carried(client, town, db):
    token = await expired(client, db)
    answer = await client.post("/note", data={"text": "x", "_csrf": token}, headers={"Origin": "http://evil.test"})
    assert answer.status_code == 403
    assert "carried" not in answer.text


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
async def test_json_is_told_so_in_json(client, town, accept):
    answer = await client.post("/api/v1/me", json={"a": 1}, headers={"Accept": accept})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"


async def test_a_button_that_cannot_show_anything_again_is_not_pressed_by_itself(client, town, db):
    token = await expired(client, db)
    headers = {"Referer": "http://site.test/note?text=y"}
    answer = await client.post("/note/drop", data={"x": "1", "_csrf": token}, headers=headers)
    assert answer.status_code == 401
    assert value_in(answer.text, "carried") == ""
    assert value_in(answer.text, "to") == "/note?text=y"
    await client.sign_in("anna")
    data = {"_csrf": await client.token("/note"), "_restored": "1"}
    answer = await client.post("/note/drop", data=data)
    assert answer.status_code == 409
    assert "DROPPED" not in answer.text
