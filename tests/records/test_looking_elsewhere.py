"""Formulas that read other records: looked up, totalled, and worked out again when those change."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from core.forms import plan_of
from core.records import Query
from tests.records.houses import form_set, house, rule

PROJECT = {
    "title": "项目",
    "properties": {
        "code": {"title": "编码", "x-type": "text"},
        "name": {"title": "名称", "x-type": "text"},
        "budget": {"title": "预算", "x-type": "money"},
        "spent": {"title": "已发生", "x-type": "money", "x-formula": "SUM([own.entry.project].amount)"},
        "signed": {"title": "已签", "x-type": "money",
                   "x-formula": 'SUMIF([own.entry.project].kind, "contract", [own.entry.project].amount)'},
        "number": {"title": "笔数", "x-type": "integer", "x-formula": "COUNT([own.entry.project])"},
        "last": {"title": "最近", "x-type": "date", "x-formula": "MAX([own.entry.project].day)"},
        "mean": {"title": "平均", "x-type": "money", "x-formula": "AVERAGE([own.entry.project].amount)"},
        "left": {"title": "剩余", "x-type": "money", "x-formula": "budget - spent"},
    },
    "required": ["code"], "x-key": ["code"],
}  # fmt: skip
ENTRY = {
    "title": "支出",
    "properties": {
        "code": {"title": "编码", "x-type": "text"},
        "project": {"title": "项目", "x-type": "reference", "x-ref": "own.project"},
        "amount": {"title": "金额", "x-type": "money"},
        "kind": {"title": "种类", "x-type": "text"},
        "day": {"title": "日期", "x-type": "date"},
        "called": {"title": "项目名称", "x-type": "text", "x-formula": 'project.name & "·" & code'},
    },
    "required": ["code"], "x-key": ["code"],
}  # fmt: skip
NOTE = {
    "title": "说明",
    "properties": {
        "entry": {"title": "支出", "x-type": "reference", "x-ref": "own.entry"},
        "about": {"title": "关于", "x-type": "text", "x-formula": "UPPER(entry.called)"},
    },
}  # fmt: skip


@pytest.fixture
async def books(db):
    return await house(db, "home", form_set(project=PROJECT, entry=ENTRY, note=NOTE))


@pytest.fixture
async def me(books):
    return await books.member()


async def project(me, code="P", **more):
    return await me.create("own.project", {"code": code, "name": code, "budget": D(100), **more})


async def stored(me, form, id):
    return (await me.get(form, id)).data


async def test_totals_over_what_refers_here_follow_every_write(me):
    p, q = await project(me), await project(me, "Q")
    assert (p.data["spent"], p.data["number"], p.data["left"]) == (D(0), 0, D(100))
    one = await me.create("own.entry", {"code": "1", "project": p.id, "amount": D("30.10"), "day": "2026-03-01"})
    await me.create("own.entry", {"code": "2", "project": p.id, "amount": D(20), "kind": "contract"})
    found = await stored(me, "own.project", p.id)
    assert (found["spent"], found["signed"], found["number"]) == (D("50.10"), D(20), 2)
    assert (found["mean"], found["last"], found["left"]) == (D("25.05"), "2026-03-01", D("49.90"))
    moved = await me.update("own.entry", one.id, {"project": q.id}, revision=1)
    assert (await stored(me, "own.project", p.id))["spent"] == D(20)
    assert (await stored(me, "own.project", q.id))["spent"] == D("30.10")
    await me.delete("own.entry", one.id, revision=moved.revision)
    assert (await stored(me, "own.project", q.id))["number"] == 0
    await me.restore("own.entry", one.id)
    assert (await stored(me, "own.project", q.id))["left"] == D("69.90")


async def test_a_look_up_follows_its_source_and_what_is_worked_out_from_it_too(me):
    p = await project(me)
    entry = await me.create("own.entry", {"code": "1", "project": p.id, "amount": D(1)})
    note = await me.create("own.note", {"entry": entry.id})
    assert note.data["about"] == "P·1"
    now = await me.get("own.project", p.id)
    await me.update("own.project", p.id, {"name": "road"}, revision=now.revision)
    assert (await stored(me, "own.entry", entry.id))["called"] == "road·1"
    assert (await stored(me, "own.note", note.id))["about"] == "ROAD·1"
    line = (await me.history("own.note", note.id))[0]
    assert (line.source, line.by, set(line.changes)) == ("formula", None, {"about"})


async def test_what_formulas_moved_is_no_conflict_for_who_was_editing(me):
    p = await project(me)
    await me.create("own.entry", {"code": "1", "project": p.id, "amount": D(30)})
    saved = await me.update("own.project", p.id, {"name": "桥"}, revision=p.revision)
    assert (saved.data["name"], saved.data["spent"]) == ("桥", D(30))


async def test_many_at_once_move_totals_as_one_by_one(me):
    p, q = await project(me), await project(me, "Q")
    rows = [{"code": str(n), "project": (p if n % 2 else q).id, "amount": D(n)} for n in range(1, 41)]
    assert (await me.bulk("own.entry", rows, mode="create")).new == 40
    assert (await stored(me, "own.project", p.id))["spent"] == D(400)
    newest = (await me.list("own.entry", Query(limit=1))).records[0]
    assert newest.data["called"] == "Q·40"
    done = await me.bulk("own.project", [{"code": "P", "name": "甲"}, {"code": "Q", "budget": D(500)}])
    assert done.changed == 2
    assert (await stored(me, "own.project", q.id))["left"] == D(80)
    names = {one.data["called"][0] for one in (await me.list("own.entry", Query(limit=100))).records}
    assert names == {"甲", "Q"}


async def test_tenants_total_apart(db, me):
    away = await (await house(db, "away", form_set(project=PROJECT, entry=ENTRY, note=NOTE))).member()
    p, other = await project(me), await project(away)
    await away.create("own.entry", {"code": "1", "project": other.id, "amount": D(5)})
    assert (await stored(me, "own.project", p.id))["spent"] == D(0)
    assert plan_of(me.forms.get("own.project")).gathers


async def test_a_trial_looks_only_where_its_writer_may_read(books, me):
    p = await project(me, "S", name="secret")
    assert (await me.trial("own.entry", {"code": "1", "project": p.id})).data["called"] == "secret·1"
    other = books.again(me, rule("own.entry"))
    assert (await other.trial("own.entry", {"code": "1", "project": p.id})).data["called"] == "·1"
    entry = await me.create("own.entry", {"code": "1", "project": p.id})
    assert (await other.trial("own.entry", {"code": "2"}, id=entry.id)).data["called"] == "secret·2"


async def test_what_explodes_or_does_not_fit_is_left_empty_and_stops_nobody_elsewhere(db):
    source = {"title": "源", "properties": {"n": {"title": "数", "x-type": "integer"}}}
    reader = {
        "title": "读", "properties": {
            "of": {"title": "源", "x-type": "reference", "x-ref": "own.source"},
            "over": {"title": "倒数", "x-type": "decimal", "x-formula": "1 / of.n"},
            "huge": {"title": "大数", "x-type": "integer", "x-formula": "of.n * 1000000"},
            "long": {"title": "长", "x-type": "text", "maxLength": 20, "x-formula": 'TEXT(of.n, "0") & "0123456789"'},
        }}  # fmt: skip
    me = await (await house(db, "odd", form_set(source=source, reader=reader))).member()
    one = await me.create("own.source", {"n": 1})
    read = await me.create("own.reader", {"of": one.id})
    assert read.data["over"] == D(1)
    await me.update("own.source", one.id, {"n": 0}, revision=1)
    assert "over" not in await stored(me, "own.reader", read.id)
    await me.update("own.source", one.id, {"n": 10**12}, revision=2)
    found = await stored(me, "own.reader", read.id)
    assert found.keys() == {"of", "over"}
