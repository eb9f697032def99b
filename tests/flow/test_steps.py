"""Taking steps: roles, states, conditions, what they ask for, whose hand, and what history says of it."""

from __future__ import annotations

import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.records import Outdated
from core.records.verifying import verify
from tests.flow.offices import FORM


def codes(refused: pytest.ExceptionInfo[Invalid]) -> dict[str, str]:
    return {problem.field: problem.code for problem in refused.value.problems}


async def test_a_new_record_begins_in_the_initial_state(ours):
    assert (await ours.bill()).data["state"] == "draft"


async def test_a_step_moves_the_record_and_history_says_who_when_and_why(ours):
    sent = await ours.sent()
    assert (sent.data["state"], sent.revision) == ("sent", 2)
    back = await ours.chief.flow.take(FORM, sent.id, "back", revision=2, comment="  请附发票  ")
    change = (await ours.clerk.records.history(FORM, back.id))[0]
    assert (change.step, change.comment, change.by) == ("back", "请附发票", ours.chief.member.id)
    assert dict(change.changes) == {"state": ("sent", "draft")}
    assert await verify(ours.clerk.db, ours.clerk.tenant.id) == []


async def test_a_step_with_roles_is_theirs_who_hold_one_and_see_the_record(ours):
    sent = await ours.sent()
    with pytest.raises(Forbidden):
        await ours.clerk.flow.take(FORM, sent.id, "agree", revision=2, data={"opinion": "同意"})
    good = await ours.chief.flow.take(FORM, sent.id, "agree", revision=2, data={"opinion": "同意"})
    assert (good.data["state"], good.data["opinion"]) == ("good", "同意")


async def test_a_step_without_roles_needs_the_right_to_edit(ours):
    made = await ours.bill()
    with pytest.raises(Forbidden):
        await ours.chief.flow.take(FORM, made.id, "send", revision=1)


async def test_a_step_is_taken_from_its_own_states_only(ours):
    made = await ours.bill()
    with pytest.raises(Conflict, match="草稿"):
        await ours.chief.flow.take(FORM, made.id, "agree", revision=1, data={"opinion": "同意"})
    with pytest.raises(NotFound):
        await ours.chief.flow.take(FORM, made.id, "nothing", revision=1)


async def test_what_a_step_asks_for_must_be_there_and_nothing_else_is_taken(ours):
    sent = await ours.sent()
    with pytest.raises(Invalid) as refused:
        await ours.chief.flow.take(FORM, sent.id, "agree", revision=2)
    assert codes(refused) == {"opinion": "required"}
    with pytest.raises(Invalid) as refused:
        await ours.chief.flow.take(FORM, sent.id, "agree", revision=2, data={"opinion": "同意", "amount": 1})
    assert codes(refused) == {"amount": "unknown"}
    with pytest.raises(Invalid) as refused:
        await ours.chief.flow.take(FORM, sent.id, "back", revision=2)
    assert codes(refused) == {"_comment": "required"}


async def test_a_condition_that_is_not_true_stops_the_step_with_its_message(ours):
    for code, amount in (("B1", 0), ("B2", None)):
        made = await ours.clerk.records.create(FORM, {"code": code, "amount": amount})
        assert [one.reason for one in await ours.clerk.flow.offers(FORM, made)] == ["金额应大于零"]
        with pytest.raises(Invalid):
            await ours.clerk.flow.take(FORM, made.id, "send", revision=1)
        assert (await ours.clerk.records.get(FORM, made.id)).revision == 1


async def test_who_took_one_step_may_not_check_his_own_hand(ours):
    made = await ours.both.records.create(FORM, {"code": "B1", "amount": 5})
    sent = await ours.both.flow.take(FORM, made.id, "send", revision=1)
    offers = {one.step.code: one.reason for one in await ours.both.flow.offers(FORM, sent)}
    assert offers["back"] == ""
    assert "提交" in offers["agree"]
    with pytest.raises(Forbidden, match="提交"):
        await ours.both.flow.take(FORM, sent.id, "agree", revision=2, data={"opinion": "同意"})
    assert (await ours.chief.flow.take(FORM, sent.id, "agree", revision=2, data={"opinion": "同"})).revision == 3


async def test_the_second_of_two_who_step_at_once_is_told(ours):
    sent = await ours.sent()
    await ours.chief.flow.take(FORM, sent.id, "agree", revision=2, data={"opinion": "同意"})
    with pytest.raises(Outdated):
        await ours.both.flow.take(FORM, sent.id, "back", revision=2, comment="不行")


async def test_a_state_locks_the_fields_it_names_or_all_of_them(ours):
    sent = await ours.sent()
    with pytest.raises(Invalid) as refused:
        await ours.clerk.records.update(FORM, sent.id, {"amount": 7}, revision=2)
    assert codes(refused) == {"amount": "locked"}
    noted = await ours.clerk.records.update(FORM, sent.id, {"opinion": "先记一笔", "amount": 100}, revision=2)
    good = await ours.chief.flow.take(FORM, sent.id, "agree", revision=noted.revision, data={"opinion": "同意"})
    with pytest.raises(Invalid):
        await ours.clerk.records.update(FORM, sent.id, {"opinion": "改"}, revision=good.revision)
    with pytest.raises(Conflict):
        await ours.clerk.records.delete(FORM, sent.id, revision=good.revision)
    with pytest.raises(Conflict):
        await ours.clerk.records.revert(FORM, sent.id, to_revision=1, revision=good.revision)
    assert (await ours.clerk.records.get(FORM, sent.id)).revision == good.revision


async def test_the_batch_says_for_each_record_what_became_of_it(ours):
    one, two = await ours.bill("B1"), await ours.bill("B2", amount=0)
    taken = await ours.clerk.flow.take_many(FORM, [(one.id, 1), (two.id, 1), ("0" * 16, 1)], "send")
    assert [type(each.error) for each in taken] == [type(None), Invalid, NotFound]
    states = [(await ours.clerk.records.get(FORM, id)).data["state"] for id in (one.id, two.id)]
    assert states == ["sent", "draft"]


async def test_another_tenants_record_takes_no_step(ours, theirs):
    sent = await ours.sent()
    with pytest.raises(NotFound):
        await theirs.chief.flow.take(FORM, sent.id, "back", revision=2, comment="不行")
    taken = await theirs.chief.flow.take_many(FORM, [(sent.id, 2)], "back", comment="不行")
    assert [type(one.error) for one in taken] == [NotFound]
    assert (await ours.clerk.records.get(FORM, sent.id)).revision == 2


async def test_a_state_the_form_no_longer_has_is_shown_and_leads_nowhere(ours, platform):
    made = await ours.bill()
    await platform.db.execute(
        """UPDATE record SET data = '{"code":"B1","amount":100.00,"state":"lost"}' WHERE tenant = $1 AND id = $2""",
        ours.clerk.tenant.id, made.id,
    )  # fmt: skip
    found = await ours.clerk.records.get(FORM, made.id)
    assert found.data["state"] == "lost"
    assert await ours.clerk.flow.offers(FORM, found) == ()
    kept = await ours.clerk.records.update(FORM, made.id, {"amount": 5}, revision=1)
    assert kept.data["state"] == "lost"


