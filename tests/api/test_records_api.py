"""The JSON API of a form's records, as a program calls it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.people import create_role

if TYPE_CHECKING:
    import httpx

    from tests.api.conftest import Join, Program

WORKS = "/api/v1/forms/own.works"
RECORDS = f"{WORKS}/records"


async def made(program: Program, **data: Any) -> dict[str, Any]:
    answer = await program.post(RECORDS, json={"data": {"name": "甲", **data}})
    assert answer.status_code == 201, answer.text
    return answer.json()


def exact(answer: Any) -> Any:
    return json.loads(answer.content, parse_float=Decimal)


async def test_a_record_is_made_read_changed_and_put_in_the_bin(program: Program) -> None:
    body = '{"data": {"code": "1", "name": "甲", "amount": 12345678901.10}}'
    answer = await program.post(RECORDS, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    id = answer.json()["id"]
    read = await program.get(f"{RECORDS}/{id}")
    assert b'"amount":12345678901.10' in read.content
    assert (read.json()["hidden"], read.headers["etag"]) == ([], '"1"')
    changed = await program.patch(f"{RECORDS}/{id}", json={"data": {"amount": None}}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["data"]) == (200, {"code": "1", "name": "甲"})
    gone = await program.delete(f"{RECORDS}/{id}?revision=2")
    assert gone.json() == {"id": id, "deleted": True}
    assert (await program.get(f"{RECORDS}/{id}")).status_code == 404
    assert [one["id"] for one in (await program.get(f"{RECORDS}?deleted=true")).json()["records"]] == [id]
    assert (await program.post(f"{RECORDS}/{id}/restore")).json()["deleted_at"] is None
    changes = (await program.get(f"{RECORDS}/{id}/history")).json()["changes"]
    assert [change["kind"] for change in changes] == ["restore", "delete", "update", "create"]
    assert changes[2]["changes"] == {"amount": {"before": 12345678901.1, "after": None}}


async def test_a_change_from_an_old_revision_gets_the_present_record(program: Program) -> None:
    record = await made(program, code="1")
    path = f"{RECORDS}/{record['id']}"
    await program.patch(path, json={"revision": 1, "data": {"name": "乙"}})
    for answer in (
        await program.patch(path, json={"revision": 1, "data": {"name": "丙"}}),
        await program.delete(path, headers={"If-Match": '"1"'}),
    ):
        assert answer.status_code == 409
        assert answer.json()["error"]["current"]["data"]["name"] == "乙"
        assert answer.headers["etag"] == '"2"'
    assert (await program.patch(path, json={"data": {"name": "丙"}})).status_code == 428


async def test_a_list_is_filtered_sorted_paged_and_narrowed(program: Program) -> None:
    rows = [
        {"code": f"{n:03}", "name": f"第{n}项", "amount": n, "kind": "earth" if n % 2 else "road"} for n in range(10)
    ]
    await program.post(f"{RECORDS}/bulk", json={"records": rows})
    first = (
        await program.get(f"{RECORDS}?where=kind:eq:earth&where=amount:ge:3&sort=-amount&limit=2&fields=code")
    ).json()
    assert [record["data"] for record in first["records"]] == [{"code": "009"}, {"code": "007"}]
    path = f"{RECORDS}?where=kind:eq:earth&where=amount:ge:3&sort=-amount&limit=2&after={first['next']}"
    second = (await program.get(path)).json()
    assert ([record["data"]["code"] for record in second["records"]], second["next"]) == (["005", "003"], None)
    assert [r["data"]["code"] for r in (await program.get(f"{RECORDS}?q=第7")).json()["records"]] == ["007"]


async def test_labels_name_what_records_point_to(program: Program) -> None:
    above = await made(program, code="1", name="总项")
    below = await made(program, code="1.1", parent=above["id"])
    labels = (await program.get(RECORDS)).json()["labels"]
    assert labels[above["id"]] == "总项"
    assert labels[below["created_by"]] == program.ctx.member.name


async def test_totals_are_exact_and_grouped(program: Program) -> None:
    rows = [{"code": str(n), "name": "x", "amount": 0.1, "begun": f"2026-0{1 + n % 2}-15"} for n in range(5)]
    await program.post(f"{RECORDS}/bulk", json={"records": rows})
    answer = await program.get(f"{WORKS}/totals?sum=amount&avg=amount&count=begun&by=begun:month&where=amount:gt:0")
    lines = {line["by"]["begun:month"]: line for line in exact(answer)["totals"]}
    assert (lines["2026-01"]["count"], lines["2026-01"]["sum"]["amount"]) == (3, Decimal("0.30"))
    assert (lines["2026-02"]["avg"]["amount"], lines["2026-02"]["counts"]["begun"]) == (Decimal("0.1000"), 2)
    whole = exact(await program.get(f"{WORKS}/totals?sum=amount"))["totals"]
    assert [line["sum"]["amount"] for line in whole] == [Decimal("0.50")]


async def test_bulk_answers_row_by_row_and_can_be_all_or_nothing(program: Program) -> None:
    await made(program, code="1")
    rows = [{"code": "1", "name": "改"}, {"code": "2", "name": "新"}, {"name": "无编码"}]
    body = {"mode": "upsert", "records": rows}
    dry = (await program.post(f"{RECORDS}/bulk", json={**body, "dry_run": True})).json()
    assert [row["status"] for row in dry["results"]] == ["changed", "new", "wrong"]
    whole = await program.post(f"{RECORDS}/bulk", json={**body, "all_or_nothing": True})
    assert whole.status_code == 422
    assert whole.json()["error"]["problems"][0]["field"] == "records.2.code"
    assert len((await program.get(RECORDS)).json()["records"]) == 1
    answer = (await program.post(f"{RECORDS}/bulk", json=body)).json()
    assert (answer["new"], answer["changed"], answer["wrong"]) == (1, 1, 1)
    again = (await program.post(f"{RECORDS}/bulk", json={"records": rows[:2]})).json()
    assert again["same"] == 2


REFUSED = [
    ("GET", f"{RECORDS}?whree=code:eq:1", 422, "whree"),
    ("GET", f"{RECORDS}?limit=0", 422, "limit"),
    ("GET", f"{RECORDS}?limit=1&limit=2", 422, "limit"),
    ("GET", f"{RECORDS}?fields=code,nothing", 422, "nothing"),
    ("GET", f"{RECORDS}?where=nothing:eq:1", 422, "where"),
    ("GET", f"{RECORDS}?q=%00", 422, "q"),
    ("GET", f"{RECORDS}?after=nonsense", 422, "after"),
    ("GET", f"{WORKS}/totals?sum=name", 422, "name"),
    ("GET", f"{RECORDS}/0000000000000000", 404, None),
    ("GET", "/api/v1/forms/own.nothing/records", 404, None),
    ("DELETE", f"{RECORDS}/0000000000000000?revision=x", 422, "revision"),
    ("PUT", RECORDS, 405, None),
]


async def test_what_makes_no_sense_is_refused_by_name(program: Program) -> None:
    for method, path, status, field in REFUSED:
        answer = await program.ask(method, path)
        assert answer.status_code == status, (path, answer.text)
        error = answer.json()["error"]
        assert error["message"]
        assert field is None or field in [problem["field"] for problem in error["problems"]]


BODIES = [
    (b'{"data": {"code": "1",}}', "application/json", 400, "第 1 行第"),
    (b'{"data":\n  {"code": nope}}', "application/json", 400, "第 2 行第"),
    (b'{"data": {"code": "\xff"}}', "application/json", 400, "UTF-8"),
    (b"[" * 2000 + b"]" * 2000, "application/json", 400, "嵌套"),
    (b"[]", "application/json", 400, "对象"),
    (b'{"data": 1}', "application/json", 422, "data"),
    (b'{"data": {}, "date": {}}', "application/json", 422, "date"),
    (b'{"data": {"code": "1"}}', "text/plain", 415, "application/json"),
    (b'{"data": {"code": "1", "name": "x", "amount": 1e999999999}}', "application/json", 422, "金额"),
    (b'{"data": {"code": "1", "name": "x", "amount": 12.345}}', "application/json", 422, "金额"),
    (b'{"data": {"code": "1", "name": "x", "nothing": 1}}', "application/json", 422, "nothing"),
    (b'{"data": {"code": "1", "name": "x", "parent": "0000000000000000"}}', "application/json", 422, "上级"),
]


async def test_a_body_that_cannot_be_taken_is_refused_with_its_place(program: Program) -> None:
    for body, kind, status, word in BODIES:
        answer = await program.post(RECORDS, content=body, headers={"Content-Type": kind})
        assert answer.status_code == status, (body[:60], answer.text)
        assert word in answer.text
    assert (await program.get(RECORDS)).json()["records"] == []


async def test_a_body_that_is_too_large_is_refused(program: Program) -> None:
    body = b'{"data": {"name": "' + b"x" * (3 * 1024 * 1024) + b'"}}'
    answer = await program.post(RECORDS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


async def test_a_hidden_field_is_named_and_not_shown(program: Program, join: Join) -> None:
    await made(program, code="1", amount=5)
    rules = [{"forms": ["own.works"], "actions": ["read"], "except": ["amount"]}]
    await create_role(program.ctx.db, program.ctx.access, code="partly", name="部分", rules=rules)
    partly = await join(program, "partly", roles=("partly",))
    record = (await partly.get(RECORDS)).json()["records"][0]
    assert (record["hidden"], "amount" in record["data"]) == (["amount"], False)
    assert (await partly.get(f"{RECORDS}?where=amount:gt:1")).status_code == 422
    assert (await partly.get(f"{WORKS}/totals?sum=amount")).status_code == 422
    assert (await partly.post(RECORDS, json={"data": {"code": "2", "name": "x"}})).status_code == 403
    form = (await partly.get(WORKS)).json()
    assert (form["hidden"], form["actions"]) == (["amount"], ["read"])
    assert "amount" not in form["schema"]["properties"]


async def test_another_tenants_records_are_not_there(programs: tuple[Program, Program]) -> None:
    ours, theirs = programs
    secret = await made(ours, code="1", name="机密")
    for answer in (
        await theirs.get(f"{RECORDS}/{secret['id']}"),
        await theirs.get(f"{RECORDS}/{secret['id']}/history"),
        await theirs.patch(f"{RECORDS}/{secret['id']}", json={"revision": 1, "data": {"name": "x"}}),
        await theirs.delete(f"{RECORDS}/{secret['id']}?revision=1"),
        await theirs.post(f"{RECORDS}/{secret['id']}/restore"),
    ):
        assert answer.status_code == 404
        assert "机密" not in answer.text
    assert (await theirs.get(RECORDS)).json()["records"] == []
    assert (await theirs.get(f"{WORKS}/totals")).json()["totals"][0]["count"] == 0
    pointing = {"data": {"code": "9", "name": "x", "parent": secret["id"]}}
    assert (await theirs.post(RECORDS, json=pointing)).status_code == 422


async def test_nobody_gets_in_without_a_token(client: httpx.AsyncClient, program: Program) -> None:
    for headers in ({}, {"Authorization": "Bearer dg_wrong"}, {"Authorization": "Basic eDp5"}):
        answer = await client.get(RECORDS, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "unauthorized"


async def test_forms_are_listed_with_their_fields(program: Program) -> None:
    forms = {form["name"]: form for form in (await program.get("/api/v1/forms")).json()["forms"]}
    assert set(forms) == {"own.area", "own.street", "own.works"}
    fields = {field["name"]: field for field in forms["own.works"]["fields"]}
    assert fields["kind"]["choices"] == [{"value": "earth", "title": "土方"}, {"value": "road", "title": "道路"}]
    assert fields["parent"]["ref"] == "own.works"


async def test_a_list_and_its_totals_are_filtered_by_a_formula(programs: tuple[Program, Program]) -> None:
    mine, theirs = programs
    for program in programs:
        for code, amount in (("1", 50), ("2", 500), ("3", 5000)):
            await made(program, code=code, amount=amount)
    listed = await mine.get(RECORDS, params={"filter": 'AND(amount * 2 > 100, code <> "3")'})
    assert [one["data"]["code"] for one in listed.json()["records"]] == ["2"]
    (line,) = (await mine.get(f"{WORKS}/totals", params={"filter": "amount >= 500", "sum": "amount"})).json()["totals"]
    assert (line["count"], line["sum"]["amount"]) == (2, 5500)
    wrong = await mine.get(RECORDS, params={"filter": "amount >= UPPER(code)"})
    assert wrong.status_code == 422
    assert wrong.json()["error"]["problems"][0]["field"] == "filter"
    ids = {one["id"] for one in (await theirs.get(RECORDS)).json()["records"]}
    everything = (await mine.get(RECORDS, params={"filter": "TRUE"})).json()["records"]
    assert len(everything) == 3
    assert not ids & {one["id"] for one in everything}


async def test_a_program_is_held_to_the_condition_of_its_role(program: Program, join: Join) -> None:
    dear = await made(program, code="1", amount=5000)
    cheap = await made(program, code="2", amount=50)
    rule = {"forms": ["own.works"], "actions": ["read", "create", "update", "delete"], "when": "amount <= 100"}
    await create_role(program.ctx.db, program.ctx.access, name="小额", code="small", rules=[rule])
    clerk = await join(program, "small-clerk", roles=("small",))
    assert [one["id"] for one in (await clerk.get(RECORDS)).json()["records"]] == [cheap["id"]]
    (line,) = (await clerk.get(f"{WORKS}/totals", params={"sum": "amount"})).json()["totals"]
    assert (line["count"], line["sum"]["amount"]) == (1, 50)
    path = f"{RECORDS}/{dear['id']}"
    assert (await clerk.get(path)).status_code == (await clerk.get(f"{path}/history")).status_code == 404
    assert (await clerk.patch(path, json={"revision": 1, "data": {"name": "乙"}})).status_code == 404
    assert (await clerk.delete(f"{path}?revision=1")).status_code == 404
    raised = await clerk.patch(f"{RECORDS}/{cheap['id']}", json={"revision": 1, "data": {"amount": 101}})
    assert raised.status_code == 422
    assert raised.json()["error"]["problems"][0]["code"] == "scope"
