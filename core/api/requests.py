"""What programs send, read strictly: JSON bodies, query parameters, revisions; what is wrong is said with its place."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from core import exact
from core.errors import DougongError, Invalid, Problem, TooLarge
from core.i18n import _

if TYPE_CHECKING:
    from litestar import Request

_BYTE = re.compile(r"\(byte (\d+)\)")
_TAG = re.compile(r'(?:W/)?"?(\d{1,15})"?')
_DEEP = 64  # levels of nesting: more is no record
_TRUE, _FALSE = ("true", "1"), ("false", "0")


class Malformed(DougongError):
    """The request cannot even be read."""

    status, code = 400, "malformed"


class WrongType(DougongError):
    """The body is of a type that this place does not take."""

    status, code = 415, "unsupported_type"


class Missing(DougongError):
    """A change without the revision it was made from."""

    status, code = 428, "revision_required"


def media_type(request: Request[Any, Any, Any]) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def json_body(request: Request[Any, Any, Any], *, limit: int) -> dict[str, Any]:
    """The JSON object in the body, numbers exact. Nothing else is taken."""
    if media_type(request) != "application/json":
        raise WrongType(_("请求的内容类型应为 application/json。"))
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLarge(_("请求超过 {size} MB。", size=limit // 1024 // 1024))
    value = _parsed(bytes(body))
    if not isinstance(value, dict):
        raise Malformed(_("请求的内容应是一个 JSON 对象。"))
    return value


def _parsed(body: bytes) -> Any:
    try:
        body.decode("utf-8")
        value = exact.loads(body)
    except UnicodeDecodeError as error:
        raise Malformed(_("请求的内容不是 UTF-8 文字（第 {place} 字节）。", place=error.start + 1)) from None
    except exact.TooDeep:
        raise Malformed(_("JSON 嵌套太深。")) from None
    except ValueError as error:
        raise Malformed(_broken(body, str(error))) from None
    _check_depth(value)
    return value


def _broken(body: bytes, error: str) -> str:
    found = _BYTE.search(error)
    before = body[: int(found[1])] if found else body
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    return _("JSON 有错：第 {line} 行第 {column} 个字符附近读不懂。", line=line, column=column)


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > _DEEP:
        raise Malformed(_("JSON 嵌套太深。"))
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(inner, depth + 1)


def only(given: Collection[str], known: Collection[str], *, what: str) -> None:
    """Refuse what nobody reads: a misspelt name must not be passed over in silence."""
    strange = sorted(set(given) - set(known))
    if strange:
        raise Invalid([Problem(name, "unknown", _("{what}里没有“{name}”。", what=what, name=name)) for name in strange])


def parameters(request: Request[Any, Any, Any], known: Collection[str]) -> Mapping[str, Any]:
    """The query parameters, if all are known."""
    only(request.query_params.keys(), known, what=_("可用的查询参数"))
    for name in request.query_params:
        values = request.query_params.getall(name)
        if name != "where" and len(values) > 1:
            raise Invalid([Problem(name, "twice", _("参数 {name} 只能写一次。", name=name))])
        if any("\x00" in value for value in values):
            raise Invalid([Problem(name, "character", _("参数 {name} 里有不能用的字符。", name=name))])
    return request.query_params


def names_in(text: str | None) -> tuple[str, ...]:
    """`a,b` as ("a", "b")."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def flag(value: Any, name: str) -> bool:
    """A yes or no: JSON true/false, or the words in a form or address."""
    if value is None or value == "":
        return False
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in (*_TRUE, *_FALSE):
        return value.lower() in _TRUE
    raise Invalid([Problem(name, "type", _("{name} 应为 true 或 false。", name=name))])


def choice(value: Any, name: str, *, allowed: Collection[str], default: str) -> str:
    if value is None or value == "":
        return default
    if value not in allowed:
        raise Invalid([Problem(name, "choice", _("{name} 只能是 {choices}。", name=name, choices=" / ".join(allowed)))])
    return str(value)


def revision(request: Request[Any, Any, Any], given: Any = None) -> int:
    """The revision a change was made from: `If-Match: "3"`, or the one in the body or address."""
    header = request.headers.get("if-match")
    if header is not None:
        found = _TAG.fullmatch(header.strip())
        if not found:
            raise Malformed(_('If-Match 应是所读版本的 ETag，例如 "3"。'))
        return int(found[1])
    if given is None:
        raise Missing(_("请带上所读的版本：If-Match 请求头，或 revision。"))
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= 15:
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < 10**15:
        raise Invalid([Problem("revision", "type", _("revision 应为整数。"))])
    return given
