"""A small application of this room alone: the real store and people, a stand-in for everything above."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, Response
from litestar.response import Stream

from core import people
from core.people import Access
from core.settings import Settings
from core.store import Database
from core.web import (
    FromPath,
    Request,
    Web,
    assemble,
    end_session,
    get,
    page,
    post,
    redirect,
    restored,
    safe_path,
    start_session,
    unpack,
    visit,
)

PASSWORD = "correct horse battery"

TEMPLATES = {
    "account/sign_in.html": """{% extends "plain.html" %}{% block title %}{{ _("登录") }}{% endblock %}
{% block content %}<form method="post" action="/sign-in"><input name="_csrf" value="{{ csrf_token }}">
<input name="carried" value="{{ carried }}"><input name="to" value="{{ to }}">
{{ message }}{% if lost %}LOST{% endif %}</form>
{% endblock %}""",
    "account/restore.html": """{% extends "plain.html" %}{% block content %}<form method="post" action="{{ path }}">
<input name="_csrf" value="{{ csrf_token }}"><input name="_restored" value="1">
{% for name, value in fields %}<input name="{{ name }}" value="{{ value }}">{% endfor %}</form>{% endblock %}""",
    "note.html": """{% extends "base.html" %}{% from "macro.html" import star %}{% set sum = 1 + 1 %}
{% block title %}T{% endblock %}
{% block content %}<p>{{ ctx.tenant.name }}</p><form><input name="_csrf" value="{{ csrf_token }}">
{% block part %}<b>{{ star() }}{{ sum }} {{ text }}</b>{% endblock %}</form>{% endblock %}""",
    "macro.html": "{% macro star() %}*{{ _('首页') }}{% endmacro %}",
}


@dataclass
class StandInContext:
    """As much of core.context.Context as this room touches."""

    access: Access
    enabled: frozenset[str] = frozenset()
    menu: list[Any] = field(default_factory=list)

    @property
    def tenant(self) -> people.Tenant:
        return self.access.tenant

    def may(self, permission: str) -> bool:
        return permission in self.access.member.permissions


@dataclass
class StandInPlatform:
    db: Database
    settings: Settings

    async def context(self, access: Access) -> StandInContext:
        return StandInContext(access, enabled=access.tenant.settings.get("enabled", frozenset()))


@get("/note", permission="records")
async def note(ctx: StandInContext, request: Request) -> Response:
    return page(ctx, "note.html", {"text": request.query_params.get("text", "")}, block="part")


@post("/note", permission="records")
async def save_note(ctx: StandInContext, request: Request) -> Response:
    form = await request.form()
    if restored(request):
        return page(ctx, "note.html", {"text": "SHOWN AGAIN " + form["text"]}, block="part")
    return page(ctx, "note.html", {"text": f"SAVED in {ctx.tenant.code}: " + form["text"]}, block="part")


@post("/note/drop", permission="records")
async def drop_note(ctx: StandInContext, request: Request) -> Response:
    return page(ctx, "note.html", {"text": "DROPPED"})


@get("/stream", permission="public")
async def stream() -> Stream:
    async def pieces() -> AsyncIterator[bytes]:
        raise RuntimeError("broke before the first piece")
        yield b""

    return Stream(pieces())


@get("/module", permission="records", opt={"module": "cost_center"})
async def of_module(ctx: StandInContext) -> Response:
    return page(ctx, "note.html", {"text": "module"})


@get("/break", permission="public")
async def broken() -> Response:
    raise RuntimeError("secret detail")


@get("/design", permission="admin:forms")
async def design(ctx: StandInContext) -> Response:
    return page(ctx, "note.html", {"text": "design"})


@get("/operate", permission="operator")
async def operate() -> dict[str, str]:
    return {"text": "operating"}


@get("/api/v1/me", permission="api")
async def api_me(ctx: StandInContext) -> dict[str, str]:
    return {"tenant": ctx.tenant.code}


@post("/api/v1/me", permission="api")
async def api_change(ctx: StandInContext, request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


@get("/api/v1/items/{number:int}", permission="api")
async def api_item(number: FromPath[int]) -> dict[str, int]:
    return {"number": number}


@get("/sign-in", permission="public")
async def sign_in_page() -> Response:
    return page(None, "account/sign_in.html", {"to": "/", "carried": "", "message": ""})


@post("/sign-in", permission="public")
async def sign_in(request: Request) -> Response:
    form = await request.form()
    present = visit()
    carried = unpack(present.web.carried_signer, form.get("carried", ""))
    db = request.app.state.platform.db
    token = await people.sign_in(
        db, form["login"], password=form["password"], address=present.address, hours=12,
        prefer=carried.tenant if carried else None,
    )  # fmt: skip
    await start_session(token)
    if carried:
        return page(None, "account/restore.html", {"path": carried.path, "fields": carried.fields})
    return redirect(safe_path(form.get("to")))


@post("/sign-out", permission="signed-in")
async def sign_out(request: Request) -> Response:
    await people.sign_out(request.app.state.platform.db, visit().signed_in.session)
    end_session()
    return redirect("/sign-in")


ROUTES = [
    note, save_note, drop_note, stream, of_module, broken, design, operate, api_me, api_change, api_item,
    sign_in_page, sign_in, sign_out,
]  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url="", secret="test " * 8, max_body=50_000, max_upload=200_000)


@pytest.fixture
def web(settings: Settings, tmp_path: Path) -> Web:
    for name, text in TEMPLATES.items():
        path = tmp_path / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "static" / "css" / "a.css").write_text("a{}" * 200)
    return assemble(settings, templates=[tmp_path / "templates"], static={"": [tmp_path / "static"]})


@pytest.fixture
def small_app(web: Web, db: Database, settings: Settings) -> Litestar:
    app = web.dress(Litestar(ROUTES, **web.arguments()))
    app.state.platform = StandInPlatform(db, settings)
    return app


class Browser(httpx.AsyncClient):
    """A browser: keeps cookies, asks for HTML, sends what browsers send, finds tokens in pages."""

    def __init__(self, app: Litestar, **options: Any) -> None:
        super().__init__(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="http://site.test",
            headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "Origin": "http://site.test"},
            **options,
        )

    async def token(self, path: str = "/sign-in") -> str:
        return token_in((await self.get(path)).text)

    async def sign_in(self, login: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        data = {"login": login, "password": password, "_csrf": await self.token(), **more}
        return await self.post("/sign-in", data=data)


def token_in(html: str) -> str:
    return value_in(html, "_csrf")


def value_in(html: str, name: str) -> str:
    return html.split(f'name="{name}" value="')[1].split('"')[0]


@pytest.fixture
async def client(small_app: Litestar) -> AsyncIterator[Browser]:
    async with Browser(small_app) as made:
        yield made


@pytest.fixture
async def other(small_app: Litestar) -> AsyncIterator[Browser]:
    async with Browser(small_app) as made:
        yield made


@dataclass
class Town:
    """Two tenants: a with an administrator, an editor and a viewer; b with its administrator; one in both."""

    a: int
    b: int
    members: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)


@pytest.fixture
async def town(db: Database) -> Town:
    made = Town(
        a=await people.create_tenant(db, code="aa", name="甲单位"),
        b=await people.create_tenant(db, code="bb", name="乙单位"),
    )
    hashed = await people.passwords.hash_password(PASSWORD)  # one hash for all: hashing is slow on purpose
    for login, places in {
        "anna": [(made.a, "admin")],
        "ed": [(made.a, "editor")],
        "vera": [(made.a, "viewer")],
        "boss": [(made.b, "admin")],
        "both": [(made.a, "viewer"), (made.b, "editor")],
        "alone": [],
    }.items():
        account = await people.accounts.insert_account(
            db, login=login, name=f"{login}的名字", password_hash=hashed, language="zh"
        )
        made.accounts[login] = account
        for tenant, role in places:
            member = await people.add_member(db, tenant, account=account, roles=[role])
            made.members[f"{login}@{'a' if tenant == made.a else 'b'}"] = member
    return made
