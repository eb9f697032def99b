"""The tree of departments of a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.clock import new_id
from core.errors import Conflict, Invalid, NotFound, Problem
from core.i18n import _
from core.people.licences import must_write_in
from core.people.model import Department
from core.store import people as stored

if TYPE_CHECKING:
    from core.store import Database

DEEPEST = 8
LONGEST_NAME = 64


def below(tree: Mapping[str, str | None], top: str) -> frozenset[str]:
    """`top` and everything under it, in a tree of id -> parent."""
    found = {top}
    rest = dict(tree)
    while more := {id for id, parent in rest.items() if parent in found and id not in found}:
        found |= more
        rest = {id: parent for id, parent in rest.items() if id not in more}
    return frozenset(found)


async def departments(db: Database, tenant: int) -> tuple[Department, ...]:
    """All departments, each after its parent, with its depth."""
    rows = await stored.departments(db, tenant)
    children: dict[str | None, list[Department]] = {}
    known = {row["id"] for row in rows}
    for row in rows:
        parent = row["parent"] if row["parent"] in known else None
        found = Department(id=row["id"], name=row["name"], parent=parent, position=row["position"])
        children.setdefault(parent, []).append(found)
    ordered: list[Department] = []
    waiting = [(department, 0) for department in reversed(children.get(None, []))]
    while waiting:
        department, depth = waiting.pop()
        ordered.append(
            Department(
                id=department.id,
                name=department.name,
                parent=department.parent,
                position=department.position,
                depth=depth,
            )
        )
        waiting += [(child, depth + 1) for child in reversed(children.get(department.id, []))]
    return tuple(ordered)


async def create_department(db: Database, tenant: int, *, name: str, parent: str | None = None) -> str:
    name = _checked(name)
    async with db.write():
        await stored.bump_definitions(db, tenant)
        await must_write_in(db, tenant)
        present = await departments(db, tenant)
        _check_place(present, name, parent=parent, id=None)
        id = new_id()
        last = max((d.position for d in present if d.parent == parent), default=0)
        await stored.insert_department(db, tenant, id=id, name=name, parent=parent, position=last + 1)
    return id


async def change_department(
    db: Database, tenant: int, *, id: str, name: str, parent: str | None, position: int | None = None
) -> None:
    """Rename, move under another, or change its place among its siblings."""
    name = _checked(name)
    async with db.write():
        await stored.bump_definitions(db, tenant)
        await must_write_in(db, tenant)
        present = await departments(db, tenant)
        was = next((d for d in present if d.id == id), None)
        if was is None:
            raise NotFound(_("这个部门不存在或已被删除。"))
        _check_place(present, name, parent=parent, id=id)
        place = was.position if position is None else position
        await stored.update_department(db, tenant, id, name=name, parent=parent, position=place)


async def move_department(db: Database, tenant: int, *, id: str, up: bool) -> None:
    """One place up or down among its siblings."""
    async with db.write():
        await stored.bump_definitions(db, tenant)
        await must_write_in(db, tenant)
        present = await departments(db, tenant)
        was = next((d for d in present if d.id == id), None)
        if was is None:
            raise NotFound(_("这个部门不存在或已被删除。"))
        siblings = [d for d in present if d.parent == was.parent]
        place = siblings.index(was)
        siblings.insert(max(0, place - 1) if up else place + 1, siblings.pop(place))
        for position, sibling in enumerate(siblings, 1):
            await stored.update_department(
                db, tenant, sibling.id, name=sibling.name, parent=sibling.parent, position=position
            )


async def delete_department(db: Database, tenant: int, *, id: str) -> None:
    """Only an empty one: its people and sub-departments are moved first, on purpose."""
    async with db.write():
        await stored.bump_definitions(db, tenant)
        await must_write_in(db, tenant)
        present = await departments(db, tenant)
        if not any(d.id == id for d in present):
            raise NotFound(_("这个部门不存在或已被删除。"))
        if any(d.parent == id for d in present):
            raise Conflict(_("这个部门还有下级部门，请先移走或删除它们。"))
        if people := await stored.department_members(db, tenant, id):
            raise Conflict(_("这个部门还有 {n} 人，请先把他们调到别的部门。", n=people))
        await stored.delete_department(db, tenant, id)


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid([Problem("name", "required", _("请填写部门名称。"))])
    if len(name) > LONGEST_NAME:
        raise Invalid([Problem("name", "too_long", _("名称最多 {n} 个字。", n=LONGEST_NAME))])
    return name


def _check_place(present: tuple[Department, ...], name: str, *, parent: str | None, id: str | None) -> None:
    by_id = {d.id: d for d in present}
    if parent is not None and parent not in by_id:
        raise Invalid([Problem("parent", "reference", _("上级部门不存在或已被删除。"))])
    tree = {d.id: d.parent for d in present}
    moved = below(tree, id) if id else frozenset()
    if parent in moved:
        raise Invalid([Problem("parent", "cycle", _("部门不能放到自己或自己的下级部门之下。"))])
    height = max((by_id[d].depth for d in moved), default=0) - (by_id[id].depth if id else 0)
    if (by_id[parent].depth + 1 if parent else 0) + height >= DEEPEST:
        raise Invalid([Problem("parent", "too_deep", _("部门最多 {n} 级。", n=DEEPEST))])
    if any(d.name == name and d.parent == parent and d.id != id for d in present):
        raise Invalid([Problem("name", "taken", _("同一级已有叫“{name}”的部门。", name=name))])
