"""Two server processes on one PostgreSQL know the same sessions, definitions, limits, and seal history once."""

from __future__ import annotations

import asyncio
import re

import httpx

from core.people import tenants
from core.records import verify
from core.store import open_database
from core.testing import PASSWORD
from tests.processes.conftest import RECORDS, company, until

OPEN = """SELECT (SELECT COUNT(*) FROM change WHERE tenant = $1) - (SELECT COUNT(*) FROM seal WHERE tenant = $1)
    AS number"""


def csrf(answer: httpx.Response) -> str:
    return re.search(r'name="_csrf" value="([^"]+)"', answer.text)[1]


async def sign_in(client: httpx.AsyncClient, url: str, *, login: str = "aa-admin", password: str = PASSWORD):
    page = await client.get(f"{url}/sign-in")
    fields = {"_csrf": csrf(page), "login": login, "password": password}
    return await client.post(f"{url}/sign-in", data=fields)


async def test_a_session_of_one_is_one_of_the_other_until_it_is_ended_there(two_servers) -> None:
    one, two = two_servers
    async with httpx.AsyncClient(headers={"accept": "text/html"}, timeout=60) as client:
        assert (await sign_in(client, one.url)).status_code == 303
        there = await client.get(f"{two.url}/me")
        assert there.status_code == 200
        assert (await client.post(f"{two.url}/sign-out", data={"_csrf": csrf(there)})).status_code == 303
        assert (await client.get(f"{one.url}/me")).status_code == 303


async def test_what_is_switched_at_one_is_so_in_the_next_request_to_the_other(two_servers, postgres_place) -> None:
    one, two = two_servers
    async with httpx.AsyncClient(headers={"accept": "text/html"}, timeout=60) as client:
        await sign_in(client, one.url)
        for on in ("0", "1", "0", "1"):
            page = await client.get(f"{one.url}/admin/modules/partners")
            fields = {"_csrf": csrf(page), "on": on}
            assert (await client.post(f"{one.url}/admin/modules/partners/switch", data=fields)).status_code == 303
            for url in (two.url, one.url):
                seen = await client.get(f"{url}{RECORDS}", headers=postgres_place.headers | {"accept": "*/*"})
                assert seen.status_code == (200 if on == "1" else 404)


async def test_wrong_passwords_are_counted_over_both(two_servers) -> None:
    async with httpx.AsyncClient(headers={"accept": "text/html"}, timeout=60) as client:
        codes = [
            (await sign_in(client, two_servers[n % 2].url, login="nobody-there", password="wrong")).status_code
            for n in range(7)
        ]
    assert codes[:5] == [codes[0]] * 5
    assert codes[5:] == [429, 429]


async def test_history_written_through_both_is_sealed_once(two_servers, postgres_place) -> None:
    async with httpx.AsyncClient(headers=postgres_place.headers, timeout=60) as client:
        answers = await asyncio.gather(
            *(client.post(f"{two_servers[n % 2].url}{RECORDS}", json={"data": company(f"S{n}")}) for n in range(40))
        )
    assert {answer.status_code for answer in answers} == {201}
    db = await open_database(postgres_place.url, pool_size=1)
    try:
        (tenant,) = await tenants(db)

        async def sealed() -> bool:
            return not (await db.fetch_one(OPEN, tenant.id))["number"]

        await until(sealed)
        places = await db.fetch("SELECT place FROM seal WHERE tenant = $1 ORDER BY place", tenant.id)
        assert [row["place"] for row in places] == list(range(1, len(places) + 1))
        assert await verify(db, tenant.id) == []
    finally:
        await db.close()
