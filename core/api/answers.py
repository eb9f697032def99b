"""How the API answers: exact JSON, the revision as ETag, a conflict with the present record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.response import Stream

from core import exact
from core.api.shapes import record_shape
from core.records import Outdated, Record


def answer(value: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """`value` as JSON; always an object."""
    return Response(exact.encode(value), status_code=status, media_type="application/json", headers=dict(headers or {}))


def record_answer(record: Record, *, status: int = 200, fields: tuple[str, ...] | None = None) -> Response[bytes]:
    return answer(record_shape(record, fields=fields), status=status, headers={"ETag": f'"{record.revision}"'})


def conflict_answer(error: Outdated) -> Response[bytes]:
    """Somebody was faster: what he left is sent along, so that it can be merged without asking again."""
    body = {"code": error.code, "message": error.message, "problems": [], "current": record_shape(error.current)}
    return answer({"error": body}, status=error.status, headers={"ETag": f'"{error.current.revision}"'})


def file_answer(pieces: AsyncIterator[bytes], *, name: str, mime: str) -> Stream:
    """A download: never shown in the page, whatever it holds."""
    headers = {"Content-Disposition": attachment(name), "X-Content-Type-Options": "nosniff"}
    return Stream(pieces, media_type=mime, headers=headers)


def attachment(name: str) -> str:
    """A Content-Disposition that every browser reads, Chinese names included."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._- ") else "_" for sign in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
