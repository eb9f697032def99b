"""Pages from Jinja templates: the whole page, or to htmx the one block that the handler names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader
from litestar import Response
from litestar.response import Redirect
from markupsafe import Markup

from core import exact
from core.i18n import _
from core.web import filters
from core.web.csrf import csrf_token
from core.web.visit import Visit, is_fragment, visit

if TYPE_CHECKING:
    from jinja2 import Template

    from core.context import Context
    from core.web.static import StaticFiles

OWN_TEMPLATES = Path(__file__).parent / "templates"


def environment(folders: Sequence[Path], *, static: StaticFiles, reload: bool) -> Environment:
    """Templates are looked for in `folders` in order (site, modules, ui), at last in this room's own."""
    made = Environment(
        loader=FileSystemLoader([*folders, OWN_TEMPLATES]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=reload,
        cache_size=1000,
    )
    made.policies["json.dumps_function"] = exact.dumps  # numbers are Decimal: digit for digit into pages too
    made.policies["json.dumps_kwargs"] = {}
    made.globals.update(_=_, static=static.url, with_query=with_query, draw_icon=partial(_icon, static))
    made.filters.update(filters.FILTERS)
    return made


def _icon(static: StaticFiles, name: str, style: str = "", label: str = "") -> Markup:
    """An icon of the set as markup; `label` where it stands without words."""
    return _drawn(static.url("vendor/icons.svg"), name, style, label)


@lru_cache(maxsize=2_000)
def _drawn(file: str, name: str, style: str, label: str) -> Markup:
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="{}" {}><use href="{}#{}"/></svg>').format(f"icon {style}".rstrip(), spoken, file, name)


def page(
    ctx: Context | None,
    template: str,
    data: Mapping[str, Any] | None = None,
    *,
    block: str | Sequence[str] | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """The page; to a partial request of htmx only `block` (or several, one after another), if one is named."""
    request = visit().request
    part = block if block and request is not None and is_fragment(request) else None
    html = render([template], data or {}, ctx=ctx, block=part)
    return Response(html, status_code=status, media_type="text/html", headers=headers)


def render(
    templates: Sequence[str],
    data: Mapping[str, Any],
    *,
    ctx: Context | None = None,
    block: str | Sequence[str] | None = None,
) -> str:
    """HTML of the first of `templates` that is there."""
    found = visit().web.environment.select_template(list(templates))
    values = {**_around(ctx), **data}
    if block is None:
        return found.render(values)
    return "".join(_block(found, name, values) for name in ([block] if isinstance(block, str) else block))


def static_url(name: str) -> str:
    """The address of a static file, as templates write it."""
    return visit().web.static.url(name)


def static_file(name: str) -> bytes:
    """What is in a static file that is given out under an address of its own."""
    return visit().web.static.read(name)


def redirect(to: str) -> Response[Any]:
    """Go to `to` (a path of ours): 303, or for htmx a header that makes the whole page go there."""
    request = visit().request
    if request is not None and is_fragment(request):
        ascii = quote(to, safe="/?#[]@!$&'()*+,;=:%~")  # a header holds nothing else
        return Response("", status_code=200, media_type="text/html", headers={"HX-Redirect": ascii})
    return Redirect(to, status_code=303)


def trigger(response: Response[Any], **events: Any) -> Response[Any]:
    """Let htmx send `events` in the page: `trigger(page(...), toast={"text": _("已保存")})`."""
    known = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps(known | events)  # a header is ASCII, so \\u escapes
    return response


def with_query(**changes: Any) -> str:
    """The present address with some of its query changed; None removes a name."""
    request = visit().request
    assert request is not None
    kept = [(name, value) for name, value in request.query_params.items() if name not in changes]
    for name, value in changes.items():
        if value is not None:
            kept += [(name, str(one)) for one in (value if isinstance(value, list | tuple) else [value])]
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")


class _Token:
    """The CSRF token, made when a page writes it: a page without a form leaves a visitor without a cookie."""

    __slots__ = ("_visit",)

    def __init__(self, visit: Visit) -> None:
        self._visit = visit

    def __str__(self) -> str:
        return csrf_token(self._visit)

    __html__ = __str__  # letters, digits, "-", "_" and "." only


def _around(ctx: Context | None) -> dict[str, Any]:
    """What every template may use."""
    present = visit()
    ctx = ctx if ctx is not None else present.ctx
    return {
        "ctx": ctx,
        "request": present.request,
        "csrf_token": _Token(present),
        "language": present.language,
        "menu": getattr(ctx, "menu", ()) if ctx is not None else (),
        "tenants": present.tenants,
        "account": present.signed_in.account if present.signed_in else None,
        "here": present.request.url.path if present.request is not None else "",
    }


def _block(template: Template, name: str, values: Mapping[str, Any]) -> str:
    context = template.new_context(dict(values))
    # Everything up to the page's first word: runs the imports and sets at the top of the file, without
    # which a block rendered alone would miss them.
    started = template.root_render_func(context)
    next(started, None)
    started.close()
    return "".join(template.blocks[name](context))
