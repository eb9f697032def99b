"""`ctx.notices`: telling members something, and one member's own notices and choices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import new_id, now
from core.errors import Invalid, NotFound, Problem
from core.i18n import _, translate
from core.notices.model import KINDS, START, WAYS, Choice, Notice, Way
from core.store import notices as stored

if TYPE_CHECKING:
    from core.context import Context

COUNTED = 100
PAGE = 30
NO_WORDS: Mapping[str, Any] = MappingProxyType({})
LONGEST_ADDRESS = 254
# One "@", a domain with a dot, nothing that could begin a second header or address.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


class Notices:
    """The notices of one tenant: `send` to any of its members, everything else for the present one only."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._db, self._tenant, self._member = ctx.db, ctx.tenant.id, ctx.member.id

    async def send(
        self,
        members: Iterable[str],
        kind: str,
        title: str,
        *,
        text: str = "",
        url: str = "",
        words: Mapping[str, Any] = NO_WORDS,
    ) -> int:
        """Tell `members` (ids); how many were told. In the open transaction: undone, nobody was told anything.

        `title` and `text` are Chinese sources with their English in a catalogue and `{places}` filled from `words`,
        so that each reader has them in his language. `url` is a path of ours. Each member's choice for the `kind`
        decides whether it comes in the app, by mail, with the digest or not at all.
        """
        if kind not in KINDS:
            raise LookupError(f"no kind of notice is called {kind!r}: {', '.join(KINDS)}")
        active = await stored.languages(self._db, self._tenant, members)
        chosen = await stored.choices(self._db, self._tenant, active)
        at, rows = now(), []
        for member in active:
            choice = _choice(chosen.get(member))
            way = choice.ways[kind]
            if way == "none":
                continue
            mail = {"mail": "now", "digest": "digest"}.get(way, "") if choice.email else ""
            rows.append({
                "id": new_id(), "member": member, "kind": kind, "title": title, "text": text,
                "words": exact.dumps(dict(words)), "url": url, "shown": 1, "at": at, "read_at": None, "mail": mail,
                "mailed_at": None,
            })  # fmt: skip
        if rows:
            async with self._db.write():
                await stored.insert(self._db, self._tenant, rows)
                for row in rows:
                    if row["mail"] == "now":
                        args = {"notice": row["id"], "member": row["member"]}
                        await self._ctx.jobs.enqueue("core.notice_mail", args)
        return len(rows)

    async def list(self, *, unread: bool = False, before: str | None = None) -> tuple[list[Notice], str | None]:
        """The member's notices, newest first, and where the next page begins."""
        rows = await stored.page(self._db, self._tenant, self._member, unread=unread, before=before, limit=PAGE + 1)
        found = [notice_of(row, self._ctx.language) for row in rows[:PAGE]]
        return found, (found[-1].id if len(rows) > PAGE else None)

    async def unread(self) -> int:
        """How many are unread, COUNTED at most."""
        return await stored.unread(self._db, self._tenant, self._member, bound=COUNTED)

    async def read(self, id: str) -> Notice:
        """Mark one as read, and give it."""
        row = await stored.fetch(self._db, self._tenant, self._member, id)
        if row is None:
            raise NotFound(_("没有这条通知。"))
        await stored.mark_read(self._db, self._tenant, self._member, id=id, at=now())
        return notice_of(row, self._ctx.language)

    async def read_all(self) -> int:
        return await stored.mark_read(self._db, self._tenant, self._member, id=None, at=now())

    async def choice(self) -> Choice:
        return _choice((await stored.choices(self._db, self._tenant, [self._member])).get(self._member))

    async def choose(self, *, email: str, ways: Mapping[str, Any]) -> None:
        """Keep the member's choices; Invalid names what is wrong."""
        email = email.strip()
        problems = []
        if email and (len(email) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(email)):
            problems.append(Problem("email", "email", _("邮箱地址不对，例如 zhou@example.com")))
        wrong = [kind for kind in KINDS if ways.get(kind, START[kind]) not in WAYS]
        problems += [Problem(f"way_{kind}", "choice", _("请选择一种方式")) for kind in wrong]
        if problems:
            raise Invalid(problems)
        kept = {kind: ways.get(kind, START[kind]) for kind in KINDS}
        await stored.save_choice(self._db, self._tenant, self._member, email=email, ways=exact.dumps(kept), at=now())


def _choice(row: Mapping[str, Any] | None) -> Choice:
    ways: dict[str, Way] = dict(START)
    if row is None:
        return Choice(ways=ways)
    kept = exact.loads(row["ways"])
    return Choice(email=row["email"], ways=ways | {k: v for k, v in kept.items() if k in KINDS and v in WAYS})


def notice_of(row: Mapping[str, Any], language: str) -> Notice:
    """A stored notice in `language`."""
    words = exact.loads(row["words"])
    return Notice(
        id=row["id"],
        kind=row["kind"],
        title=_filled(row["title"], words, language),
        text=_filled(row["text"], words, language),
        url=row["url"],
        at=row["at"],
        read_at=row["read_at"],
    )


def _filled(text: str, words: Mapping[str, Any], language: str) -> str:
    said = translate(text, language)
    try:
        return said.format(**words)
    except (KeyError, IndexError, ValueError):  # words of an older program: better bare than broken
        return said
