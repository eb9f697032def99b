"""`ctx.alerts`: the alerts of one tenant as one member may see and handle them, and the listener of writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.alerts import acting, evaluating, reading, rules
from core.alerts.acting import Act
from core.alerts.model import OPEN, OWN, Alert, Event, Filter, Happening, Rule, Severity
from core.errors import NotFound
from core.i18n import _

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Form
    from core.records import Change


class Alerts:
    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def rules(self) -> dict[str, Rule]:
        """Every rule of the tenant by code; read once per version of its definitions."""
        memo, name = self._ctx.memo, f"alerts.{self._ctx.language}"
        if name not in memo:
            memo[name] = await rules.rules_of(self._ctx)
        return memo[name]  # type: ignore[no-any-return]

    async def rule(self, code: str) -> Rule:
        """One rule as it is stored now, with when it was last evaluated."""
        rules.must_rule(self._ctx)
        found = (await rules.rules_of(self._ctx)).get(code)
        if found is None:
            raise NotFound(_("没有这条预警规则。"))
        return found

    async def save_rule(self, code: str, typed: Mapping[str, Any]) -> str:
        code = await rules.save(self._ctx, code, typed)
        self._ctx.memo.clear()  # others know by the new version; who saved goes on with what he saved
        return code

    async def delete_rule(self, code: str) -> None:
        await rules.delete(self._ctx, code)
        self._ctx.memo.clear()

    async def counts(self) -> dict[Severity, int]:
        """How many open alerts the member sees, by level, the worst first."""
        return await reading.counts(self._ctx, await self.rules())

    async def page(
        self, wanted: Filter, *, after: str = "", limit: int = reading.PAGE
    ) -> tuple[list[Alert], str | None]:
        """A page of alerts, the worst and newest first, and where the next one begins."""
        return await reading.page(self._ctx, await self.rules(), wanted, after=after, limit=limit)

    async def open(self, *modules: str, project: str = "", limit: int = reading.PAGE) -> list[Alert]:
        """The open alerts of these modules, or of all: for panels and pages of a module."""
        return (await self.page(Filter(modules=modules, project=project, states=OPEN), limit=limit))[0]

    async def get(self, id: str) -> tuple[Alert, list[Event]]:
        """One alert with its history, newest first."""
        return await reading.get(self._ctx, await self.rules(), id)

    async def of_record(self, record: str) -> list[Alert]:
        return await reading.of_record(self._ctx, await self.rules(), record)

    async def projects(self) -> list[tuple[str, str]]:
        return await reading.projects(self._ctx, await self.rules())

    async def may_act(self, id: str) -> bool:
        return await acting.may_act(self._ctx, await reading.fetch(self._ctx, await self.rules(), id))

    async def act(self, id: str, act: Act, *, note: str = "", owner: str = "", until: str = "", due: str = "") -> None:
        """Acknowledge, assign, suppress, resolve or reopen."""
        await acting.act(self._ctx, await self.rules(), id, act, note=note, owner=owner, until=until, due=due)

    async def evaluate(self, *codes: str) -> list[Happening]:
        """Measure these rules, or all, now: as the installation, whoever asks. One that breaks stops no other."""
        ctx = self._ctx.system()
        found = await ctx.alerts.rules()
        happened: list[Happening] = []
        broken: list[Exception] = []
        for code in codes or tuple(found):
            try:
                happened += await evaluating.evaluate(ctx, found[code]) if code in found else []
            except Exception as error:
                broken.append(error)
        if broken:
            raise broken[0]
        return happened

    async def evaluate_records(self, form: str, ids: Sequence[str]) -> list[Happening]:
        """The tenant's own rules for these records."""
        ctx = self._ctx.system()
        happened: list[Happening] = []
        for rule in (await ctx.alerts.rules()).values():
            if rule.form == form:
                happened += await evaluating.evaluate_records(ctx, rule, ids)
        return happened

    # Listening to writes: what a change may have moved is measured by a job of the same transaction.

    async def wants(self, form: str) -> bool:
        return any(form in rule.watches and rule.active for rule in (await self.rules()).values())

    async def saved(self, form: Form, changes: Sequence[Change]) -> None:
        watching = [rule for rule in (await self.rules()).values() if form.name in rule.watches and rule.active]
        for module in sorted({rule.module for rule in watching if rule.module != OWN}):
            await self._ctx.jobs.enqueue("core.alert_module", {"module": module}, key=module)
        if any(rule.module == OWN for rule in watching):
            ids = list(dict.fromkeys(change.record for change in changes))
            await self._ctx.jobs.enqueue("core.alert_records", {"form": form.name, "records": ids})
