"""Files: uploading one at a time while a form is being filled, and getting one back under the rights of its record."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.datastructures import UploadFile
from litestar.response import Stream

from core.context import Context
from core.errors import Invalid, Problem
from core.i18n import _
from core.people import must_write
from core.web import FromPath, Request, get, page, post
from ui.entry import UPLOAD
from ui.widgets import Upload

PIECE = 64 * 1024
HARMLESS = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; object-src 'self'"
KEPT = "private, max-age=3600"  # a file never changes under its id, but the right to see it may


async def pieces_of(upload: UploadFile) -> Any:
    while piece := await upload.read(PIECE):
        yield piece


def attachment(name: str) -> str:
    """The header that has a browser save an answer under `name`."""
    return f"attachment; filename*=UTF-8''{quote(name)}"


async def keep(ctx: Context, uploads: list[UploadFile]) -> list[Upload]:
    """Store what was sent; ids go into the field's value."""
    must_write(ctx.tenant)
    found = []
    for upload in uploads:
        id = await ctx.files.put(upload.filename, pieces_of(upload))
        stored = await ctx.files.get(id)
        found.append(Upload(id, stored.name, stored.size))
    return found


@post("/files", permission="signed-in")
async def upload(ctx: Context | None, request: Request) -> Response[Any]:
    """One or more files for the field `name`; the answer is the list entries of the widget."""
    posted = await request.form()
    uploads = [value for _name, value in posted.items() if isinstance(value, UploadFile) and value.filename]
    if ctx is None or not uploads:
        raise Invalid([Problem("", "required", _("没有收到文件，请重新选择。"))])
    name = str(posted.get("name", ""))
    found = await keep(ctx, uploads)
    values = {"name": name.removesuffix(UPLOAD), "files": found, "photo": posted.get("photo") == "1"}
    return page(ctx, "records/uploads.html", values)


@get("/files/{file:str}", permission="records")
async def download(ctx: Context, request: Request, file: FromPath[str]) -> Stream:
    """Pictures and PDF are shown, everything else is saved; never a type that could run in our pages."""
    found, pieces = await ctx.files.open(file)
    shown = found.inline and request.query_params.get("save") != "1"
    name = quote(found.name)
    headers = {
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}",
        "Content-Security-Policy": HARMLESS,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": KEPT,
    }
    return Stream(pieces, media_type=found.mime if shown else "application/octet-stream", headers=headers)


routes = [upload, download]
