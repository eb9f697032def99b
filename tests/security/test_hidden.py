"""What somebody may not see stays unseen by every way in: names of files, samples of the designer, panels, errors."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core import people
from core.context import Context
from core.definitions import preview, save_draft
from core.errors import Invalid
from core.records import Condition, Query
from core.testing import new_member, new_tenant, refreshed
from tests.ui.conftest import DEFINITION, FORM, PATH, Office

ALL = ["read", "create", "update", "delete", "import", "export"]


async def with_role(office: Office, login: str, rule: dict[str, Any], *, permissions: tuple[str, ...] = ()) -> Context:
    """A member whose only role has this rule."""
    platform = office.app.state.platform
    admin = await refreshed(platform, office.admin)
    role = await people.create_role(
        platform.db, admin.access, name=login, code=login, permissions=permissions,
        rules=[{"forms": [FORM], "actions": ALL} | rule],
    )  # fmt: skip
    assert role
    return await new_member(platform, await refreshed(platform, admin), login, roles=(login,))


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_the_name_of_a_file_is_told_only_to_those_who_may_have_the_file(office: Office) -> None:
    blind = await with_role(office, "blind", {"except": ["scan"]})
    file = await office.admin.files.put("裁员名单.pdf", pieces(b"%PDF-1"))
    loose = await office.admin.files.put("私人底稿.pdf", pieces(b"%PDF-2"))
    await office.contract(scan=[file])
    seeing = await with_role(office, "seeing", {})
    own = await with_role(office, "own", {"rows": "own"})
    for ctx, id, told in ((blind, file, False), (own, file, False), (seeing, file, True), (seeing, loose, False)):
        browser = await office.browser(ctx)
        answer = await browser.post(f"{PATH}/new", {"code": "", "name": "", "scan": id})
        assert answer.status_code == 422
        assert (("裁员名单" in answer.text) or ("私人底稿" in answer.text)) is told
        assert ((await browser.get(f"/files/{id}")).status_code == 200) is told


async def test_publishing_names_no_record_to_a_designer_who_may_not_see_it(office: Office) -> None:
    await office.contract(name="秘密收购合同", days=5)
    await office.contract(code="HT-2", name="秘密收购合同")
    for login, rule, told in (
        ("whole", {}, True), ("partly", {"except": ["name"]}, False), ("own", {"rows": "own"}, False),
        ("nothing", {"forms": ["own.other"]}, False),
    ):  # fmt: skip
        designer = await with_role(office, login, rule, permissions=("forms",))
        changed = json.loads(json.dumps(DEFINITION)) | {"x-key": ["name"], "required": ["code", "name", "days"]}
        await save_draft(designer, FORM, changed)
        fit = (await preview(designer, FORM)).fitness
        assert (fit.unfit, fit.same_key) == (1, 1)
        assert ([one.label for one in fit.samples] == ["秘密收购合同"]) is told
        assert (fit.same_key_samples == ("秘密收购合同",)) is told
        page = await (await office.browser(designer)).get(f"/admin/forms/{FORM}/publish")
        assert ("秘密" in page.text) is told


async def test_a_hidden_field_is_told_by_no_way_of_asking(office: Office) -> None:
    record = await office.contract(amount=777, note="并购保密条款")
    stored = await office.admin.records.get(FORM, record)
    await office.admin.records.update(FORM, record, {"amount": 888, "note": "并购终止"}, revision=stored.revision)
    blind = await with_role(office, "blind", {"except": ["amount", "note"]})
    browser = await office.browser(blind)
    token = await people.create_token(office.admin.db, office.admin.access, member=blind.member.id, name="t")
    headers = {"Authorization": f"Bearer {token}"}
    api = f"/api/v1/forms/{FORM}"
    paths = [
        PATH, f"{PATH}/{record}", f"{PATH}/{record}/history", f"{PATH}/{record}/edit", f"{PATH}/{record}/row",
        f"{PATH}?columns=code,amount,note", f"{PATH}?q=并购", f"{PATH}?sort=-amount", f"{PATH}?where=amount:ge:1",
        f"{PATH}/totals", f"{PATH}/export?kind=csv&column=code&column=amount", f"{PATH}/new?copy={record}",
        f"{PATH}/{record}/cell/amount", f"{PATH}/filter?field=amount", "/search?q=并购", "/",
    ]  # fmt: skip
    found = [(await browser.get(path)).text for path in paths]
    for path in (
        f"{api}/records", f"{api}/records/{record}", f"{api}/records/{record}/history", f"{api}/export?kind=csv",
        f"{api}/totals?sum=amount", f"{api}/totals?by=amount",
        f"{api}/records?where=amount:eq:888", f"{api}/records?q=并购",
    ):  # fmt: skip
        found.append((await office.client.get(path, headers=headers)).text)
    posted = [{"amount": "1", "_revision": "1", "name": "别的"}, {"note": "x", "_revision": "1", "name": "别的"}]
    found += [(await browser.post(f"{PATH}/{record}/edit", fields)).text for fields in posted]
    for text in found:
        for secret in ("777", "888", "保密条款", "终止"):
            assert secret not in text, text[:2000]
    answers = [
        await office.client.patch(
            f"{api}/records/{record}", headers=headers, json={"revision": 2, "data": {"amount": n}}
        )
        for n in (888, 1)
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert answers[0].json()["error"]["problems"] == answers[1].json()["error"]["problems"]


async def test_nobody_touches_a_row_beyond_his_reach_by_its_id(office: Office) -> None:
    theirs = await office.contract()
    own = await with_role(office, "own", {"rows": "own"})
    mine = (await own.records.create(FORM, {"code": "M1", "name": "我的"})).id
    for ctx in (own, office.neighbour):
        browser = await office.browser(ctx)
        for path in ("", "/edit", "/history", "/cell/name", "/row"):
            answer = await browser.get(f"{PATH}/{theirs}{path}")
            assert answer.status_code == 404 or theirs not in answer.text.replace(f"{PATH}/{theirs}", "")
        for path in ("/edit", "/delete", "/restore", "/revert", "/cell/name"):
            answer = await browser.post(f"{PATH}/{theirs}{path}", {"_revision": "1", "to": "1", "name": "改掉"})
            assert answer.status_code in (404, 422), path
        await browser.post(f"{PATH}/delete", {"id": f"{theirs}:1"})
    kept = await office.admin.records.get(FORM, theirs)
    assert (kept.revision, kept.data["name"], kept.deleted_at) == (1, "外墙保温合同", None)
    messages = set()
    for parent in (theirs, "0" * 16):  # there but out of reach, and nowhere: the same words
        with pytest.raises(Invalid) as refused:
            await own.records.update(FORM, mine, {"parent": parent}, revision=1)
        messages.add(refused.value.message)
    assert len(messages) == 1
    for system in ("_created_by", "created_by", "department", "tenant", "id", "revision", "_department"):
        with pytest.raises(Invalid):
            await own.records.update(FORM, mine, {system: "x"}, revision=1)
    taken = await own.records.bulk(FORM, [{"code": "HT-1", "name": "改掉"}], mode="upsert", source="api")
    assert [problem.code for problem in taken.rows[0].problems] == ["taken"]


async def test_the_cost_center_shows_no_figure_to_whom_a_part_of_it_is_hidden(office: Office) -> None:
    platform = office.app.state.platform
    admin = await new_tenant(platform, "cc", modules=("cost_center",))
    project = (
        await admin.records.create("cost_center.project", {"code": "P1", "name": "甲项目", "status": "in_progress"})
    ).id
    for number, (form, field) in enumerate(
        [("contract", "amount_net"), ("entry", "amount_net"), ("entry", "project"), ("budget", "lines"),
         ("budget", "project"), ("contract", "status"), ("project", "code"), ("project", "name")]
    ):  # fmt: skip
        rules = [
            {"forms": [f"cost_center.{form}"], "actions": ["read"], "except": [field]},
            {"forms": [f"cost_center.{o}" for o in ("project", "contract", "entry", "budget", "account") if o != form],
             "actions": ["read"]},
        ]  # fmt: skip
        admin = await refreshed(platform, admin)
        await people.create_role(platform.db, admin.access, name=f"r{number}", code=f"r{number}", rules=rules)
        member = await new_member(platform, await refreshed(platform, admin), f"cc{number}", roles=(f"r{number}",))
        browser = await office.browser(member)
        assert (await browser.get("/")).status_code == 200, (form, field)
        assert (await browser.get(f"/forms/cost_center.project/{project}")).status_code == 200, (form, field)
        for path in ("/cost_center", f"/cost_center/{project}"):
            assert (await browser.get(path)).status_code in (200, 403), (form, field, path)
    assert (await admin.records.list("cost_center.project", Query(where=(Condition("code", "eq", "P1"),)))).records
