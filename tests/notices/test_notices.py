"""Notices: in the reader's language, by the way he chose, in the transaction of their cause; mail once."""

# ruff: noqa: PT012 - a transaction is a block, and what raises inside it is the point
from __future__ import annotations

from dataclasses import replace

import pytest

from core import Invalid, NotFound, people
from core.alerts import Filter
from core.notices import KINDS, MailFailed, try_mail
from core.store import notices as stored
from core.testing import new_member, new_tenant, refreshed, run_jobs
from tests.notices.sink import sinking

FORM = "partners.company"
MAIL = dict.fromkeys(KINDS, "mail")


@pytest.fixture
async def ctx(platform):
    return await new_tenant(platform, "aa", modules=("partners",))


def with_mail(platform, sink):
    """The installation as if its operator had set these."""
    settings = replace(
        platform.settings,
        smtp_url=sink.url,
        mail_from="斗拱 <no-reply@example.com>",
        public_url="https://d.example.com",
    )
    platform.settings = settings
    platform.house = replace(platform.house, settings=settings)


async def tell(ctx, member=None, **more):
    words = {"title": "“{name}”", "text": "有 {n} 条", "words": {"name": "合同", "n": 3}, "url": "/forms"} | more
    return await ctx.notices.send([member or ctx.member.id], "other", words.pop("title"), **words)


async def test_a_notice_is_unread_then_read_and_only_its_members(platform, ctx):
    other = await new_member(platform, ctx, "other", roles=("viewer",))
    assert await tell(ctx) == 1
    assert (await ctx.notices.unread(), await other.notices.unread()) == (1, 0)
    ((notice,), _next) = await ctx.notices.list()
    assert (notice.title, notice.text, notice.url) == ("“合同”", "有 3 条", "/forms")
    with pytest.raises(NotFound):
        await other.notices.read(notice.id)
    await ctx.notices.read(notice.id)
    assert await ctx.notices.unread() == 0
    assert await ctx.notices.list(unread=True) == ([], None)


async def test_each_reads_in_his_language(platform, ctx):
    await ctx.notices.send([ctx.member.id], "other", "Webhook “{name}”已暂停", words={"name": "A"})
    english = await platform.context(replace(ctx.access, language="en"))
    assert (await english.notices.list())[0][0].title == "The webhook “A” is paused"


async def test_who_is_of_another_tenant_or_switched_off_or_wants_nothing_is_not_told(platform, ctx):
    stranger = await new_tenant(platform, "bb")
    gone = await new_member(platform, ctx, "gone", roles=("viewer",))
    await people.change_member(
        platform.db, ctx.access, id=gone.member.id, name="gone", roles=[], department=None, active=False
    )
    deaf = await new_member(platform, ctx, "deaf", roles=("viewer",))
    await deaf.notices.choose(email="", ways=dict.fromkeys(KINDS, "none"))
    members = [stranger.member.id, gone.member.id, deaf.member.id, "NOBODY"]
    assert await ctx.notices.send(members, "other", "x") == 0
    assert await stranger.notices.unread() == 0


async def test_what_was_undone_told_nobody_and_mailed_nothing(platform, ctx):
    async with sinking() as sink:
        with_mail(platform, sink)
        await ctx.notices.choose(email="zhou@example.com", ways=MAIL)
        with pytest.raises(ZeroDivisionError):
            async with ctx.db.write():
                await tell(ctx)
                raise ZeroDivisionError
        await run_jobs(platform)
    assert sink.got == []
    assert await ctx.notices.unread() == 0


async def test_a_mail_is_plain_text_and_html_with_links_and_comes_once(platform, ctx):
    async with sinking() as sink:
        with_mail(platform, sink)
        await ctx.notices.choose(email="zhou@example.com", ways=MAIL)
        await tell(ctx, title="<b>{name}</b>\r\nBcc: x@example.com")
        await run_jobs(platform)
        ((notice,), _next) = await ctx.notices.list()
        await ctx.jobs.enqueue("core.notice_mail", {"notice": notice.id, "member": ctx.member.id})
        await run_jobs(platform)
    ((to, message),) = sink.got
    assert to == "zhou@example.com"
    assert message["Bcc"] is None
    assert message["From"] == "斗拱 <no-reply@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    plain = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    assert "https://d.example.com/forms" in plain
    assert "有 3 条" in plain
    assert "&lt;b&gt;合同" in html
    assert "<b>" not in html


async def test_who_wants_a_digest_gets_one_mail_a_day_with_everything(platform, ctx):
    async with sinking() as sink:
        with_mail(platform, sink)
        await ctx.notices.choose(email="zhou@example.com", ways=dict.fromkeys(KINDS, "digest"))
        for name in ("甲", "乙", "丙"):
            await tell(ctx, words={"name": name, "n": 1})
        await run_jobs(platform)
        assert sink.got == []
        for _day in range(2):
            await ctx.jobs.enqueue("core.notice_daily")
            await run_jobs(platform)
    ((_to, message),) = sink.got
    assert "3" in message["Subject"]
    assert all(name in message.get_body(("plain",)).get_content() for name in "甲乙丙")


async def test_a_server_that_refuses_for_good_is_noted_and_one_that_is_busy_is_tried_again(platform, ctx):
    async with sinking(answer="550 nobody here") as sink:
        with_mail(platform, sink)
        await ctx.notices.choose(email="nobody@example.com", ways=MAIL)
        await tell(ctx)
        await run_jobs(platform)
        ((notice,), _next) = await ctx.notices.list()
        row = await stored.fetch(ctx.db, ctx.tenant.id, ctx.member.id, notice.id)
        assert row["mail"] == "refused"
        sink.answer = "451 later"
        await tell(ctx)
        await run_jobs(platform)
        assert [job.state for job in await ctx.jobs.list("waiting")].count("waiting") >= 1
    row = await stored.fetch(ctx.db, ctx.tenant.id, ctx.member.id, (await ctx.notices.list())[0][0].id)
    assert row["mail"] == "now"


async def test_where_no_server_is_configured_nothing_is_sent_and_the_test_mail_says_so(platform, ctx):
    await ctx.notices.choose(email="zhou@example.com", ways=MAIL)
    await tell(ctx)
    await run_jobs(platform)
    assert await ctx.notices.unread() == 1
    with pytest.raises(MailFailed):
        await try_mail(ctx)
    async with sinking() as sink:
        with_mail(platform, sink)
        await try_mail(await refreshed(platform, ctx))
    assert [to for to, _message in sink.got] == ["zhou@example.com"]


@pytest.mark.parametrize(
    "email", ["zhou", "a@b", "a b@c.cn", "a@c.cn\r\nBcc: x@y.cn", "a@c.cn,b@c.cn", "a@" + "c" * 300]
)
async def test_an_address_that_is_none_is_refused(ctx, email):
    with pytest.raises(Invalid) as refused:
        await ctx.notices.choose(email=email, ways={})
    assert [problem.field for problem in refused.value.problems] == ["email"]


async def test_an_alert_is_told_to_its_rules_roles_as_far_as_they_may_see_it(platform, ctx):
    seeing = await new_member(platform, ctx, "seeing", roles=("viewer",))
    blind = await new_member(platform, ctx, "blind", roles=())
    role = await people.create_role(platform.db, ctx.access, name="值班", rules=[])
    codes = {one.code: one.id for one in await people.roles(platform.db, ctx.tenant.id)}
    await people.set_roles(platform.db, ctx.access, id=seeing.member.id, roles=[codes["viewer"], role])
    await people.set_roles(platform.db, ctx.access, id=blind.member.id, roles=[role])
    ctx = await refreshed(platform, ctx)
    rule = {"title": "黑名单", "form": FORM, "formula": "blacklisted", "severity": "red", "active": True}
    await ctx.alerts.save_rule("", {**rule, "roles": [role], "creator": True})
    ctx = await refreshed(platform, ctx)
    data = {"code": "C1", "name": "青石", "kind": "supplier", "status": "qualified", "blacklisted": True}
    await ctx.records.create(FORM, data)
    await run_jobs(platform)
    for told in (seeing, ctx):
        ((notice,), _next) = await told.notices.list()
        assert notice.title == "红色预警：黑名单"
        assert "青石" in notice.text
    assert await blind.notices.unread() == 0
    (alert,) = (await ctx.alerts.page(Filter()))[0]
    await ctx.alerts.act(alert.id, "assign", owner=seeing.member.id)
    assert (await seeing.notices.list())[0][0].title == "指派给您的预警：黑名单"
    rows = [{**data, "code": f"D{n}"} for n in range(12)]
    await ctx.records.bulk(FORM, rows, mode="create")
    await run_jobs(platform)
    assert (await seeing.notices.list())[0][0].title == "12 项新预警：黑名单"  # one, not twelve
