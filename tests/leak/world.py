"""Two tenants alike in everything but their words: what the leak test walks through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core import people
from core.definitions import create_form, publish, save_draft
from core.records import Query
from core.records.transfer import open_run
from core.testing import PASSWORD, new_tenant, refreshed

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

MODULES = ("cost_center", "partners", "progress")
OWN_FORM = "own.notes"  # the same code in both: the name alone must not open the other's


@dataclass
class Tenant:
    """One tenant with something of everything; `words` stands in each text it has."""

    words: str
    login: str
    ctx: Context
    session: str
    token: str
    ids: dict[str, str] = field(default_factory=dict)  # parameter of a path -> id
    records: dict[str, str] = field(default_factory=dict)  # form -> id of a record


async def make_tenant(platform: Platform, code: str, words: str, *, own_form: str = OWN_FORM) -> Tenant:
    ctx = await new_tenant(platform, code, modules=MODULES)
    db = platform.db
    department = await people.create_department(db, ctx.tenant.id, name=f"{words}部")
    rule = {"forms": ["*"], "actions": ["read"], "rows": "all"}
    role = await people.create_role(db, ctx.access, name=f"{words}角色", rules=[rule])
    account = await people.create_account(db, login=f"{code}-second", name=f"{words}甲", password=PASSWORD)
    member = await people.add_member(db, ctx.tenant.id, account=account, roles=("viewer",), department=department)
    await _design(ctx, own_form, words)
    ctx = await refreshed(platform, ctx)
    token = await people.create_token(db, ctx.access, member=ctx.member.id, name=f"{words}令牌", days=30)
    made = Tenant(
        words=words, login=f"{code}-admin", ctx=ctx, token=token,
        session=await people.sign_in(db, f"{code}-admin", password=PASSWORD, address=None, hours=1),
    )  # fmt: skip
    made.ids |= {"tenant": str(ctx.tenant.id), "archive": f"{code}-20260101000000.zip"}
    made.ids |= {"department": department, "role": role, "member": member}
    made.ids["token"] = (await people.tokens(db, ctx.tenant.id))[0].id
    await _fill(made, own_form)
    return made


async def _design(ctx: Context, form: str, words: str) -> None:
    text = {"type": "string", "x-type": "text", "maxLength": 100}
    definition = {
        "title": f"{words}表", "description": f"{words}说明", "type": "object", "required": ["code"],
        "x-key": ["code"], "x-label": "title", "x-list": ["code", "title", "kind"],
        "properties": {
            "code": {**text, "title": f"{words}编号"},
            "title": {**text, "title": f"{words}标题"},
            "kind": {"type": "string", "x-type": "choice", "title": f"{words}类别",
                     "x-choices": [{"value": "k", "title": f"{words}选项"}, {"value": "z", "title": f"{words}终"}]},
            "papers": {"type": "array", "x-type": "file", "title": f"{words}附件"},
        },
        "x-states": {"field": "kind", "initial": "k"},
        "x-flow": [{"code": "finish", "title": f"{words}办"[:20], "from": ["k"], "to": "z"}],
    }  # fmt: skip
    name = await create_form(ctx, title=f"{words}表", code=form.partition(".")[2])
    assert name == form
    await save_draft(ctx, name, definition)
    await publish(ctx, name, note=f"{words}发布")


async def _fill(tenant: Tenant, own_form: str) -> None:
    ctx, words = tenant.ctx, tenant.words
    create = ctx.records.create
    file = await ctx.files.put(f"{words}.txt", _pieces(f"{words}内容".encode()))
    note = await create(own_form, {"code": "N1", "title": f"{words}事项", "kind": "k", "papers": [file]})
    gone = await create(own_form, {"code": "N2", "title": f"{words}旧事"})
    await ctx.records.update(own_form, note.id, {"title": f"{words}事项改"}, revision=note.revision)
    await ctx.records.delete(own_form, gone.id, revision=gone.revision)
    account = await create(
        "cost_center.account", {"code": "1", "name": f"{words}科目", "kind": "direct", "active": True}
    )
    project = await create("cost_center.project", {"code": "P1", "name": f"{words}项目", "status": "in_progress"})
    entry = await create("cost_center.entry", {
        "code": "E1", "date": "2026-03-01", "project": project.id, "account": account.id, "source": "expense",
        "summary": f"{words}支出", "amount_net": 7777777,
    })  # fmt: skip
    company = await create(
        "partners.company", {"code": "C1", "name": f"{words}公司", "kind": "supplier", "status": "qualified"}
    )
    tenant.records |= {
        own_form: note.id,
        "cost_center.entry": entry.id,
        "cost_center.project": project.id,
        "cost_center.account": account.id,
        "partners.company": company.id,
    }
    tenant.ids["plan"] = await _plan(ctx, words)
    view = await ctx.views.save(own_form, f"{words}视图", {"where": [f"title:contains:{words}"]}, shared=True)
    sheet = await ctx.files.put(f"{words}导入.csv", _pieces(f"code,title\nN9,{words}导入行\n".encode()))
    run = await open_run(ctx, own_form, file=sheet, name=f"{words}导入.csv")
    assert (await ctx.records.list(own_form, Query())).records
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    tenant.ids["job"] = await ctx.jobs.enqueue("core.old_jobs", {"words": f"{words}任务"}, at=tomorrow)
    asked = {"asked": [["q", words]], "kind": "csv", "columns": ["title"]}
    tenant.ids["export"] = await ctx.jobs.enqueue("core.export", asked, key=f"{own_form}/{words}", at=tomorrow)
    brought = {"file": "", "file_name": "a.xml", "code": words, "name": words}
    tenant.ids["bringing"] = await ctx.jobs.enqueue("progress.bring", brought, at=tomorrow)
    await _watch(tenant, own_form)
    tenant.ids |= {"file": file, "view": view.id, "run": run.id, "record": note.id, "project": project.id}


async def _plan(ctx: Context, words: str) -> str:
    calendar = {"name": f"{words}日历", "hours_per_day": 8, "national": False, "monday": "08:00-16:00"}
    kept = await ctx.records.create("progress.calendar", calendar)
    data = {"code": "PL1", "name": f"{words}计划", "status": "running", "start": "2026-03-02T00:00:00Z"}
    plan = await ctx.records.create("progress.plan", data | {"calendar": kept.id})
    task = {"plan": plan.id, "code": "1", "name": f"{words}工作", "kind": "task", "duration": 2}
    await ctx.records.create("progress.task", task)
    return plan.id


async def _watch(tenant: Tenant, own_form: str) -> None:
    """A rule with its alert, a notice of it, and a webhook that is told and sends nothing."""
    ctx, words = tenant.ctx, tenant.words
    typed = {"title": f"{words}规则", "form": own_form, "formula": 'code = "N1"', "severity": "red", "active": True}
    rule = await ctx.alerts.save_rule("", typed)
    await ctx.alerts.evaluate()
    events = {"forms": {own_form: ["create"]}, "alerts": ["opened"]}
    hook, _secret = await ctx.webhooks.save("", name=f"{words}钩子", url="http://127.0.0.1:9/", events=events)
    await ctx.webhooks.switch(hook.id, on=False)
    await ctx.webhooks.test(hook.id)
    await ctx.notices.send([ctx.member.id], "other", f"{words}通知", url="/notices")
    ((delivery,), _next) = await ctx.webhooks.deliveries(hook.id)
    ((notice, *_more), _next) = await ctx.notices.list()
    alert = next(one for one in await ctx.alerts.open("own") if one.rule == rule)
    tenant.ids |= {
        "rule": rule, "alert": alert.id, "webhook": hook.id, "delivery": delivery.id, "notice": notice.id,
    }  # fmt: skip


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content
