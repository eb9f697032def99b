"""Saved views: a list's filters, order and columns under a name, one's own or shared by all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import new_id, now
from core.errors import Forbidden, Invalid, NotFound, Problem
from core.i18n import _
from core.people import must_write, rights
from core.store import views as stored

if TYPE_CHECKING:
    from core.forms import FormSet
    from core.people import Access
    from core.store import Database

NAME_LENGTH = 40
KEPT = ("where", "filter", "sort", "q", "columns", "limit")  # of the parameters of a list's URL
SIZE = 4000  # signs of all of them together


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """`params` are parameters of the list's URL, each with its values: what parse_query reads."""

    id: str
    form: str
    name: str
    shared: bool
    mine: bool  # may be changed or removed by who looks at it
    params: Mapping[str, tuple[str, ...]]


class Views:
    """The saved views of one tenant as one member has them: `ctx.views`."""

    def __init__(self, db: Database, access: Access, *, forms: FormSet) -> None:
        self._db = db
        self._access = access
        self._forms = forms

    @property
    def _tenant(self) -> int:
        return self._access.tenant.id

    @property
    def _may_share(self) -> bool:
        return "forms" in self._access.member.permissions

    def _readable(self, form: str) -> bool:
        return form in self._forms and bool(rights(self._access, form, "read"))

    async def of(self, form: str) -> list[View]:
        """The shared views of a form, then one's own."""
        if not self._readable(form):
            return []
        rows = await stored.of_form(self._db, self._tenant, form, member=self._access.member.id)
        return sorted(map(self._view, rows), key=lambda view: not view.shared)

    def _view(self, row: Mapping[str, Any]) -> View:
        shared = row["member"] is None
        return View(
            id=row["id"],
            form=row["form"],
            name=row["name"],
            shared=shared,
            mine=self._may_share if shared else row["member"] == self._access.member.id,
            params={name: tuple(values) for name, values in exact.loads(row["query"]).items()},
        )

    async def get(self, id: str) -> View:
        """A view that is shared or one's own; else NotFound."""
        row = await stored.fetch(self._db, self._tenant, id)
        if (
            row is None
            or row["member"] not in (None, self._access.member.id)
            or not self._readable(row["form"])
        ):
            raise NotFound(_("这个视图不存在，或已被删除"))
        return self._view(row)

    async def save(self, form: str, name: str, params: Mapping[str, Any], *, shared: bool = False) -> View:
        """A new view. `params` maps parameters of the list's URL to a text or several; others are left out."""
        if not self._readable(form):
            raise NotFound(_("没有这张表单，或它所在的模块未启用"))
        self._may_change(shared)
        row = {
            "id": new_id(),
            "form": form,
            "name": _name(name),
            "member": None if shared else self._access.member.id,
            "query": _query(params),
            "position": 0,
            "created_at": now(),
        }
        await stored.insert(self._db, self._tenant, row)
        return self._view(row)

    async def change(
        self, id: str, *, name: str | None = None, params: Mapping[str, Any] | None = None, shared: bool | None = None
    ) -> View:
        """A view with another name, other parameters, or shared from now on; None leaves each as it is."""
        view = await self.get(id)
        self._may_change(view.shared)
        sharing = view.shared if shared is None else shared
        self._may_change(sharing)
        row = dict(await stored.fetch(self._db, self._tenant, id) or {})
        row["name"] = row["name"] if name is None else _name(name)
        row["query"] = row["query"] if params is None else _query(params)
        row["member"] = None if sharing else self._access.member.id
        await stored.update(self._db, self._tenant, row)
        return self._view(row)

    async def delete(self, id: str) -> None:
        view = await self.get(id)
        self._may_change(view.shared)
        await stored.delete(self._db, self._tenant, id)

    def _may_change(self, shared: bool) -> None:
        must_write(self._access.tenant)
        if shared and not self._may_share:
            raise Forbidden(_("共享的视图只有能设计表单的人可以改动"))


def _name(name: str) -> str:
    kept = " ".join(name.split())
    if not kept or len(kept) > NAME_LENGTH:
        message = _("请给视图起一个 {n} 字以内的名称", n=NAME_LENGTH)
        raise Invalid([Problem("name", "required" if not kept else "too_long", message)])
    return kept


def _query(params: Mapping[str, Any]) -> str:
    kept = {}
    for name in KEPT:
        values = params.get(name) or ()
        texts = [str(value) for value in ([values] if isinstance(values, str) else values) if str(value)]
        if texts:
            kept[name] = texts
    text = exact.dumps(kept)
    if len(text) > SIZE:
        raise Invalid([Problem("where", "too_long", _("筛选条件太多，请减少一些"))])
    return text
