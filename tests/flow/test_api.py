"""Steps through the API: what may be done next, one step, many at once, and how the document tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.people import create_token
from core.testing import new_tenant
from tests.flow.offices import FORM, Office, office

if TYPE_CHECKING:
    import httpx

BASE = f"/api/v1/forms/{FORM}"


class Asker:
    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self.client.post(f"{BASE}{path}", json=body, headers=self.headers)

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers=self.headers)


async def _asker(client: httpx.AsyncClient, ctx: Any) -> Asker:
    return Asker(client, await create_token(ctx.db, ctx.access, member=ctx.member.id, name="t"))


@pytest.fixture
async def api(app: Any, client: httpx.AsyncClient) -> tuple[Office, Asker, Asker]:
    """An office, and its clerk and chief as programs."""
    ours = await office(app.state.platform, await new_tenant(app.state.platform, "aa"))
    return ours, await _asker(client, ours.clerk), await _asker(client, ours.chief)


async def test_a_program_asks_what_is_next_and_does_it(api):
    _ours, clerk, chief = api
    made = (await clerk.post("/records", {"data": {"code": "B1", "amount": 5}})).json()
    path = f"/records/{made['id']}/steps"
    offered = (await clerk.get(f"{BASE}{path}")).json()["steps"]
    assert [(one["code"], one["reason"]) for one in offered] == [("send", None)]
    sent = await clerk.post(f"{path}/send", {"revision": 1})
    assert (sent.status_code, sent.json()["data"]["state"]) == (200, "sent")
    assert (await clerk.post(f"{path}/agree", {"revision": 2, "data": {"opinion": "行"}})).status_code == 403
    assert (await chief.post(f"{path}/agree", {"revision": 2})).json()["error"]["problems"][0]["field"] == "opinion"
    late = await chief.post(f"{path}/back", {"revision": 1, "comment": "重报"})
    assert (late.status_code, late.json()["error"]["current"]["revision"]) == (409, 2)
    assert (await chief.post(f"{path}/back", {"comment": "重报"})).status_code == 428
    assert (await chief.post(f"{path}/back", {"revision": 2, "comment": "重报"})).status_code == 200
    told = (await clerk.get(f"{BASE}/records/{made['id']}/history")).json()["changes"][0]
    assert (told["step"], told["comment"]) == ("back", "重报")


async def test_a_state_in_a_body_is_refused_not_passed_over(api):
    ours, clerk, _chief = api
    made = await ours.bill()
    answer = await clerk.client.patch(
        f"{BASE}/records/{made.id}", json={"revision": 1, "data": {"state": "good"}}, headers=clerk.headers
    )
    assert (answer.status_code, answer.json()["error"]["problems"][0]["code"]) == (422, "state")


async def test_many_records_take_one_step_and_each_has_its_answer(api):
    ours, clerk, _chief = api
    ids = [(await ours.bill(f"B{n}", amount=n)).id for n in range(3)]
    body = {"records": [{"id": id, "revision": 1} for id in ids], "comment": "一并提交"}
    answer = (await clerk.post("/steps/send", body)).json()
    assert (answer["done"], [one["done"] for one in answer["results"]]) == (2, [False, True, True])
    assert answer["results"][0]["problems"][0]["message"] == "金额应大于零"
    assert (await clerk.post("/steps/send", {"records": [{"id": ids[0]}]})).status_code == 422
    assert (await clerk.post("/steps/gone", body)).status_code == 404


async def test_the_document_and_the_form_tell_of_states_and_steps(api):
    _ours, clerk, _chief = api
    paths = (await clerk.get("/api/openapi.json")).json()["paths"]
    assert f"{BASE}/records/{{id}}/steps/agree" in paths
    assert f"{BASE}/steps/send" in paths
    flow = (await clerk.get(BASE)).json()["flow"]
    assert (flow["field"], flow["initial"]) == ("state", "draft")
    assert [one["code"] for one in flow["steps"]] == ["send", "back", "agree", "pay"]
    assert [one["code"] for one in flow["states"] if one["locked"]] == ["good", "done"]
