"""`ctx.webhooks`: endpoints as an administrator keeps them, and putting events into their outbox."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import new_id, now
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.i18n import _
from core.people import must_write
from core.store import definitions as stored_definitions
from core.store import webhooks as stored
from core.webhooks.guard import Refused, resolve
from core.webhooks.model import ALERT_EVENTS, RECORD_EVENTS, Attempt, Delivery, Webhook
from core.webhooks.sending import secret_of

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Form
    from core.records import Change

LONGEST_NAME = 60
MOST = 50  # endpoints of one tenant
PAGE = 30
MEMO = "webhooks"


class Webhooks:
    """The webhooks of one tenant. Everything but `emit` and listening needs the permission "modules"."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._db, self._tenant = ctx.db, ctx.tenant.id

    def _must(self) -> None:
        if not self._ctx.may("modules"):
            raise Forbidden(_("管理 Webhook 需要“模块”权限，请联系系统管理员"))

    async def list(self) -> list[Webhook]:
        self._must()
        return [_webhook(row) for row in await stored.every(self._db, self._tenant)]

    async def get(self, id: str) -> Webhook:
        self._must()
        return _webhook(await self._row(id))

    async def save(self, id: str, *, name: str, url: str, events: Mapping[str, Any]) -> tuple[Webhook, str]:
        """Keep an endpoint, "" makes one. With it the secret of a new one, to be shown this once."""
        self._must()
        must_write(self._ctx.tenant)
        body = await self._checked(name, url, events)
        fresh = not id
        if fresh and len(await stored.every(self._db, self._tenant)) >= MOST:
            raise Conflict(_("最多 {n} 个 Webhook，请先删除不用的", n=MOST))
        row = {} if fresh else await self._row(id)
        async with self._db.write():
            await stored_definitions.bump(self._db, self._tenant)  # every process knows by version who listens
            if fresh:
                id = new_id()
                row = {
                    "id": id, **body, "generation": 1, "state": "on", "failures": 0, "created_at": now(),
                    "created_by": self._ctx.member.id or None, "updated_at": now(),
                }  # fmt: skip
                await stored.insert(self._db, self._tenant, row)
            else:
                await stored.update(self._db, self._tenant, id, {**body, "updated_at": now()})
        self._ctx.memo.pop(MEMO, None)  # others know by the new version
        return _webhook({**row, **body}), self._secret(row) if fresh else ""

    async def new_secret(self, id: str) -> str:
        """Another secret; the old one signs nothing from now on."""
        self._must()
        row = await self._row(id)
        changed = {"generation": row["generation"] + 1, "updated_at": now()}
        await stored.update(self._db, self._tenant, id, changed)
        return self._secret({**row, **changed})

    async def switch(self, id: str, *, on: bool) -> None:
        """Off: events wait in the outbox. On again: they are sent at once."""
        self._must()
        await self._row(id)
        async with self._db.write():
            changed = {"state": "on" if on else "off", "updated_at": now(), **({"failures": 0} if on else {})}
            await stored.update(self._db, self._tenant, id, changed)
            if on and await stored.wake_all(self._db, self._tenant, id, at=now()):
                await self._send(id)

    async def delete(self, id: str) -> None:
        self._must()
        async with self._db.write():
            await stored_definitions.bump(self._db, self._tenant)
            if not await stored.delete(self._db, self._tenant, id):
                raise NotFound(_("没有这个 Webhook。"))
        self._ctx.memo.pop(MEMO, None)

    async def deliveries(self, id: str, *, before: str | None = None) -> tuple[list[Delivery], str | None]:
        """The log of one endpoint, newest first, and where its next page begins."""
        self._must()
        await self._row(id)
        rows = await stored.deliveries(self._db, self._tenant, id, before=before, limit=PAGE + 1)
        tries: dict[str, list[Attempt]] = {}
        for row in await stored.attempts(self._db, self._tenant, [row["id"] for row in rows[:PAGE]]):
            line = Attempt(row["number"], row["at"], row["status"], row["milliseconds"], row["answer"], row["error"])
            tries.setdefault(row["delivery"], []).append(line)
        found = [_delivery(row, tries.get(row["id"], [])) for row in rows[:PAGE]]
        return found, (found[-1].id if len(rows) > PAGE else None)

    async def resend(self, id: str, delivery: str) -> None:
        """Send once more what was delivered, given up or still waits."""
        self._must()
        row = await stored.fetch_delivery(self._db, self._tenant, id, delivery)
        if row is None:
            raise NotFound(_("没有这条发送记录。"))
        async with self._db.write():
            await stored.settle(
                self._db, self._tenant, delivery, state="waiting", attempts=row["attempts"], next_at=now(), done_at=None
            )
            await self._send(id)

    async def test(self, id: str) -> None:
        """Put an event of no consequence into the outbox, so that a receiver can be tried."""
        self._must()
        await self._row(id)
        async with self._db.write():
            await self._put([id], [("test", {"message": "ping"})])

    # Events: rows of the outbox in the transaction that causes them.

    async def wants(self, form: str) -> bool:
        return any(form in hook.forms for hook in await self._listening())

    async def saved(self, form: Form, changes: Sequence[Change]) -> None:
        """Records of `form` were written. The event says which and what was touched; the content is for the API."""
        for hook in await self._listening():
            wanted = hook.forms.get(form.name, ())
            told = [(f"record.{_kind(change)}", _told(change)) for change in changes if _kind(change) in wanted]
            if told:
                await self._put([hook.id], told)

    async def alert(self, kind: str, facts: Mapping[str, Any]) -> None:
        """An alert was opened or closed."""
        hooks = [hook.id for hook in await self._listening() if kind in hook.alerts]
        if hooks:
            await self._put(hooks, [(f"alert.{kind}", dict(facts))])

    async def _listening(self) -> list[Webhook]:
        memo = self._ctx.memo
        if MEMO not in memo:
            memo[MEMO] = [_webhook(row) for row in await stored.every(self._db, self._tenant)]
        return memo[MEMO]  # type: ignore[no-any-return]

    async def _put(self, hooks: Sequence[str], events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        at = now()
        rows = []
        for hook in hooks:
            for event, facts in events:
                id = new_id()
                body = {"id": id, "event": event, "at": at, "tenant": self._ctx.tenant.code, **facts}
                rows.append({
                    "id": id, "webhook": hook, "event": event, "body": json.dumps(body, ensure_ascii=False),
                    "state": "waiting", "attempts": 0, "at": at, "next_at": at, "done_at": None,
                })  # fmt: skip
        await stored.insert_deliveries(self._db, self._tenant, rows)
        for hook in hooks:
            await self._send(hook)

    async def _send(self, id: str) -> None:
        await self._ctx.jobs.enqueue("core.webhook", {"webhook": id}, key=id)

    async def _row(self, id: str) -> Mapping[str, Any]:
        row = await stored.fetch(self._db, self._tenant, id)
        if row is None:
            raise NotFound(_("没有这个 Webhook。"))
        return row

    def _secret(self, row: Mapping[str, Any]) -> str:
        return secret_of(self._ctx.installation, self._tenant, row["id"], row["generation"])

    async def _checked(self, name: str, url: str, events: Mapping[str, Any]) -> dict[str, Any]:
        name, url, problems = name.strip(), url.strip(), []
        if not 0 < len(name) <= LONGEST_NAME:
            problems.append(Problem("name", "length", _("请填写名称，最多 {n} 个字", n=LONGEST_NAME)))
        try:
            await resolve(url, allowed=self._ctx.installation.webhook_hosts)
        except Refused as error:
            problems.append(Problem("url", error.code, error.message))
        forms = {
            form: [kind for kind in RECORD_EVENTS if kind in kinds]
            for form, kinds in events.get("forms", {}).items()
            if form in self._ctx.forms
        }
        forms = {form: kinds for form, kinds in forms.items() if kinds}
        alerts = [kind for kind in ALERT_EVENTS if kind in events.get("alerts", ())]
        if not forms and not alerts:
            problems.append(Problem("events", "required", _("请至少选择一种事件")))
        if problems:
            raise Invalid(problems)
        return {"name": name, "url": url, "events": exact.dumps({"forms": forms, "alerts": alerts})}


def _kind(change: Change) -> str:
    """A step through the form's states is told as such, whatever it wrote."""
    return "step" if change.step else change.kind


def _told(change: Change) -> dict[str, Any]:
    return {
        "form": change.form,
        "record": change.record,
        "revision": change.revision,
        "by": change.by,
        "source": change.source,
        "fields": sorted(change.changes),
        **({"step": change.step} if change.step else {}),
    }


def _webhook(row: Mapping[str, Any]) -> Webhook:
    events = exact.loads(row["events"])
    return Webhook(
        id=row["id"],
        name=row["name"],
        url=row["url"],
        forms={form: tuple(kinds) for form, kinds in events.get("forms", {}).items()},
        alerts=tuple(events.get("alerts", ())),
        state=row["state"],
        failures=row["failures"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )


def _delivery(row: Mapping[str, Any], attempts: list[Attempt]) -> Delivery:
    return Delivery(
        id=row["id"],
        event=row["event"],
        body=row["body"],
        state=row["state"],
        attempts=tuple(attempts),
        at=row["at"],
        next_at=row["next_at"],
    )
