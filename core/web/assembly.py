"""Puts this room together for the application: what Litestar is given, and the front around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar.di import Provide

from core.people import AccessCache
from core.web.failures import failure, prepare
from core.web.front import Front
from core.web.rendering import environment
from core.web.routing import provide_context
from core.web.secrets import Signer
from core.web.static import StaticFiles

if TYPE_CHECKING:
    from jinja2 import Environment
    from litestar import Litestar

    from core.settings import Settings

SIGN_IN_TEMPLATE = "account/sign_in.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """What all requests of one application share."""

    settings: Settings
    environment: Environment
    static: StaticFiles
    access_cache: AccessCache
    csrf_signer: Signer
    carried_signer: Signer
    sign_in_template: str = SIGN_IN_TEMPLATE

    @property
    def session_cookie(self) -> str:
        # The prefix makes browsers refuse such a cookie from a sister host or without TLS.
        return "__Host-dougong" if self.settings.secure_cookies else "dougong"

    @property
    def visitor_cookie(self) -> str:
        return "__Host-visitor" if self.settings.secure_cookies else "visitor"

    def cookie(self, name: str, value: str, *, days: int | None = None, readable: bool = False) -> str:
        """A Set-Cookie value; `days` None: until the browser closes, 0: gone at once."""
        parts = [f"{name}={value}", "Path=/", "SameSite=Lax"]
        if not readable:
            parts.append("HttpOnly")
        if self.settings.secure_cookies:
            parts.append("Secure")
        if days is not None:
            parts.append(f"Max-Age={days * 86400}")
        return "; ".join(parts)

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for Litestar(...)."""
        return {
            "dependencies": {"ctx": Provide(provide_context)},
            "exception_handlers": {Exception: failure},
            "after_exception": [prepare],
            "openapi_config": None,  # core.api makes its own from the tenant's forms
            "logging_config": None,  # errors are logged in failures.py, requests in front.py; never their content
            "request_max_body_size": None,  # limits.py counts, and says so in words
            "multipart_form_part_limit": 20_000,  # a form with hundreds of rows
        }

    def dress(self, app: Litestar) -> Litestar:
        """Put the front around `app`. Its `state.platform` must be set before the first request."""
        app.state.web = self
        app.asgi_handler = Front(app.asgi_handler, self)
        return app


def assemble(
    settings: Settings,
    *,
    templates: Sequence[Path],
    static: Mapping[str, Sequence[Path]],
    reload: bool = True,
) -> Web:
    """`templates`: folders in the order of precedence. `static`: URL prefix ("" or "module/") -> folders.

    `reload` looks for changed templates on every use, which costs some microseconds a page.
    """
    files = StaticFiles({prefix: list(folders) for prefix, folders in static.items()})
    return Web(
        settings=settings,
        environment=environment(templates, static=files, reload=reload),
        static=files,
        access_cache=AccessCache(),
        csrf_signer=Signer(settings.secret, purpose="csrf"),
        carried_signer=Signer(settings.secret, purpose="carried"),
    )
