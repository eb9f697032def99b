"""Entries filled in without a network arrive once, under the id that the phone chose, through the one write path."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core import Conflict, Invalid, Query, people
from core.clock import new_id
from core.testing import PASSWORD, new_member, new_tenant
from plugins.day_labor.loading import CREW, RULE, TICKET, today

DAY = (today() - timedelta(days=1)).isoformat()


async def make_crew(ctx) -> str:
    rule = await ctx.records.create(RULE, {"name": "九小时", "hours_per_workday": 9, "overtime": "ratio"})
    return (await ctx.records.create(CREW, {"code": "B1", "name": "一班", "rule": rule.id})).id


def typed(crew: str, client: str, **more: str) -> dict[str, str]:
    """A ticket as the page of it posts it."""
    return {
        "day": DAY, "crew": crew, "start": f"{DAY}T08:00", "end": f"{DAY}T17:00", "reason": "outside",
        "content": "清淤", "charged": "own", "_client": client,
        "lines": "", "lines.0.trade": "general", "lines.0.heads": "2", "lines.0.hours": "9", **more,
    }  # fmt: skip


class Phone:
    def __init__(self, client) -> None:
        self.client = client
        self.headers = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}

    async def send(self, form: str, body: dict, **files):
        return await self.client.post(f"/offline/{form}", data=body, headers=self.headers, **files)


@pytest.fixture
async def phone(app, client):
    async def signed_in(login: str) -> Phone:
        session = await people.sign_in(app.state.platform.db, login, password=PASSWORD, address=None, hours=1)
        client.cookies.clear()
        client.cookies.set(app.state.web.session_cookie, session)
        made = Phone(client)
        answer = await client.get("/me", headers={"Accept": "text/html"})
        made.headers["X-CSRF-Token"] = re.search(r'X-CSRF-Token":"([^"]+)"', answer.text.replace("&#34;", '"'))[1]
        return made

    return signed_in


async def test_what_is_sent_twice_is_there_once(app, phone):
    ctx = await new_tenant(app.state.platform, "aa", modules=("day_labor",))
    mine, client = await phone("aa-admin"), new_id()
    body = typed(await make_crew(ctx), client)
    photo = {"files": {"before__upload": ("a.png", b"\x89PNG\r\n\x1a\n", "image/png")}}
    for _time in range(2):
        answer = await mine.send(TICKET, body, **photo)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"id": client, "url": f"/forms/{TICKET}/{client}"}
    (made,) = (await ctx.records.list(TICKET)).records
    assert (made.id, made.data["workdays"], len(made.data["before"])) == (client, 2, 1)
    assert len(await ctx.records.history(TICKET, client)) == 1


async def test_what_is_refused_is_told_by_field_and_nothing_is_kept(app, phone):
    ctx = await new_tenant(app.state.platform, "aa", modules=("day_labor",))
    mine, crew = await phone("aa-admin"), await make_crew(ctx)
    wrong = ({"lines.0.hours": "25"}, "lines.0.hours"), ({"content": ""}, "content"), ({"day": "x"}, "day")
    for more, field in wrong:
        answer = await mine.send(TICKET, typed(crew, new_id(), **more))
        assert answer.status_code == 422
        assert field in [problem["field"] for problem in answer.json()["error"]["problems"]]
    for client in ("", "short", "01HZZZZZZZZZZZZ'"):
        assert (await mine.send(TICKET, typed(crew, client))).status_code == 422
    assert not (await ctx.records.list(TICKET)).records


async def test_a_form_that_does_not_say_so_takes_nothing_this_way(app, phone):
    await new_tenant(app.state.platform, "aa", modules=("day_labor",))
    mine = await phone("aa-admin")
    assert (await mine.send(CREW, {"code": "B", "name": "x", "_client": new_id()})).status_code == 404
    assert (await mine.send("own.none", {"_client": new_id()})).status_code == 404


async def test_an_id_of_one_tenant_opens_nothing_of_another_and_is_free_there(app, phone):
    platform = app.state.platform
    theirs = await new_tenant(platform, "aa", modules=("day_labor",))
    ctx = await new_tenant(platform, "bb", modules=("day_labor",))
    client = new_id()
    sent = await (await phone("aa-admin")).send(TICKET, typed(await make_crew(theirs), client, content="他们的"))
    assert sent.status_code == 200
    mine = await phone("bb-admin")
    assert (await mine.send(TICKET, typed(await make_crew(ctx), client, content="我们的"))).json()["id"] == client
    assert (await ctx.records.get(TICKET, client)).data["content"] == "我们的"
    assert (await theirs.records.get(TICKET, client)).data["content"] == "他们的"


async def test_an_id_in_use_by_somebody_else_or_another_form_is_a_conflict(app, phone):
    platform = app.state.platform
    ctx = await new_tenant(platform, "aa", modules=("day_labor",))
    crew, client = await make_crew(ctx), new_id()
    mine = await phone("aa-admin")
    assert (await mine.send(TICKET, typed(crew, client))).status_code == 200
    assert (await mine.send(TICKET, typed(crew, crew))).status_code == 409
    other = await new_member(platform, ctx, "aa-foreman", roles=("labor_foreman",))
    with pytest.raises(Conflict):
        await other.records.arrived(TICKET, client)
    with pytest.raises(Invalid):
        await other.records.arrived(TICKET, "../../etc")
    assert len((await ctx.records.list(TICKET, Query())).records) == 1


async def test_what_went_to_the_bin_is_not_made_again(app, phone):
    ctx = await new_tenant(app.state.platform, "aa", modules=("day_labor",))
    crew, client = await make_crew(ctx), new_id()
    mine = await phone("aa-admin")
    await mine.send(TICKET, typed(crew, client))
    await ctx.records.delete(TICKET, client, revision=1)
    assert (await mine.send(TICKET, typed(crew, client))).status_code == 200
    assert not (await ctx.records.list(TICKET)).records


async def test_a_phone_is_given_what_it_needs_and_nothing_the_member_may_not_see(app, phone, client):
    ctx = await new_tenant(app.state.platform, "aa", modules=("day_labor",))
    await make_crew(ctx)
    await phone("aa-admin")
    kept = (await client.get(f"/offline/{TICKET}/options")).json()
    assert [one["label"] for one in kept["crew"]] == ["一班"]
    assert kept["project"] == []  # its module is off
    assert "lines.worker" in kept
    page = (await client.get(f"/forms/{TICKET}/new", headers={"Accept": "text/html"})).text
    assert f'data-offline="{TICKET}"' in page
    assert "data-draw" in page
    worker = await client.get("/worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    assert worker.headers["cache-control"] == "no-cache"
    manifest = (await client.get("/manifest.webmanifest")).json()
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    client.cookies.clear()
    assert (await client.get(f"/offline/{TICKET}/options", headers={"Accept": "application/json"})).status_code == 401
