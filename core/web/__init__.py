"""The web room's door: decorators, pages, sessions in cookies, and how the application is put together."""

from litestar import Request
from litestar.params import FromPath, FromQuery

from core.web.assembly import Web, assemble
from core.web.carried import Carried, unpack
from core.web.cookies import end_session, remember, start_session
from core.web.filters import measure
from core.web.rendering import page, redirect, render, static_file, static_url, trigger, with_query
from core.web.routing import PERMISSIONS, delete, get, patch, post, put
from core.web.streams import event_stream
from core.web.visit import Visit, is_fragment, is_json, restored, safe_path, visit

__all__ = [
    "PERMISSIONS", "Carried", "FromPath", "FromQuery", "Request", "Visit", "Web", "assemble", "delete", "end_session",
    "event_stream", "get", "is_fragment", "is_json", "measure", "page", "patch", "post", "put", "redirect", "remember",
    "render", "restored", "safe_path", "start_session", "static_file", "static_url", "trigger", "unpack", "visit",
    "with_query",
]  # fmt: skip
