"""Short messages after something was done: an event where htmx asked, a cookie that survives a redirect otherwise."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from litestar import Response

from core.web import redirect, trigger

COOKIE = "toast"  # read and forgotten by js/toasts.js
SECONDS = 30


def message(text: str, *, undo: str = "", bad: bool = False) -> dict[str, str]:
    """What the script shows; `undo` is a path that a press on "undo" posts to."""
    found = {"text": text}
    if undo:
        found["undo"] = undo
    if bad:
        found["level"] = "bad"
    return found


def said(response: Response[Any], text: str, *, undo: str = "", bad: bool = False, **events: Any) -> Response[Any]:
    """The fragment with the message beside it (and other events for the page's scripts)."""
    return trigger(response, toast=message(text, undo=undo, bad=bad), **events)


def gone(to: str, text: str, *, undo: str = "", bad: bool = False) -> Response[Any]:
    """Go to `to` and say `text` there."""
    response = redirect(to)
    value = quote(json.dumps(message(text, undo=undo, bad=bad)))
    response.set_cookie(COOKIE, value, max_age=SECONDS, path="/", samesite="lax")
    return response
