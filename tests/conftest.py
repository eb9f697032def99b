"""Fixtures every test may ask for: databases on both engines, two tenants, the app, a server, a browser."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from core.clock import new_id
from core.people.passwords import hash_cheaply
from core.store import Database, open_database
from tests.setup import postgres
from tests.setup import server as servers

if TYPE_CHECKING:
    from litestar import Litestar
    from playwright.async_api import Browser, Page

    from core.context import Context
    from core.platform import Platform

ENGINES = ("sqlite", "postgres")
RUN = "DOUGONG_TEST_RUN"
# a busy machine is no fault of the code: what takes too long is for `timeout` in pyproject.toml to say
# CI says whether a change is sound, so it asks the same questions each time; everybody else's runs ask new ones
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    hash_cheaply()
    if not hasattr(config, "workerinput"):  # the workers of pytest-xdist inherit it
        os.environ[RUN] = str(postgres.new_run())


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres.end_run(Path(os.environ[RUN]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser lives as long as the session, so the tests that drive it share the session's event loop."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def run() -> Path:
    """The folder of this test run, shared by all its processes."""
    return Path(os.environ[RUN])


@pytest.fixture(scope="session")
def cluster(run: Path) -> postgres.Cluster:
    """The PostgreSQL of this test run."""
    return postgres.cluster(run)


@pytest.fixture(scope="session")
def sqlite_template(run: Path) -> Path:
    """A migrated SQLite file to copy."""
    path = run / "template.db"
    with postgres.locked(run, "sqlite"):
        if not path.exists():
            fresh = run / "template-fresh.db"
            asyncio.run(_migrate(f"sqlite:///{fresh}"))
            fresh.rename(path)
    return path


@pytest.fixture(scope="session")
def postgres_template(run: Path, cluster: postgres.Cluster) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    name, done = "template_dougong", run / "template.done"
    with postgres.locked(run, "template"):
        if not done.exists():
            asyncio.run(_make_template(cluster, name))
            done.touch()
    return name


async def _make_template(cluster: postgres.Cluster, name: str) -> None:
    await _administer(
        cluster,
        f"CREATE ROLE dougong LOGIN PASSWORD '{cluster.password}'",
        _create_sql(name, "template0"),
    )
    await _migrate(cluster.url(name))


def _create_sql(name: str, template: str) -> str:
    place = "LC_COLLATE 'C' LC_CTYPE 'C' ENCODING 'UTF8'" if template == "template0" else ""
    return f"CREATE DATABASE {name} OWNER dougong TEMPLATE {template} {place}"


async def _administer(cluster: postgres.Cluster, *statements: str) -> None:
    connection = await asyncpg.connect(cluster.url("postgres", role="postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _migrate(url: str) -> None:
    database = await open_database(url, pool_size=2)
    try:
        await database.migrate()
    finally:
        await database.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """ "sqlite" and "postgres": what asks for a database runs once on each."""
    return request.param


@pytest.fixture
def empty_database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without a table."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        request.getfixturevalue("postgres_template")  # it makes the role that owns the database
        yield from _postgres_database(request.getfixturevalue("cluster"), "template0")


@pytest.fixture
def database_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a fresh, migrated database of this test's own, on each engine."""
    if engine == "sqlite":
        path = tmp_path / "dougong.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        template = request.getfixturevalue("postgres_template")
        yield from _postgres_database(request.getfixturevalue("cluster"), template)


def _postgres_database(cluster: postgres.Cluster, template: str) -> Iterator[str]:
    name = f"test_{new_id().lower()}"
    asyncio.run(_administer(cluster, _create_sql(name, template)))
    yield cluster.url(name)
    asyncio.run(_administer(cluster, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """An open, migrated, empty database of this test's own, on each engine."""
    database = await open_database(database_url, pool_size=4)
    yield database
    await database.close()


@pytest.fixture
async def platform(database_url: str, tmp_path: Path) -> AsyncIterator[Platform]:
    """The platform on this test's own database, with every module that is here and no tenant; no HTTP."""
    from core.testing import platform_at

    async with platform_at(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def two_tenants(platform: Platform) -> tuple[Context, Context]:
    """The administrators of two tenants, "aa" and "bb": what belongs to one must never reach the other."""
    from core.testing import new_tenant

    return await new_tenant(platform, "aa"), await new_tenant(platform, "bb")


@pytest.fixture
async def app(database_url: str, tmp_path: Path) -> Litestar:
    """The application on this test's own database, not yet started."""
    from core.app import create_app
    from core.testing import settings_for

    return create_app(settings_for(database_url, tmp_path))


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Requests to the started application, in this process and this event loop: the test may use its platform
    (`app.state.platform`) between requests."""
    ready, over = asyncio.Event(), asyncio.Event()
    life = asyncio.create_task(_live(app, ready, over))
    await asyncio.wait((life, asyncio.create_task(ready.wait())), return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        life.result()  # the start failed: say why
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver.local") as asking:
        yield asking
    over.set()
    await life


async def _live(app: Litestar, ready: asyncio.Event, over: asyncio.Event) -> None:
    """A task of its own: what the application opens at the start must be closed by the same task."""
    async with app.lifespan():
        ready.set()
        await over.wait()


@pytest.fixture(scope="session")
def demo_folder(run: Path) -> Path:
    """A data folder with the demo in it, on SQLite, to copy."""
    folder = run / "demo"
    with postgres.locked(run, "demo"):
        if not folder.exists():
            fresh = run / "demo-fresh"
            fresh.mkdir()
            asyncio.run(_make_demo(f"sqlite:///{fresh / 'dougong.db'}", fresh))
            fresh.rename(folder)
    return folder


async def _make_demo(url: str, folder: Path) -> None:
    from core.demo import make_demo
    from core.testing import platform_at

    async with platform_at(url, folder) as platform:
        await make_demo(platform)


@pytest.fixture(scope="session", params=["sqlite"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """A real server with the demo, for all browser tests of this worker; on PostgreSQL as well where a test
    says `@pytest.mark.parametrize("server", ENGINES, indirect=True)`."""
    folder = tmp_path_factory.mktemp(f"server-{request.param}") / "data"
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("demo_folder"), folder)
        with servers.serving(f"sqlite:///{folder / 'dougong.db'}", folder) as running:
            yield running
        return
    folder.mkdir()
    template = request.getfixturevalue("postgres_template")
    for url in _postgres_database(request.getfixturevalue("cluster"), template):
        asyncio.run(_make_demo(url, folder))
        with servers.serving(url, folder) as running:
            yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    from tests.setup import chromium  # here: most runs drive no browser, and playwright is slow to load

    async with chromium.launched() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(browser: Browser, server: servers.Server) -> AsyncIterator[Callable[..., Awaitable[Page]]]:
    """`await new_page(phone=True)`: a page of `server` in a session of its own, for each one who takes part."""
    from tests.setup import chromium

    async with AsyncExitStack() as stack:

        async def another(*, phone: bool = False) -> Page:
            return await stack.enter_async_context(chromium.opened(browser, server.url, phone=phone))

        yield another


@pytest_asyncio.fixture(loop_scope="session")
async def page(new_page: Callable[..., Awaitable[Page]]) -> Page:
    """One page of `server` at a desk; errors in its console fail the test."""
    return await new_page()
