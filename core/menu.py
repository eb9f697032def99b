"""The menu of one member: the forms he may read and the pages of modules that are on, grouped by module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.hooks import MenuItem
from core.i18n import _

if TYPE_CHECKING:
    from core.context import Context

OWN = "own"  # the group of forms that the tenant designed itself


@dataclass(frozen=True, slots=True)
class MenuGroup:
    module: str
    title: str
    icon: str
    items: tuple[MenuItem, ...]


async def menu_of(ctx: Context) -> list[MenuGroup]:
    """Groups in order of module names, a module's pages before its forms, the tenant's own forms last."""
    pages: dict[str, list[MenuItem]] = {}
    for items in await ctx.hooks.call("menu_items", ctx=ctx):
        for item in items:
            pages.setdefault(item.url.split("/")[1], []).append(item)
    groups = []
    for manifest, forms in ctx.forms.menu():
        name = manifest.name if manifest else OWN
        readable = [MenuItem(f.title, f"/forms/{f.name}", f.icon) for f in forms if ctx.can(f.name, "read")]
        items = tuple(pages.get(name, []) + readable)
        if items:
            title, icon = (manifest.title(ctx.language), manifest.icon) if manifest else (_("自建表单"), "forms")
            groups.append(MenuGroup(name, title, icon, items))
    return groups
