"""Nothing of one tenant reaches another: every route is walked, and one that this test does not know fails it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from core import people
from core.clock import now
from core.testing import PASSWORD
from tests.leak.world import OWN_FORM, Tenant, make_tenant

MINE, THEIRS = "青山公开", "赤水机密"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# What stands for each parameter of a path. {id} is a record unless the path says otherwise.
FORMS = (OWN_FORM, "cost_center.entry")
NOT_IDS = {"form", "field", "number", "module", "step"}
OPERATOR = "/operator"  # of the whole installation: nobody in this walk may enter
IDS = ("tenant", "archive", "record", "project", "plan", "file", "view", "run", "role", "member", "department", "token",
       "job", "alert", "rule", "notice", "webhook", "delivery")  # fmt: skip
JOBS = {"/export/": "export", "/progress/import/": "bringing"}  # pages that show one kind of job only

# What is posted: every route that takes a body says here what one tenant would send to reach the other's things.
# {name} is the other's id; a record's form is posted to with a reference to the other's record.
BODIES: dict[str, Mapping[str, Any]] = {
    "/admin/alerts/new": {
        "form": OWN_FORM, "title": "试", "formula": 'code = "x"', "severity": "red", "roles": "{role}", "active": "1",
    },
    "/admin/alerts/{rule}": {"title": "改名", "formula": 'code = "x"', "severity": "red", "active": "1"},
    "/admin/alerts/{rule}/delete": {},
    "/admin/departments": {"name": "新部门", "parent": "{department}"},
    "/admin/departments/{department}": {"name": "改名", "parent": ""},
    "/admin/departments/{department}/delete": {},
    "/admin/departments/{department}/down": {},
    "/admin/departments/{department}/up": {},
    "/admin/forms/new": {"title": "新表单"},
    "/admin/forms/{form}/code": {"code": "other"},
    "/admin/forms/{form}/delete": {},
    "/admin/forms/{form}/discard": {},
    "/admin/forms/{form}/edit": {"op": "add", "type": "text", "title": "试"},
    "/admin/forms/{form}/flow": {"do": "end"},
    "/admin/forms/{form}/publish": {"note": "试"},
    "/admin/forms/{form}/versions/{number}/restore": {},
    "/admin/jobs/{job}/cancel": {},
    "/admin/jobs/{job}/retry": {},
    "/admin/modules/{module}/switch": {"on": "1"},
    "/admin/modules/{module}/settings": {"basis": "gross"},
    "/admin/people": {"login": "leak-new", "name": "新人", "roles": "{role}", "department": "{department}"},
    "/admin/people/{member}": {"name": "改名", "roles": "{role}", "active": "1"},
    "/admin/people/{member}/password": {},
    "/admin/roles": {"name": "新角色"},
    "/admin/roles/{role}": {"name": "改名"},
    "/admin/roles/{role}/delete": {},
    "/admin/tokens": {"member": "{member}", "name": "令牌", "days": "30"},
    "/admin/tokens/{token}/revoke": {},
    "/admin/webhooks/new": {"name": "试", "url": "http://127.0.0.1:9/", "events": f"{OWN_FORM}:create"},
    "/admin/webhooks/{webhook}/deliveries/{delivery}": {},
    "/admin/webhooks/{webhook}/do": {"act": "delete"},
    "/admin/webhooks/{webhook}/edit": {"name": "改名", "url": "http://127.0.0.1:9/", "events": f"{OWN_FORM}:create"},
    "/alerts/{alert}": {"act": "acknowledge"},
    "/api/v1/files": {"json": {}},
    "/api/v1/forms/{form}/imports": {"json": {}},
    "/api/v1/forms/{form}/records": {"json": {"data": {"code": "X", "title": "{record}"}}},
    "/api/v1/forms/{form}/records/bulk": {
        "json": {"mode": "upsert", "records": [{"data": {"code": "N1", "title": "x"}}]}
    },
    "/api/v1/forms/{form}/records/{id}": {"json": {"data": {"title": "盗写"}, "revision": 2}},
    "/api/v1/forms/{form}/records/{id}/restore": {"json": {}},
    "/api/v1/forms/{form}/records/{id}/steps/{step}": {"json": {"revision": 2}},
    "/api/v1/forms/{form}/steps/{step}": {"json": {"records": [{"id": "{record}", "revision": 2}]}},
    "/files": {},
    "/forms/{form}/delete": {"ids": "{record}", "id": "{record}", "record": "{record}"},
    "/forms/{form}/export": {"kind": "csv", "column": "title"},
    "/forms/{form}/export/{job}/cancel": {},
    "/forms/{form}/import": {"file": "{file}"},
    "/forms/{form}/import/{run}/check": {"mode": "create"},
    "/forms/{form}/import/{run}/cancel": {},
    "/forms/{form}/import/{run}/commit": {},
    "/forms/{form}/import/{run}/resume": {},
    "/forms/{form}/import/{run}/undo": {},
    "/forms/{form}/live": {"code": "Y1", "title": "新", "project": "{project}", "_record": "{record}"},
    "/forms/{form}/new": {"code": "Y1", "title": "新", "papers": "{file}", "project": "{project}"},
    "/forms/{form}/steps/{step}": {"id": "{record}:2", "_sure": "1"},
    "/forms/{form}/{record}/steps/{step}": {"_revision": "2"},
    "/forms/{form}/views": {"name": "视图"},
    "/forms/{form}/views/{view}": {"name": "改名", "op": "delete"},
    "/forms/{form}/{record}/cell/{field}": {"title": "盗写", "revision": "2"},
    "/forms/{form}/{record}/delete": {"revision": "2"},
    "/forms/{form}/{record}/edit": {"code": "N1", "title": "盗写", "revision": "2"},
    "/forms/{form}/{record}/restore": {},
    "/forms/{form}/{record}/revert": {"to_revision": "1", "revision": "2"},
    "/language": {"language": "zh", "to": "/"},
    "/me/password": {"old": "x", "new": "y"},
    "/me/sessions/end": {},
    "/notices/read": {},
    "/notices/settings": {"email": "zhou@example.com"},
    "/notices/settings/test": {},
    "/operator/clock": {},
    "/operator/import": {"code": "stolen"},
    "/operator/tenants": {"code": "new", "name": "新单位", "login": "new-admin"},
    "/operator/tenants/{tenant}/archives": {},
    "/operator/tenants/{tenant}/archives/{archive}/discard": {},
    "/operator/tenants/{tenant}/licence": {"edition": "professional"},
    "/operator/tenants/{tenant}/resume": {},
    "/operator/tenants/{tenant}/suspend": {"why": "盗"},
    "/progress/import": {"code": "X"},
    "/progress/{plan}/baseline": {"name": "基线"},
    "/progress/{plan}/link": {"task": "{record}", "before": "{record}", "type": "FS", "revision": "1"},
    "/progress/{plan}/move": {"task": "{record}", "revision": "1", "start": "0"},
    "/tenant": {"tenant": "{tenant}"},
}
ENDS_SESSION = ("/sign-out", "/sign-in")  # walked by tests/web: they would end the walker's session here


class Walker:
    """One signed-in administrator, with the other tenant's ids in his hands."""

    def __init__(self, app: Any, client: httpx.AsyncClient, me: Tenant) -> None:
        self.app, self.client, self.me = app, client, me
        self.headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        client.cookies.set(app.state.web.session_cookie, me.session)

    async def learn_csrf(self, page: str = "/me") -> None:
        answer = await self.client.get(page, headers=self.headers)
        self.headers["X-CSRF-Token"] = re.search(r'X-CSRF-Token":"([^"]+)"', answer.text.replace("&#34;", '"'))[1]

    async def send(self, method: str, url: str, body: Mapping[str, Any], *, bearer: bool = False) -> Any:
        headers = {"Authorization": f"Bearer {self.me.token}"} if bearer else self.headers
        if method in ("GET", "DELETE"):
            return await self.client.request(method, url, headers=headers, follow_redirects=False)
        sent = {"json": body["json"]} if "json" in body else {"data": dict(body)}
        return await self.client.request(method, url, headers=headers, follow_redirects=False, **sent)


@pytest.fixture
async def world(app: Any, client: httpx.AsyncClient) -> tuple[Walker, Tenant, Tenant]:
    platform = app.state.platform
    mine = await make_tenant(platform, "mine", MINE)
    theirs = await make_tenant(platform, "theirs", THEIRS)
    await settled(mine, theirs)
    walker = Walker(app, client, mine)
    await walker.learn_csrf()
    return walker, mine, theirs


async def settled(*tenants: Tenant) -> None:
    """Until the server has done what making the tenants set going: it would change their tables while we walk."""
    for tenant in tenants:
        while [job for job in await tenant.ctx.jobs.list("waiting", "running") if job.at <= now()]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def routes(app: Any) -> list[tuple[str, str]]:
    """(method, path) of everything the application answers to."""
    found = set()
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods & set(METHODS):
                found.add((method, re.sub(r":\w+}", "}", route.path)))
    return sorted(found)


def parameters(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def id_of(path: str, name: str, tenant: Tenant, form: str) -> str:
    """The id of `tenant`'s thing that stands for {name} in `path`."""
    if name == "id":
        name = "file" if "/files/" in path else "run" if "/imports/" in path else "record"
    if name == "job":
        name = next((job for part, job in JOBS.items() if part in path), name)
    if name == "record":
        return tenant.records[form]
    return tenant.ids[name]


def addresses(path: str, tenant: Tenant) -> list[str]:
    """`path` with the tenant's ids, once for its own form and once for a module's."""
    found = []
    for form in FORMS if "{form}" in path else FORMS[:1]:
        if "/options/" in path and form == OWN_FORM:
            continue  # it has no reference to choose
        text = "title" if form == OWN_FORM else "summary"
        plain = {
            "form": form,
            "field": "project" if "/options/" in path else text,
            "number": "1",
            "module": "cost_center",
            "step": "finish",
        }
        names = parameters(path)
        values = {name: plain[name] if name in NOT_IDS else id_of(path, name, tenant, form) for name in names}
        found.append(re.sub(r"{(\w+)}", lambda place, values=values: values[place[1]], path))
    return found


def filled(body: Any, other: Tenant) -> Any:
    """`body` with the other's ids in the places named."""
    if isinstance(body, Mapping):
        return {key: filled(value, other) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(value, other) for value in body]
    if isinstance(body, str):
        known = other.ids | {"tenant": str(other.ctx.tenant.id)}
        return re.sub(r"{(\w+)}", lambda found: known[found[1]], body)
    return body


def carries_words(answer: Any, words: str) -> bool:
    """Whether these words are anywhere in the answer, as they are, quoted in an address or escaped in JSON."""
    raw = answer.content + str(answer.headers).encode()
    return any(form in raw for form in (words.encode(), quote(words).encode(), words.encode("unicode_escape")))


async def contents(db: Any, tenant: int) -> dict[str, list[str]]:
    """Everything stored of one tenant but what merely being there changes: times of last use, seals."""
    quiet = {"seal", "session", "api_token", "tenant", "job_schedule"}
    tables = {table._meta.tablename for table in vars(db.tables).values() if hasattr(table, "tenant")}
    assert {"record", "change", "file", "role", "definition", "draft"} <= tables
    found = {}
    for table in sorted(tables - quiet):
        rows = await db.fetch(f"SELECT * FROM {table} WHERE tenant = $1", tenant)
        rows = [row for row in rows if table != "job" or row["key"] != "schedule"]  # the calendar goes on
        found[table] = sorted(repr(sorted(row.items())) for row in rows)
    return found


async def test_a_route_this_test_does_not_know_fails_it(app):
    for method, path in routes(app):
        unknown = set(parameters(path)) - NOT_IDS - set(IDS) - {"id"}
        assert not unknown, f"{method} {path}: say in tests/leak what stands for {unknown}"
        if method not in ("GET", "DELETE") and path not in ENDS_SESSION:
            assert path in BODIES, f"{method} {path}: say in tests/leak/test_leak.py BODIES what is posted to it"


async def test_the_walk_is_not_in_vain_my_own_pages_answer(world):
    walker, mine, _theirs = world
    seen, wrong = 0, []
    for method, path in routes(walker.app):
        if method != "GET" or path in ENDS_SESSION or path.startswith(OPERATOR):
            continue
        bearer = path.startswith("/api/") and path != "/api/docs"
        for url in addresses(path, mine):
            answer = await walker.send("GET", url, {}, bearer=bearer)
            # a module's form here has none of these
            only_own = ("{run}", "/imports/", "/export/", "{number}", "{step}", "/board")
            elsewhere = any(part in path for part in only_own) and OWN_FORM not in url
            if answer.status_code >= 400 and not elsewhere:
                wrong.append(f"{url} ({answer.status_code}): {answer.text[:160]!r}")
            if carries_words(answer, THEIRS):
                wrong.append(f"{url} shows the other's words")
            seen += carries_words(answer, MINE)
    assert not wrong, "\n".join(wrong)
    assert seen > 25, "hardly any page showed anything of its own tenant"


async def test_no_route_gives_or_takes_anything_of_another_tenant(world):
    walker, _mine, theirs = world
    db = walker.app.state.platform.db
    before = await contents(db, theirs.ctx.tenant.id)
    wrong = []
    for method, path in routes(walker.app):
        if path in ENDS_SESSION:
            continue
        body = filled(BODIES.get(path, {}), theirs)
        bearer = path.startswith("/api/") and path != "/api/docs"
        for url in addresses(path, theirs):
            answer = await walker.send(method, url, body, bearer=bearer)
            complaint = what_is_wrong(answer, method, path)
            if complaint:
                wrong.append(f"{method} {url} {complaint} ({answer.status_code}): {answer.text[:160]!r}")
    assert not wrong, "\n".join(wrong)
    assert await contents(db, theirs.ctx.tenant.id) == before


def what_is_wrong(answer: Any, method: str, path: str) -> str:
    """A complaint about the answer to a request for the other's things; "" if it is as it must be."""
    if answer.status_code >= 500:
        return "broke"
    if carries_words(answer, THEIRS):
        return "shows the other's words"
    if all(name in NOT_IDS for name in parameters(path)):
        return ""  # it names none of the other's things: the walker's own page
    if method == "GET":
        return "" if answer.status_code in (403, 404) or not answer.content else "found something"
    return "" if answer.status_code >= 400 else "was accepted"


async def test_search_totals_options_and_exports_stay_inside_the_tenant(world):
    walker, _mine, theirs = world
    looks = [
        f"/search?q={THEIRS[:2]}",
        f"/forms/{OWN_FORM}?q={THEIRS}",
        f"/forms/{OWN_FORM}?where=title:contains:{THEIRS}",
        f"/forms/{OWN_FORM}?view={theirs.ids['view']}",
        f"/forms/cost_center.entry?where=project:eq:{theirs.ids['project']}",
        f"/forms/cost_center.entry/options/project?q={THEIRS}",
        f"/forms/{OWN_FORM}/export?format=csv",
        f"/forms/{OWN_FORM}/export?format=xlsx",
        "/forms/cost_center.entry/totals",
        "/cost_center",
        "/",
        "/bells",
        "/notices",
        "/admin/alerts",
        "/admin/webhooks",
        f"/alerts?project={theirs.ids['project']}",
        "/alerts?state=closed&module=own",
    ]
    for url in looks:
        answer = await walker.send("GET", url, {})
        assert answer.status_code < 500, f"{url}: {answer.text[:200]}"
        for ending in ("事项", "项目", "支出", "选项"):  # what was asked for may be repeated, nothing more
            assert f"{THEIRS}{ending}" not in answer.text, url
    asked = f"sum=amount_net&where=project:eq:{theirs.ids['project']}"
    found = await walker.send("GET", f"/api/v1/forms/cost_center.entry/totals?{asked}", {}, bearer=True)
    assert "7777777" not in found.text or found.status_code >= 400


async def test_an_import_cannot_refer_to_the_other_tenants_things(world):
    _walker, mine, theirs = world
    row = {"code": "E9", "date": "2026-01-01", "source": "expense", "summary": "盗", "amount_net": 1}
    rows = [row | {"project": theirs.ids["project"], "account": mine.records["cost_center.account"]}]
    result = await mine.ctx.records.bulk("cost_center.entry", rows, mode="create", source="import")
    assert (result.new, result.wrong) == (0, 1)
    assert THEIRS not in str(result.rows)


async def test_a_token_of_one_tenant_opens_nothing_of_the_other(world):
    walker, _mine, theirs = world
    for url in (f"/api/v1/forms/{OWN_FORM}/records/{theirs.records[OWN_FORM]}", f"/api/v1/files/{theirs.ids['file']}"):
        assert (await walker.send("GET", url, {}, bearer=True)).status_code == 404
    listed = await walker.send("GET", f"/api/v1/forms/{OWN_FORM}/records", {}, bearer=True)
    assert listed.status_code == 200
    assert THEIRS not in listed.text
    spec = await walker.send("GET", "/api/openapi.json", {}, bearer=True)
    assert MINE in spec.text
    assert THEIRS not in spec.text


async def test_who_administers_a_tenant_may_not_operate_the_platform(world):
    walker, _mine, theirs = world
    before = await contents(walker.app.state.platform.db, theirs.ctx.tenant.id)
    asked = [(method, path) for method, path in routes(walker.app) if path.startswith(OPERATOR)]
    assert len(asked) > 10
    for method, path in asked:
        for url in addresses(path, theirs):
            answer = await walker.send(method, url, filled(BODIES.get(path, {}), theirs))
            assert answer.status_code == 403, f"{method} {url}"
    assert await contents(walker.app.state.platform.db, theirs.ctx.tenant.id) == before


async def test_an_operator_sees_how_much_there_is_and_nothing_of_what(world):
    walker, _mine, theirs = world
    db = walker.app.state.platform.db
    await people.create_account(db, login="operates", name="运营", password=PASSWORD, operator=True)
    session = await people.sign_in(db, "operates", password=PASSWORD, address=None, hours=1)
    walker.client.cookies.set(walker.app.state.web.session_cookie, session)
    await walker.learn_csrf(OPERATOR)
    for method, path in routes(walker.app):
        if path in ENDS_SESSION or (path.startswith(OPERATOR) and method != "GET") or "{archive}" in path:
            continue
        for url in addresses(path, theirs):
            answer = await walker.send(method, url, filled(BODIES.get(path, {}), theirs))
            assert answer.status_code < 500, f"{method} {url}"
            assert not carries_words(answer, THEIRS), f"{method} {url}"
            if path.startswith(OPERATOR):
                assert answer.status_code == 200, f"{method} {url}"
