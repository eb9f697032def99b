"""The hands of the demo: who enters and who approves in a tenant, and a record walked through its steps by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import people

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

ENTERS = {"qinghe": "cost", "linxi": "both"}
APPROVES = {"qinghe": "chief", "linxi": "linxi"}
SAID = {"return": "附件不全，请补充后再报。", "terminate": "双方协商一致解除。", "again": "居民反映尚未解决，请再办。"}


@dataclass(frozen=True, slots=True)
class Hands:
    clerk: Context
    chief: Context

    async def walk(
        self, form: str, id: str, steps: Sequence[str], *, data: Mapping[str, Any], revision: int = 1
    ) -> None:
        """Take the steps one after another: those with roles by who approves, the others by who enters."""
        flow = self.clerk.forms.get(form).flow
        for code in steps:
            step = flow.step(code) if flow else None
            assert step is not None
            who = self.chief if step.roles else self.clerk
            given = {name: data[name] for name in step.required if name in data}
            comment = SAID.get(code, "") if step.comment != "none" else ""
            record = await who.flow.take(form, id, code, revision=revision, data=given, comment=comment)
            revision = record.revision


async def hands(platform: Platform, ctx: Context) -> Hands:
    """The two of `ctx`'s tenant, as their next request would find them."""
    ids = {person.login: person.id for person in await people.people(platform.db, ctx.tenant.id)}
    made = []
    for logins in (ENTERS, APPROVES):
        access = await people.access_of(platform.db, ctx.tenant.id, ids[logins[ctx.tenant.code]])
        made.append(await platform.context(access))
    return Hands(*made)
