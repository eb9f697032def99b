"""The pages of states and steps: the bar of a record, the dialog of a step, the batch and the board."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from core.testing import PASSWORD, new_tenant
from tests.flow.offices import FORM, Office, office


@dataclass
class Reader:
    """Somebody signed in with a browser that runs no scripts."""

    client: Any
    cookie: str
    session: str
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> Any:
        self.client.cookies.set(self.cookie, self.session)
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", **headers}
        answer = await self.client.get(path, headers=headers, follow_redirects=False)
        found = re.search(r'name="_csrf" value="([^"]+)"', answer.text)
        self.csrf = found[1] if found else self.csrf
        return answer

    async def post(self, path: str, **data: Any) -> Any:
        self.client.cookies.set(self.cookie, self.session)
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        body = {"_csrf": self.csrf, **data}
        return await self.client.post(path, data=body, headers=headers, follow_redirects=False)


@pytest.fixture
async def pages(app: Any, client: Any) -> tuple[Office, Reader, Reader]:
    """The office, and its clerk and chief at their desks."""
    from core import people

    platform = app.state.platform
    ours = await office(platform, await new_tenant(platform, "aa"))
    found = []
    for who in ("clerk", "chief"):
        session = await people.sign_in(platform.db, f"aa-{who}", password=PASSWORD, address=None, hours=1)
        reader = Reader(client, app.state.web.session_cookie, session)
        await reader.get("/me")
        found.append(reader)
    return ours, found[0], found[1]


async def test_the_bar_shows_the_states_and_only_the_readers_own_steps(pages):
    ours, clerk, chief = pages
    sent = await ours.sent()
    told = (await clerk.get(f"/forms/{FORM}/{sent.id}")).text
    assert re.search(r'aria-current="step"><span class="chip blue">待审批', told)
    assert "等待办理：主任" in told
    assert "/steps/agree" not in told
    told = (await chief.get(f"/forms/{FORM}/{sent.id}")).text
    assert "/steps/agree" in told
    assert "/steps/back" in told
    assert "/steps/pay" not in told


async def test_a_step_is_asked_for_taken_and_told_in_the_history(pages):
    ours, _clerk, chief = pages
    sent = await ours.sent()
    path = f"/forms/{FORM}/{sent.id}"
    asked = (await chief.get(f"{path}/steps/agree")).text
    assert 'name="opinion"' in asked
    wrong = await chief.post(f"{path}/steps/agree", _revision="2", opinion="", _comment="批语")
    assert wrong.status_code == 422
    assert "必须填写“审批意见”" in wrong.text
    assert "批语" in wrong.text, "what was typed is gone"
    done = await chief.post(f"{path}/steps/agree", _revision="2", opinion="同意", _comment="请抓紧付款")
    assert (done.status_code, done.headers["location"]) == (303, path)
    told = (await chief.get(path)).text
    assert "办理了" in told
    assert "<blockquote>请抓紧付款</blockquote>" in told


async def test_a_locked_record_offers_no_editing_and_its_form_says_why(pages):
    ours, clerk, _chief = pages
    sent = await ours.sent()
    good = await ours.chief.flow.take(FORM, sent.id, "agree", revision=2, data={"opinion": "同意"})
    told = (await clerk.get(f"/forms/{FORM}/{good.id}")).text
    assert f"/forms/{FORM}/{good.id}/edit" not in told
    assert f"/forms/{FORM}/{good.id}/delete" not in told
    assert (await clerk.get(f"/forms/{FORM}/{good.id}/edit")).status_code == 303


async def test_the_form_never_asks_for_a_state_nor_for_what_it_keeps(pages):
    ours, clerk, _chief = pages
    sent = await ours.sent()
    told = (await clerk.get(f"/forms/{FORM}/{sent.id}/edit")).text
    assert 'name="opinion"' in told
    assert 'name="amount"' not in told
    for page in (told, (await clerk.get(f"/forms/{FORM}/new")).text):
        assert 'name="state"' not in page
        assert "f-state" not in page


async def test_the_batch_says_first_who_is_left_out_and_then_what_became_of_it(pages):
    ours, clerk, _chief = pages
    one, two, sent = await ours.bill("B1"), await ours.bill("B2", amount=0), await ours.sent("B3")
    ids = [f"{one.id}:1", f"{two.id}:1", f"{sent.id}:2"]
    asked = await clerk.post(f"/forms/{FORM}/steps/send", id=ids)
    assert "将对 2 条内容办理“提交”" in asked.text
    assert "另有 1 条" in asked.text
    await clerk.post(f"/forms/{FORM}/steps/send", id=ids, _sure="1", _comment="一并")
    states = [(await ours.clerk.records.get(FORM, each.id)).data["state"] for each in (one, two, sent)]
    assert states == ["sent", "draft", "sent"]


async def test_the_board_counts_and_sums_its_columns_and_gives_more_of_one(pages):
    ours, clerk, _chief = pages
    await ours.clerk.records.bulk(FORM, [{"code": f"B{n:03d}", "amount": 10} for n in range(45)], mode="create")
    await ours.sent("Z1")
    told = (await clerk.get(f"/forms/{FORM}/board")).text
    assert re.findall(r"data-count>(\d+)<", told) == ["45", "1", "0", "0"]
    assert "450.00" in told
    assert told.count('class="ticket"') == 21
    seen, more = set(re.findall(r'data-id="(\w+)"', told)), re.search(r'hx-get="([^"]+lane=draft[^"]*)"', told)
    while more:
        part = (await clerk.get(more[1].replace("&amp;", "&"), **{"HX-Request": "true"})).text
        assert "<html" not in part
        fresh = set(re.findall(r'data-id="(\w+)"', part))
        assert fresh
        assert not fresh & seen
        seen |= fresh
        more = re.search(r'hx-get="([^"]+lane=draft[^"]*)"', part)
    assert len(seen) == 46


async def test_the_board_stands_under_the_filters_of_the_list(pages):
    ours, clerk, _chief = pages
    await ours.bill("B1", amount=5)
    await ours.bill("B2", amount=50)
    told = (await clerk.get(f"/forms/{FORM}/board?where=amount:ge:10")).text
    assert re.findall(r"data-count>(\d+)<", told) == ["1", "0", "0", "0"]
    assert ("B2" in told, ">B1<" in told) == (True, False)
    assert (await clerk.get(f"/forms/{FORM}/board?where=amount:ge:x")).status_code == 200
    assert "没有符合条件的内容" in (await clerk.get(f"/forms/{FORM}/board?q=没有的")).text
