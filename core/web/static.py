"""Static files: under one hash of the whole tree, kept in memory, cached by browsers for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from litestar.types import HTTPScope, Receive, Send

PREFIX = "/static/"
LOOKED_AFTER = 2.0  # seconds between looks at whether files on disk have changed
FOREVER = b"public, max-age=31536000, immutable"
_PACKED = ("text/", "application/javascript", "application/json", "image/svg")
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("font/woff2", ".woff2")


@dataclass(slots=True)
class _File:
    kind: str
    body: bytes
    packed: bytes | None


@lru_cache(maxsize=1_000)
def _address(hash: str, name: str) -> str:
    return f"{PREFIX}{hash}/{quote(name)}"


class StaticFiles:
    """`roots`: URL prefix ("" or "module/") -> folders, the first that has a file wins.

    One hash stands for all files, because our scripts import one another by relative path: the whole set
    changes its address at once.
    """

    def __init__(self, roots: Mapping[str, list[Path]]) -> None:
        self._roots = roots
        self._paths: dict[str, Path] = {}
        self._loaded: dict[str, _File] = {}
        self._stamp: tuple[tuple[str, float, int], ...] = ()
        self._looked = -LOOKED_AFTER
        self.hash = ""
        self._look()

    def url(self, name: str) -> str:
        """The address of a file by its name, as templates write it: `static("css/frame.css")`."""
        if time.monotonic() - self._looked > LOOKED_AFTER:
            self._look()
        return _address(self.hash, name)

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        asked, _slash, name = scope["path"].removeprefix(PREFIX).partition("/")
        file = self._file(name) if scope["method"] in ("GET", "HEAD") else None
        if file is None:
            await _send(send, 404, [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")], b"")
            return
        headers = [
            (b"content-type", file.kind.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"Accept-Encoding"),
            # An address of an older tree gets today's file, but not for ever.
            (b"cache-control", FOREVER if asked == self.hash else b"no-cache"),
        ]
        body = file.body
        if file.packed is not None and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b""):
            headers.append((b"content-encoding", b"gzip"))
            body = file.packed
        headers.append((b"content-length", str(len(body)).encode()))
        await _send(send, 200, headers, b"" if scope["method"] == "HEAD" else body)

    def read(self, name: str) -> bytes:
        """What is in a file, for the few that are given out under an address of their own."""
        file = self._file(name)
        if file is None:
            raise FileNotFoundError(name)
        return file.body

    def _look(self) -> None:
        self._looked = time.monotonic()
        paths: dict[str, Path] = {}
        for prefix, folders in self._roots.items():
            for folder in reversed(folders):
                for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
                    if path.is_file() and not any(part.startswith(".") for part in path.parts[-2:]):
                        paths[prefix + path.relative_to(folder).as_posix()] = path
        stamp = tuple((n, (s := p.stat()).st_mtime, s.st_size) for n, p in sorted(paths.items()))
        if stamp == self._stamp and self.hash:
            return
        digest = hashlib.sha256()
        for name, path in sorted(paths.items()):
            digest.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
        self._paths, self._loaded, self._stamp = paths, {}, stamp
        self.hash = digest.hexdigest()[:12]

    def _file(self, name: str) -> _File | None:
        """Only names found on disk before are known: there is no path to climb out of."""
        found = self._loaded.get(name)
        if found is None and (path := self._paths.get(name)) is not None and path.is_file():
            body = path.read_bytes()
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            if kind.startswith("text/"):
                kind += "; charset=utf-8"
            packed = gzip.compress(body, 9, mtime=0) if kind.startswith(_PACKED) else None
            found = _File(kind, body, packed if packed is not None and len(packed) < len(body) else None)
            self._loaded[name] = found
        return found


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
