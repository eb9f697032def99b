"""A tenant whole, for the operator: exporting it, fetching and discarding what was made, bringing one in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from litestar.datastructures import UploadFile
from litestar.response import File, Response

from core import people
from core.archive import Imported, Manifest, import_tenant
from core.errors import DougongError
from core.i18n import _
from core.people import Account
from core.web import FromPath, Request, get, page, post
from ui.pages.operator import NO_STORE, PLACE, operating, platform_of, shown
from ui.refusals import Refusal, refusal
from ui.toast import gone

ONE = PLACE + "/tenants/{tenant:int}/archives"
LARGEST = 4 * 1024 * 1024 * 1024
PIECE = 1024 * 1024
FIELDS = frozenset({"code", "name", "archive"})


@post(ONE, permission="operator")
async def export(request: Request, tenant: FromPath[int]) -> Response[Any]:
    """Begins beside the requests; the page shows it when it is done."""
    platform, account = platform_of(request), operating()
    people.must_operate(account)
    found = await people.tenant(platform.db, tenant)
    try:
        platform.archives.start(tenant, found.code, done=partial(_exported, platform.db, account, tenant))
    except DougongError as error:
        return await shown(request, tenant, refusal(error))
    return gone(f"{PLACE}/tenants/{tenant}", _("正在导出，做好后出现在这里。刷新页面查看。"))


async def _exported(db: Any, account: Account, tenant: int, manifest: Manifest) -> None:
    head = f"{manifest.history['place']}:{manifest.history['link'][:16]}"
    await people.note_act(db, account, "exported", about=tenant, records=manifest.records, head=head)


@get(ONE + "/{archive:str}", permission="operator")
async def fetch(request: Request, tenant: FromPath[int], archive: FromPath[str]) -> File:
    platform = platform_of(request)
    path = platform.archives.path(tenant, archive)
    await people.note_act(platform.db, operating(), "fetched", about=tenant, name=archive)
    return File(path=path, filename=archive, media_type="application/zip", headers=NO_STORE)


@post(ONE + "/{archive:str}/discard", permission="operator")
async def discard(request: Request, tenant: FromPath[int], archive: FromPath[str]) -> Response[Any]:
    platform = platform_of(request)
    platform.archives.drop(tenant, archive)
    await people.note_act(platform.db, operating(), "discarded", about=tenant, name=archive)
    return gone(f"{PLACE}/tenants/{tenant}", _("丢弃归档 {name}", name=archive))


@get(PLACE + "/import", permission="operator")
async def import_page(request: Request) -> Response[Any]:
    return _importing({}, Refusal())


def _importing(typed: Mapping[str, str], refused: Refusal, *, came: Imported | None = None) -> Response[Any]:
    values = {"typed": typed, "refused": refused, "came": came}
    return page(None, "operator/import.html", values, status=refused.status, headers=NO_STORE if came else None)


@post(PLACE + "/import", permission="operator", body_limit=LARGEST)
async def bring_in(request: Request) -> Response[Any]:
    """The tenant under its new code; first passwords stand in this answer and nowhere else."""
    form, platform = await request.form(), platform_of(request)
    people.must_operate(operating())
    typed = {name: str(form.get(name, "")).strip() for name in ("code", "name")}
    upload = form.get("archive")
    if not isinstance(upload, UploadFile) or not upload.filename:
        return _importing(typed, Refusal(422, "", {"archive": _("请选择归档文件。")}))
    try:
        with TemporaryDirectory(dir=platform.settings.data_dir) as folder:
            path = Path(folder) / "archive.zip"
            with path.open("wb") as out:
                while piece := await upload.read(PIECE):
                    await asyncio.to_thread(out.write, piece)
            came = await import_tenant(
                platform.db, path, files=platform.settings.data_dir / "files", catalogue=platform.catalogue,
                code=typed["code"], name=typed["name"], same_people=form.get("same_people") == "1",
                vendor_key=platform.settings.vendor_key,
            )  # fmt: skip
    except DougongError as error:
        return _importing(typed, refusal(error, fields=FIELDS))
    finally:
        await upload.close()
    before = came.manifest.tenant["code"]
    await people.note_act(platform.db, operating(), "imported", about=came.tenant, **{"from": before})
    await people.count(platform.db, came.tenant)
    return _importing(typed, Refusal(), came=came)


routes = [export, fetch, discard, import_page, bring_in]
