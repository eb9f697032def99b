"""Delivering: each attempt signed, bounded in time and logged; later again after a failure, at last given up.

Signed as Standard Webhooks has it (github.com/standard-webhooks): `webhook-id`, `webhook-timestamp` and
`webhook-signature: v1,<base64 of HMAC-SHA256 over "id.timestamp.body">`. The id stays the same in every attempt, so
that a receiver who got something twice can tell.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx

from core.clock import now, stamp
from core.i18n import _
from core.jobs import Job, JobKind
from core.store import webhooks as stored
from core.webhooks.guard import Refused, Target, resolve

if TYPE_CHECKING:
    from core.context import Context
    from core.settings import Settings

SECONDS = 10  # one attempt from the first byte to the last
ANSWER = 500  # bytes of the answer that are kept
LEASE = timedelta(seconds=60)  # longer than any attempt: who holds a delivery so long is dead
WAITS = (10, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)  # seconds after each failed attempt
PAUSE_AFTER = 20  # failures in a row
AT_ONCE = 200  # deliveries of one webhook in one job
KEPT = timedelta(days=30)
AGENT = "Dougong-Webhook/1"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    status: int | None
    milliseconds: int
    answer: str = ""
    error: str = ""

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def secret_of(settings: Settings, tenant: int, webhook: str, generation: int) -> str:
    """The secret of an endpoint. It follows from the installation's own and is stored nowhere."""
    text = f"webhook {tenant} {webhook} {generation}"
    key = hmac.new(settings.secret.encode(), text.encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(key).decode()


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


async def attempt(url: str, body: bytes, headers: Mapping[str, str], *, allowed: tuple[str, ...]) -> Outcome:
    """One POST. Whatever happens is an outcome; no redirect is followed and no proxy asked."""
    begun = time.monotonic()

    def took() -> int:
        return round((time.monotonic() - begun) * 1000)

    try:
        async with asyncio.timeout(SECONDS):  # of everything: a receiver that drips a byte a second ends too
            target = await resolve(url, allowed=allowed)
            status, answer = await _post(target, body, headers)
        return Outcome(status, took(), answer)
    except Refused as error:
        return Outcome(None, took(), error=error.message)
    except (TimeoutError, httpx.TimeoutException):
        return Outcome(None, took(), error=_("{seconds} 秒内没有应答", seconds=SECONDS))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return Outcome(None, took(), error=f"{type(error).__name__}: {error}"[:ANSWER])


@cache
def _authorities() -> ssl.SSLContext:
    """Whose certificates count. Read once: that takes a while, in which every request would wait."""
    return httpx.create_ssl_context(trust_env=False)


async def _post(target: Target, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """To the address that was checked, under the name that was asked for, also in TLS."""
    sent = {**headers, "Host": target.host_header, "Content-Type": "application/json", "User-Agent": AGENT}
    async with (
        httpx.AsyncClient(verify=_authorities(), trust_env=False, follow_redirects=False, timeout=SECONDS) as client,
        client.stream(
            "POST", target.url, content=body, headers=sent, extensions={"sni_hostname": target.host}
        ) as response,
    ):
        kept = b""
        async for piece in response.aiter_raw():
            kept += piece[: ANSWER - len(kept)]
            if len(kept) >= ANSWER:
                break
        return response.status_code, kept.decode("utf-8", "replace").replace("\0", "")


async def deliver(ctx: Context, job: Job) -> Mapping[str, Any]:
    """Send what is due of one webhook, oldest first; leave off at the first that gets no answer at all."""
    sent = failed = 0
    for _number in range(AT_ONCE):
        job.check()
        hook = await stored.fetch(ctx.db, ctx.tenant.id, job.args["webhook"])
        row = await stored.due(ctx.db, ctx.tenant.id, job.args["webhook"], at=now()) if hook else None
        if hook is None or hook["state"] != "on" or row is None:
            return {"sent": sent, "failed": failed}
        lease = stamp(datetime.now(UTC) + LEASE)
        if not await stored.claim(ctx.db, ctx.tenant.id, row["id"], seen=row["next_at"], until=lease):
            continue
        outcome = await _try(ctx, hook, row)
        await _note(ctx, hook, row, outcome)
        sent, failed = sent + outcome.delivered, failed + (not outcome.delivered)
        if outcome.status is None:
            break  # the receiver is not there: the others would wait for nothing, each its ten seconds
    await ctx.jobs.enqueue("core.webhook", job.args, key=f"{hook['id']}+", at=datetime.now(UTC) + timedelta(seconds=20))
    return {"sent": sent, "failed": failed}


async def _try(ctx: Context, hook: Row, row: Row) -> Outcome:
    body = row["body"].encode()
    timestamp = int(time.time())
    secret = secret_of(ctx.installation, ctx.tenant.id, hook["id"], hook["generation"])
    headers = {
        "webhook-id": row["id"],
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, row["id"], timestamp, body),
    }
    return await attempt(hook["url"], body, headers, allowed=ctx.installation.webhook_hosts)


async def _note(ctx: Context, hook: Row, row: Row, outcome: Outcome) -> None:
    """The attempt in the log, and what comes next: done, later again, given up; too many failures pause the webhook."""
    number = row["attempts"] + 1
    tenant, present = ctx.tenant.id, datetime.now(UTC)
    async with ctx.db.write():
        await stored.add_attempt(ctx.db, tenant, {
            "delivery": row["id"], "number": number, "at": stamp(present), "status": outcome.status,
            "milliseconds": outcome.milliseconds, "answer": outcome.answer, "error": outcome.error,
        })  # fmt: skip
        state, later = "delivered", None
        if not outcome.delivered:
            state, later = ("dead", None) if number > len(WAITS) else ("waiting", _later(present, number))
        await stored.settle(
            ctx.db, tenant, row["id"], state=state, attempts=number,
            next_at=stamp(later) if later else None, done_at=None if later else stamp(present),
        )  # fmt: skip
        if outcome.delivered:
            if hook["failures"]:
                await stored.update(ctx.db, tenant, hook["id"], {"failures": 0})
            return
        if later:
            await ctx.jobs.enqueue("core.webhook", {"webhook": hook["id"]}, key=f"{hook['id']} {row['id']}", at=later)
        if await stored.count_failure(ctx.db, tenant, hook["id"]) >= PAUSE_AFTER and hook["state"] == "on":
            await stored.update(ctx.db, tenant, hook["id"], {"state": "paused"})
            await ctx.notices.send(
                [hook["created_by"]] if hook["created_by"] else [], "other", "Webhook “{name}”已暂停",
                text="连续 {n} 次没有送到。请检查接收方，然后在 Webhook 页面恢复。",
                url=f"/admin/webhooks/{hook['id']}", words={"name": hook["name"], "n": PAUSE_AFTER},
            )  # fmt: skip


def _later(present: datetime, number: int) -> datetime:
    return present + timedelta(seconds=WAITS[number - 1])


async def tidy(ctx: Context, job: Job) -> Mapping[str, Any]:
    """Drop what ended long ago."""
    return {"dropped": await stored.drop_older(ctx.db, ctx.tenant.id, than=stamp(datetime.now(UTC) - KEPT))}


JOBS = (
    JobKind(name="core.webhook", title="发送 Webhook", run=deliver, system=True, seconds=AT_ONCE * SECONDS + 60),
    JobKind(
        name="core.webhook_tidy", title="清理 Webhook 记录", run=tidy, system=True,
        schedule="FREQ=DAILY;BYHOUR=3;BYMINUTE=20",
    ),
)  # fmt: skip
