"""A tenant with the cost center on, and short ways to make its records."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.testing import as_system, new_tenant, platform_at

D = Decimal


class House:
    """Makes records of one tenant."""

    def __init__(self, ctx) -> None:
        self.ctx = ctx

    async def make(self, form, **data):
        return await self.ctx.records.create(f"cost_center.{form}", data)

    async def account(self, code="1", **more):
        return (await self.make("account", code=code, name=f"科目 {code}", kind="direct", active=True, **more)).id

    async def project(self, code="P", **more):
        return (await self.make("project", code=code, name=f"项目 {code}", status="in_progress", **more)).id

    async def stepped(self, record, *steps, **data):
        for step in steps:
            taken = self.ctx.forms.get(record.form).flow.step(step)
            given = {name: data[name] for name in taken.required if name in data}
            comment = "依约" if taken.comment == "required" else ""
            record = await as_system(self.ctx).flow.take(
                record.form, record.id, step, revision=record.revision, data=given, comment=comment
            )
        return record

    async def budget(self, project, lines, code="B", kind="target", steps=("submit", "approve", "freeze")):
        made = await self.make("budget", code=code, project=project, kind=kind, date="2026-01-01", lines=lines)
        return await self.stepped(made, *steps)

    async def contract(self, project, account, gross, code="C", rate="0", **more):
        made = await self.make(
            "contract", code=code, name=f"合同 {code}", project=project, account=account, kind="subcontract",
            party="甲公司", sign_date="2026-01-05", amount_gross=D(gross), tax_rate=D(rate), **more,
        )  # fmt: skip
        return await self.stepped(made, "submit", "approve", sign_date="2026-01-05")

    def row(self, project, account, amount, code="E", day="2026-03-10", **more):
        return {"code": code, "date": day, "project": project, "account": account, "source": "expense",
                "summary": "零星", "amount_net": D(amount), **more}  # fmt: skip

    async def entry(self, project, account, amount, code="E", day="2026-03-10", **more):
        return await self.make("entry", **self.row(project, account, amount, code, day, **more))


@pytest.fixture
async def platform(database_url, tmp_path):
    async with platform_at(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def house(platform):
    return House(await new_tenant(platform, "aa", modules=("cost_center", "progress")))
