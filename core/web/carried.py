"""What was typed when the session ended: carried, signed, through the sign-in page and given back."""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from litestar.datastructures import UploadFile

from core import exact
from core.web.csrf import FIELD, is_form

if TYPE_CHECKING:
    from litestar import Request

    from core.web.secrets import Signer

RESTORED = "_restored"
KEPT_SECONDS = 24 * 3600
LARGEST = 1024 * 1024  # of typed text; beyond it the user is told that it could not be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """`account` and `tenant` are those of the session that ended: nobody else is shown the text."""

    path: str
    fields: Sequence[tuple[str, str]]
    files: int = 0  # chosen files: they cannot be carried and must be chosen again
    account: str | None = None
    tenant: int | None = None

    def of(self, account: str | None, *, tenant: int | None) -> Carried:
        return replace(self, account=account, tenant=tenant)


async def typed_in(request: Request[Any, Any, Any]) -> Carried | None:
    """The fields of a posted form, without secrets; None where there is nothing worth keeping."""
    if request.method != "POST" or not is_form(request):
        return None
    fields, files, size = [], 0, 0
    for name, value in (await request.form()).items():  # in the order typed
        if isinstance(value, UploadFile):
            files += 1
        elif name not in (FIELD, RESTORED) and "password" not in name:
            fields.append((name, str(value)))
            size += len(value)
    if not fields or size > LARGEST:
        return None
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Carried(path=path, fields=fields, files=files)


def pack(signer: Signer, carried: Carried) -> str:
    body = exact.dumps([carried.path, carried.fields, carried.files, carried.account, carried.tenant, int(time.time())])
    text = base64.urlsafe_b64encode(zlib.compress(body.encode())).decode()
    return f"{text}.{signer.sign(text)}"


def unpack(signer: Signer, packed: str) -> Carried | None:
    """What was packed here, at most a day ago; None for anything else."""
    text, _dot, signature = packed.rpartition(".")
    if not text or not signer.fits(text, signature):
        return None
    path, fields, files, account, tenant, at = exact.loads(zlib.decompress(base64.urlsafe_b64decode(text)))
    if at + KEPT_SECONDS < time.time():
        return None
    return Carried(
        path=path, fields=[(name, value) for name, value in fields], files=files, account=account, tenant=tenant
    )
