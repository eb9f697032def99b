"""Saved views: one's own, and shared ones that designers keep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Forbidden, Invalid, NotFound
from core.records import Views, parse_query
from tests.records.houses import rule


def views(records, *permissions):
    member = replace(records.access.member, permissions=frozenset(permissions))
    return Views(records.db, replace(records.access, member=member), forms=records.forms)


async def test_a_view_keeps_the_parameters_of_a_list(me):
    mine = views(me)
    params = {"where": ["floors:ge:3", "status:in:open"], "sort": "-budget", "q": "路", "after": "x", "columns": "code"}
    saved = await mine.save("own.project", "  高  楼 ", params)
    (found,) = await mine.of("own.project")
    assert found == saved == await mine.get(saved.id)
    assert (found.name, found.shared, found.mine) == ("高 楼", False, True)
    assert found.params == {
        "where": ("floors:ge:3", "status:in:open"), "sort": ("-budget",), "q": ("路",), "columns": ("code",),
    }  # fmt: skip
    assert len(parse_query(me.forms.get("own.project"), found.params).where) == 2


async def test_own_views_are_for_oneself_and_shared_ones_for_all(home, me, stranger):
    designer, other = views(me, "forms"), views(await home.member(name="乙"))
    own = await designer.save("own.project", "我的", {})
    shared = await designer.save("own.project", "大家的", {}, shared=True)
    assert [(v.name, v.mine) for v in await designer.of("own.project")] == [("大家的", True), ("我的", True)]
    assert [(v.name, v.mine) for v in await other.of("own.project")] == [("大家的", False)]
    assert await views(stranger, "forms").of("own.project") == []
    for who, id in ((other, own.id), (views(stranger, "forms"), shared.id)):
        for attempt in (who.get(id), who.change(id, name="x"), who.delete(id)):
            with pytest.raises(NotFound):
                await attempt
    for attempt in (
        other.save("own.project", "x", {}, shared=True), other.change(shared.id, name="x"), other.delete(shared.id),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            await attempt


async def test_a_view_is_renamed_shared_and_removed(home, me):
    designer = views(me, "forms")
    view = await designer.save("own.project", "一", {"q": "x"})
    changed = await designer.change(view.id, name="二", params={"sort": "code"}, shared=True)
    assert (changed.name, changed.shared, changed.params) == ("二", True, {"sort": ("code",)})
    await designer.delete(view.id)
    assert await designer.of("own.project") == []


async def test_views_of_forms_one_may_not_read_are_not_there(home, me):
    saved = await views(me, "forms").save("own.project", "一", {}, shared=True)
    blind = views(home.again(me, rule("own.entry")))
    assert await blind.of("own.project") == []
    for attempt in (blind.get(saved.id), blind.save("own.project", "x", {}), blind.save("own.nothing", "x", {})):
        with pytest.raises(NotFound):
            await attempt


async def test_a_name_is_needed_and_bounded(me):
    for name in ("  ", "x" * 41):
        with pytest.raises(Invalid):
            await views(me).save("own.project", name, {})
    with pytest.raises(Invalid):
        await views(me).save("own.project", "x", {"where": ["note:contains:" + "x" * 5000]})
