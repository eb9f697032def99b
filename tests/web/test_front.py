"""What is true of every answer: headers, limits, compression, static files, HEAD."""

from __future__ import annotations

import pytest

from core.web.front import client_address
from core.web.limits import size


async def test_every_answer_is_dressed(client, town):
    for path in ("/sign-in", "/nowhere", "/api/v1/me"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


async def test_head_is_get_without_the_body(client, town):
    got, head = await client.get("/sign-in"), await client.head("/sign-in")
    assert head.status_code == got.status_code == 200
    assert head.content == b""


async def test_pages_are_packed_and_parts_too_small_are_not(client, town):
    await client.sign_in("anna")
    long = await client.get("/note", params={"text": "字" * 2000})
    assert long.headers["content-encoding"] == "gzip"
    assert "字" * 2000 in long.text
    assert (
        "content-encoding"
        not in (await client.get("/note", params={"text": "x"}, headers={"HX-Request": "true"})).headers
    )
    plain = await client.get("/note", params={"text": "字" * 2000}, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


async def test_static_files_are_cached_for_ever_under_their_hash(client, web):
    url = web.static.url("css/a.css")
    answer = await client.get(url)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["content-encoding"] == "gzip"
    assert "set-cookie" not in answer.headers
    old = await client.get("/static/000000000000/css/a.css")
    assert old.status_code == 200
    assert old.headers["cache-control"] == "no-cache"


async def test_a_changed_static_file_changes_the_address(web, tmp_path, monkeypatch):
    before = web.static.url("css/a.css")
    (tmp_path / "static" / "css" / "a.css").write_text("b{}")
    monkeypatch.setattr("core.web.static.LOOKED_AFTER", -1)
    assert web.static.url("css/a.css") != before


@pytest.mark.parametrize("path", ["../secret", "css/../../x", "css", "", "%2e%2e/settings.py", "css/none.css"])
async def test_no_path_leads_out_of_the_static_folder(client, web, path):
    assert (await client.get(f"/static/{web.static.hash}/{path}")).status_code == 404


async def test_static_files_ask_nothing_of_the_database(client, web, small_app):
    client.cookies.set("dougong", "anything")
    small_app.state.platform = None
    assert (await client.get(web.static.url("css/a.css"))).status_code == 200


async def test_a_body_over_the_limit_is_refused_in_words(client, town):
    await client.sign_in("anna")
    token = await client.token("/note")
    answer = await client.post("/note", data={"text": "x" * 200_000, "_csrf": token})
    assert answer.status_code == 413
    assert "48.8 KB" in answer.text  # the limit is named
    answer = await client.post(
        "/api/v1/me",
        content=b"[" + b" " * 200_000 + b"]",
        headers={"Content-Type": "application/json", "X-CSRF-Token": token},
    )
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


async def test_an_upload_over_the_limit_is_never_gathered(client, town, small_app):
    """Fifty megabytes, sent without saying how much: counted, thrown away, answered."""
    await client.sign_in("anna")
    token = await client.token("/note")
    sent = 0

    async def pieces():
        nonlocal sent
        head = '--b\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'
        yield head.encode()
        for _ in range(800):
            sent += 65536
            yield bytes(65536)
        yield b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b", "X-CSRF-Token": token}
    answer = await client.post("/note", content=pieces(), headers=headers)
    assert answer.status_code == 413
    assert "195.3 KB" in answer.text
    assert sent == 800 * 65536  # all of it read, so that the browser sees the answer


async def test_an_upload_within_the_limit_passes(client, town):
    await client.sign_in("anna")
    data = {"text": "ok", "_csrf": await client.token("/note")}
    answer = await client.post("/note", data=data, files={"f": ("a.bin", bytes(199_000))})
    assert "SAVED" in answer.text


def test_sizes_are_said_as_people_say_them():
    assert [size(n) for n in (999, 2048, 20 * 1024**2, 1536 * 1024)] == ["999 B", "2 KB", "20 MB", "1.5 MB"]


def test_only_our_own_proxies_are_believed():
    scope = {"client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", b"6.6.6.6, 203.0.113.7, 10.9.9.9")]}
    assert client_address(scope, 0) == "10.0.0.1"
    assert client_address(scope, 1) == "10.9.9.9"
    assert client_address(scope, 2) == "203.0.113.7"
    assert client_address({"client": None, "headers": []}, 1) is None
