"""The outbox: written with the change, delivered signed, tried again, given up, and never in one another's way."""

# ruff: noqa: PT012 - a transaction is a block, and what raises inside it is the point
from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from core import Conflict, Forbidden, Invalid, NotFound
from core.clock import now, stamp
from core.store import webhooks as stored
from core.testing import new_member, new_tenant, refreshed, run_jobs
from core.webhooks import PAUSE_AFTER, WAITS, sending
from tests.webhooks.receiver import receiving

FORM = "partners.company"
FIRM = {"name": "青石建材", "kind": "supplier", "status": "qualified"}
EVENTS = {"forms": {FORM: ["create", "update", "delete", "restore"]}, "alerts": ["opened", "closed"]}


@pytest.fixture
async def ctx(platform):
    return await new_tenant(platform, "aa", modules=("partners",))


async def hooked(ctx, url, name="财务", events=EVENTS):
    return await ctx.webhooks.save("", name=name, url=url, events=events)


async def firm(ctx, code="C1"):
    return await ctx.records.create(FORM, {"code": code, **FIRM})


async def log(ctx, hook):
    return (await ctx.webhooks.deliveries(hook.id))[0]


async def hurry(ctx, hook):
    """Let everything that waits be due, as if its time had come, and its jobs run."""
    await stored.wake_all(ctx.db, ctx.tenant.id, hook.id, at=now())
    await ctx.jobs.enqueue("core.webhook", {"webhook": hook.id}, key=hook.id)


async def test_a_change_arrives_signed_with_an_id_that_stays_the_same(platform, ctx):
    async with receiving(status=500) as receiver:
        hook, secret = await hooked(ctx, receiver.url)
        record = await firm(ctx)
        await run_jobs(platform)
        receiver.status = 204
        await hurry(ctx, hook)
        await run_jobs(platform)
    (first, body), (second, again) = receiver.got
    assert body == again
    assert first["webhook-id"] == second["webhook-id"] == json.loads(body)["id"]
    told = json.loads(body)
    assert (told["event"], told["tenant"], told["form"], told["record"]) == ("record.create", "aa", FORM, record.id)
    assert {"code", "kind", "name", "status"} <= set(told["fields"])
    assert FIRM["name"] not in body.decode()  # the content is for the API, under the token's rights
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{first['webhook-id']}.{first['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert first["webhook-signature"] == f"v1,{wanted}"
    assert abs(int(first["webhook-timestamp"]) - time.time()) < 300
    (line,) = await log(ctx, hook)
    assert (line.state, [one.status for one in line.attempts]) == ("delivered", [204, 500])


async def test_only_what_was_asked_for_is_told(platform, ctx):
    async with receiving() as receiver:
        hook, _secret = await hooked(ctx, receiver.url, events={"forms": {FORM: ["delete"]}})
        record = await firm(ctx)
        await ctx.records.update(FORM, record.id, {"name": "新名"}, revision=1)
        await ctx.records.bulk(FORM, [{"code": f"B{n}", **FIRM} for n in range(5)], mode="create")
        await ctx.records.delete(FORM, record.id, revision=2)
        await run_jobs(platform)
    assert [json.loads(body)["event"] for _headers, body in receiver.got] == ["record.delete"]
    assert len(await log(ctx, hook)) == 1


async def test_a_bulk_write_puts_each_row_into_the_outbox_in_order(platform, ctx):
    async with receiving() as receiver:
        await hooked(ctx, receiver.url)
        done = await ctx.records.bulk(FORM, [{"code": f"B{n:02}", **FIRM} for n in range(20)], mode="create")
        await run_jobs(platform)
    assert [json.loads(body)["record"] for _headers, body in receiver.got] == [row.id for row in done.rows]


async def test_what_was_undone_is_told_to_nobody(platform, ctx):
    async with receiving() as receiver:
        hook, _secret = await hooked(ctx, receiver.url)
        with pytest.raises(ZeroDivisionError):
            async with ctx.db.write():
                await firm(ctx)
                raise ZeroDivisionError
        await run_jobs(platform)
    assert receiver.got == []
    assert await log(ctx, hook) == []


async def test_a_receiver_that_never_answers_ends_in_a_clear_state_and_holds_up_no_other(platform, ctx, monkeypatch):
    monkeypatch.setattr(sending, "SECONDS", 2)  # long for one that answers, on a busy machine too
    async with receiving(silent=True) as dead, receiving(dripping=True) as slow, receiving() as good:
        hooks = [(await hooked(ctx, one.url, name))[0] for one, name in ((dead, "a"), (slow, "b"), (good, "c"))]
        for number in range(3):
            await firm(ctx, f"C{number}")
        await run_jobs(platform)
    assert len(good.got) == 3
    assert len(dead.got) == 1  # the others would have waited for nothing
    for hook in hooks[:2]:
        (tried,) = [line for line in await log(ctx, hook) if line.attempts]
        assert (tried.state, len(tried.attempts)) == ("waiting", 1)
        assert tried.next_at is not None
        assert "没有应答" in tried.attempts[0].error


async def test_a_redirect_is_an_answer_and_is_not_followed(platform, ctx):
    async with receiving(status=302) as receiver:
        hook, _secret = await hooked(ctx, receiver.url)
        await firm(ctx)
        await run_jobs(platform)
    (line,) = await log(ctx, hook)
    assert (line.state, line.attempts[0].status) == ("waiting", 302)
    assert len(receiver.got) == 1


async def test_waits_grow_and_at_last_it_is_given_up_until_somebody_sends_it_again(platform, ctx):
    async with receiving(status=503, answer=b"x" * 5000) as receiver:
        hook, _secret = await hooked(ctx, receiver.url)
        await firm(ctx)
        await run_jobs(platform)
        for wait in WAITS:
            (line,) = await log(ctx, hook)
            due = datetime.fromisoformat(line.next_at)
            assert abs((due - datetime.now(UTC)).total_seconds() - wait) < 60
            await hurry(ctx, hook)
            await run_jobs(platform)
        (line,) = await log(ctx, hook)
        assert (line.state, line.next_at, len(line.attempts)) == ("dead", None, len(WAITS) + 1)
        assert len(line.attempts[0].answer) == 500
        receiver.status = 200
        await ctx.webhooks.resend(hook.id, line.id)
        await run_jobs(platform)
    (line,) = await log(ctx, hook)
    assert (line.state, len(line.attempts)) == ("delivered", len(WAITS) + 2)


async def test_too_many_failures_in_a_row_pause_it_tell_its_maker_and_lose_nothing(platform, ctx):
    async with receiving(status=500) as receiver:
        hook, _secret = await hooked(ctx, receiver.url)
        rows = [{"code": f"B{n:02}", **FIRM} for n in range(PAUSE_AFTER + 3)]
        await ctx.records.bulk(FORM, rows, mode="create")
        await run_jobs(platform)
        assert (await ctx.webhooks.get(hook.id)).state == "paused"
        assert len(receiver.got) == PAUSE_AFTER
        ((notice,), _next) = await ctx.notices.list()
        assert notice.title == "Webhook “财务”已暂停"
        receiver.status = 200
        await ctx.webhooks.switch(hook.id, on=True)
        await run_jobs(platform)
    assert {line.state for line in await log(ctx, hook)} == {"delivered"}
    assert (await ctx.webhooks.get(hook.id)).failures == 0


async def test_two_workers_do_not_send_the_same_thing_at_once(platform, ctx):
    async with receiving() as receiver:
        hook, _secret = await hooked(ctx, receiver.url)
        await firm(ctx)
        (row,) = await stored.deliveries(ctx.db, ctx.tenant.id, hook.id, before=None, limit=5)
        lease = stamp(datetime.now(UTC) + timedelta(minutes=1))
        claims = [
            stored.claim(ctx.db, ctx.tenant.id, row["id"], seen=row["next_at"], until=lease) for _number in range(4)
        ]
        assert sorted(await asyncio.gather(*claims)) == [False, False, False, True]
        await run_jobs(platform)
        assert receiver.got == []  # somebody has it


async def test_a_new_secret_replaces_the_old_and_none_is_stored(platform, ctx):
    async with receiving() as receiver:
        hook, secret = await hooked(ctx, receiver.url)
        other = await ctx.webhooks.new_secret(hook.id)
        assert secret != other
        (row,) = await stored.every(ctx.db, ctx.tenant.id)
        assert secret not in str(dict(row))
        await ctx.webhooks.test(hook.id)
        await run_jobs(platform)
    ((headers, body),) = receiver.got
    wanted = sending.signature(other, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == wanted


async def test_alerts_that_open_and_close_are_told(platform, ctx):
    async with receiving() as receiver:
        await hooked(ctx, receiver.url, events={"alerts": ["opened", "closed"]})
        rule = {"title": "黑名单", "form": FORM, "formula": "blacklisted", "severity": "red", "active": True}
        await ctx.alerts.save_rule("", rule)
        ctx = await refreshed(platform, ctx)
        record = await firm(ctx)
        await ctx.records.update(FORM, record.id, {"blacklisted": True}, revision=1)
        await run_jobs(platform)
        await ctx.records.update(FORM, record.id, {"blacklisted": False}, revision=2)
        await run_jobs(platform)
    told = [json.loads(body) for _headers, body in receiver.got]
    assert [(one["event"], one["severity"], one["record"]) for one in told] == [
        ("alert.opened", "red", record.id), ("alert.closed", "red", record.id),
    ]  # fmt: skip


async def test_an_endpoint_is_checked_and_belongs_to_one_tenant(platform, ctx):
    with pytest.raises(Invalid) as refused:
        await ctx.webhooks.save("", name=" ", url="http://10.0.0.1/", events={})
    assert {problem.field for problem in refused.value.problems} == {"name", "url", "events"}
    hook, _secret = await hooked(ctx, "http://127.0.0.1:9/")
    other = await new_tenant(platform, "bb", modules=("partners",))
    for asked in (other.webhooks.get(hook.id), other.webhooks.delete(hook.id), other.webhooks.new_secret(hook.id),
                  other.webhooks.switch(hook.id, on=False), other.webhooks.deliveries(hook.id),
                  other.webhooks.test(hook.id), other.webhooks.resend(hook.id, "x")):  # fmt: skip
        with pytest.raises(NotFound):
            await asked
    await firm(other)
    assert await log(ctx, hook) == []
    editor = await new_member(platform, ctx, "editor", roles=("editor",))
    with pytest.raises(Forbidden):
        await editor.webhooks.list()
    await firm(editor, "C9")  # whoever writes, the outbox hears of it
    assert len(await log(ctx, hook)) == 1


async def test_old_deliveries_are_dropped_and_waiting_ones_kept(platform, ctx):
    async with receiving() as receiver:
        hook, _secret = await hooked(ctx, receiver.url)
        await firm(ctx)
        await run_jobs(platform)
        await ctx.webhooks.switch(hook.id, on=False)
        await firm(ctx, "C2")
        assert await stored.drop_older(ctx.db, ctx.tenant.id, than=stamp(datetime.now(UTC) + timedelta(days=1))) == 1
    assert [line.state for line in await log(ctx, hook)] == ["waiting"]


async def test_a_tenant_has_a_bounded_number_of_endpoints(ctx, monkeypatch):
    from core.webhooks import webhooks

    monkeypatch.setattr(webhooks, "MOST", 1)
    await hooked(ctx, "http://127.0.0.1:9/")
    with pytest.raises(Conflict):
        await hooked(ctx, "http://127.0.0.1:9/")
