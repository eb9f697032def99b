"""The jobs of notices: one by mail at once, the daily digest, and what is old thrown away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.clock import now, stamp
from core.i18n import LANGUAGES, _, language
from core.jobs import Job, JobKind
from core.notices.mail import MailFailed, configured, message_of, post
from core.notices.notices import notice_of
from core.store import notices as stored

if TYPE_CHECKING:
    from core.context import Context

IN_DIGEST = 100
KEPT = timedelta(days=90)


async def send_one(ctx: Context, job: Job) -> Mapping[str, Any] | None:
    """Mail one notice. Done twice only if a process dies between the server's yes and our note of it."""
    row = await stored.fetch(ctx.db, ctx.tenant.id, job.args["member"], job.args["notice"])
    if row is None or row["mail"] != "now":
        return {"mail": "done before"}
    return await _mail(ctx, job.args["member"], [row], digest=False)


async def send_digest(ctx: Context, job: Job) -> Mapping[str, Any] | None:
    rows = await stored.for_digest(ctx.db, ctx.tenant.id, job.args["member"], limit=IN_DIGEST)
    return await _mail(ctx, job.args["member"], rows, digest=True) if rows else None


async def _mail(ctx: Context, member: str, rows: Sequence[Mapping[str, Any]], *, digest: bool) -> dict[str, str]:
    """Mail `rows` to the member and note what became of them."""
    ids = [row["id"] for row in rows]
    spoken = (await stored.languages(ctx.db, ctx.tenant.id, [member])).get(member)
    choice = (await stored.choices(ctx.db, ctx.tenant.id, [member])).get(member)
    if spoken is None or choice is None or not choice["email"] or not configured(ctx.installation):
        await stored.mark_mailed(ctx.db, ctx.tenant.id, ids, mail="unsent", at=now())
        return {"mail": "unsent"}
    before = language.set(spoken if spoken in LANGUAGES else LANGUAGES[0])
    try:
        notices = [notice_of(row, language.get()) for row in rows]
        lead = _("{tenant}：今天有 {n} 条消息", tenant=ctx.tenant.name, n=len(rows)) if digest else ""
        message = message_of(
            ctx.installation, to=choice["email"], subject=lead or notices[0].title, lines=notices, lead=lead
        )
        await post(ctx.installation, message)
    except MailFailed as error:
        if not error.final:
            raise
        await stored.mark_mailed(ctx.db, ctx.tenant.id, ids, mail="refused", at=now())
        return {"mail": "refused", "error": error.message}
    finally:
        language.reset(before)
    await stored.mark_mailed(ctx.db, ctx.tenant.id, ids, mail="sent", at=now())
    return {"mail": "sent"}


async def daily(ctx: Context, job: Job) -> Mapping[str, Any] | None:
    """A job for each member who has something for the digest, so that one that fails holds up no other."""
    members = await stored.digest_members(ctx.db, ctx.tenant.id)
    for member in members:
        await ctx.jobs.enqueue("core.notice_digest", {"member": member}, key=member)
    dropped = await stored.drop_older(ctx.db, ctx.tenant.id, than=stamp(datetime.now(UTC) - KEPT))
    return {"digests": len(members), "dropped": dropped}


async def try_mail(ctx: Context) -> None:
    """A mail to the member's own address, now; MailFailed says why it was not taken."""
    choice = await ctx.notices.choice()
    if not configured(ctx.installation):
        raise MailFailed(_("平台还没有配置邮件服务器，发不了邮件。"), final=True)
    if not choice.email:
        raise MailFailed(_("请先填写并保存邮箱地址。"), final=True)
    words = _("{tenant}的测试邮件：能看到它，说明邮件通知可用。", tenant=ctx.tenant.name)
    await post(ctx.installation, message_of(ctx.installation, to=choice.email, subject=words, lines=(), lead=words))


JOBS = (
    JobKind(
        name="core.notice_mail", title="发送通知邮件", run=send_one, system=True, attempts=6, backoff=30, seconds=120,
    ),
    JobKind(
        name="core.notice_digest", title="发送每日汇总邮件", run=send_digest, system=True, attempts=6, backoff=60,
        seconds=120,
    ),
    JobKind(name="core.notice_daily", title="准备每日汇总", run=daily, system=True, schedule="FREQ=DAILY;BYHOUR=8"),
)  # fmt: skip
