"""Chinese full text: by pieces of any length, in any width and case, never in what is hidden."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import Aggregate, Query
from core.records.grams import grams, matches, runs
from core.store import search as stored_search
from core.store.search import _vector
from tests.records.houses import rule


async def project(records, code="P1", **more):
    return await records.create("own.project", {"code": code, "name": f"项目 {code}", **more})


async def found(records, text, form="own.project", **more):
    page = await records.list(form, Query(search=text, **more))
    assert (await records.count(form, Query(search=text, **more))).number == len(page.records)
    return sorted(record.data["code"] for record in page.records)


@pytest.mark.parametrize("often", [0, 4], ids=["along the list", "collected"])
async def test_pieces_of_one_two_and_more_signs_are_found(me, stranger, monkeypatch, often):
    monkeypatch.setattr(stored_search, "_OFTEN", often)
    await project(me, "A", name="解放东路排水工程", note="金额：Ａｂｃ-12，完")
    await project(me, "B", name="解放碑", phone="13800138000", site={"address": "人民路 88 号"})
    await project(stranger, "C", name="解放东路排水工程")
    for text, expected in (
        ("解放", ["A", "B"]), ("解", ["A", "B"]), ("路", ["A", "B"]), ("解放东路排水工程", ["A"]), ("程", ["A"]),
        ("放东", ["A"]), ("放碑", ["B"]), ("东解", []), ("abc", ["A"]), ("ＡＢ", ["A"]), ("abc-12", ["A"]), ("c12", []),
        ("工程 完", ["A"]), ("完 碑", []), ("0013", ["B"]), ("88", ["B"]), ("人民路88", []), ("a", ["A"]), ("，", []),
    ):  # fmt: skip
        assert await found(me, text) == expected, text


async def test_a_phrase_does_not_reach_from_one_field_into_the_next(me):
    await project(me, "甲乙", name="丙丁")
    assert await found(me, "乙丙") == []
    assert await found(me, "乙 丙") == ["甲乙"]


async def test_what_is_changed_is_found_as_it_is_now(me):
    made = await project(me, "A", note="旧的说明")
    await me.update("own.project", made.id, {"note": "新的说明"}, revision=1)
    assert (await found(me, "旧的"), await found(me, "新的说")) == ([], ["A"])
    await me.delete("own.project", made.id, revision=2)
    assert await found(me, "新的") == []
    assert await found(me, "新的", deleted=True) == ["A"]
    await me.restore("own.project", made.id)
    assert await found(me, "新的") == ["A"]


async def test_signs_of_the_search_language_are_only_signs(me):
    await project(me, "A", note="普通")
    for text in ('"', "普通*", "普通 OR x", "NOT", "'", "普' | '通", "§", "普通 & x", "(", "普通:*", "\\", "%", "_"):
        assert await found(me, text) in (["A"], [])
    assert await found(me, "普通*") == ["A"]
    assert await found(me, "NOT") == []


async def test_rows_are_searched_too(me):
    target = await project(me)
    await me.create("own.entry", {"project": target.id, "amount": 1, "memo": "运费", "lines": [{"item": "水泥四十二"}]})
    (entry,) = (await me.list("own.entry", Query(search="泥四"))).records
    assert entry.data["memo"] == "运费"


async def test_hidden_fields_never_match(home):
    a, b = await home.member(), await home.member(name="乙")
    await project(a, "A", note="机密甲")
    await project(b, "B", note="机密乙")
    for n in range(5):
        await project(b, f"X{n}", note="机密乙")
    reader = home.again(a, rule("own.project", "read", hides=["note"]), rule("own.project", "read", rows="own"))
    assert await found(reader, "机密") == ["A"]
    assert await found(reader, "项目") == ["A", "B", "X0", "X1", "X2", "X3", "X4"]
    assert await reader.totals("own.project", Query(search="机密"), [Aggregate("n", "count")]) == [{"n": 1}]
    assert [one[2] for one in await reader.search_everywhere("机密")] == ["项目 A"]
    blind = home.again(a, rule("own.project", hides=["note"]))
    assert await found(blind, "机密") == []
    assert await blind.search_everywhere("机密") == []


async def test_pages_of_a_search_among_hidden_texts_are_whole(home, me):
    for n in range(9):
        await project(me, f"P{n}", note="有" if n % 3 == 0 else "关键", name="关键" if n % 3 == 0 else "无")
    reader = home.again(me, rule("own.project", hides=["note"]))
    codes, after = [], None
    for _round in range(9):
        page = await reader.list("own.project", Query(search="关键", limit=2, after=after))
        codes += [record.data["code"] for record in page.records]
        after = page.next
        if after is None:
            break
    assert codes == ["P6", "P3", "P0"]


async def test_everything_is_searched_from_one_box(home, me, stranger):
    target = await project(me, name="解放路")
    await me.create("own.entry", {"project": target.id, "amount": 1, "memo": "解放路水泥"})
    await project(stranger, name="解放路")
    assert [(form, label) for form, _record, label in await me.search_everywhere("解放")] == [
        ("own.entry", "解放路水泥"), ("own.project", "解放路"),
    ]  # fmt: skip
    assert len(await me.search_everywhere("解放", limit=1)) == 1
    assert await home.again(me, rule("own.entry")).search_everywhere("没有") == []
    assert await me.search_everywhere("，") == []


async def test_long_texts_are_found_whole(me):
    long = "".join(chr(0x4E00 + n % 2000) for n in range(19_000)) + "末尾在此"
    await project(me, "A", note=long)
    await project(me, "B", note="啊" * 600 + "哦")
    assert await found(me, "末尾在此") == ["A"]
    assert await found(me, long[17_000:17_010]) == ["A"]
    assert await found(me, "啊啊啊哦") == ["B"]


TEXTS = st.text(st.sampled_from("解放路AaＡ1-，_ é²ß"), max_size=12)


@given(st.lists(TEXTS, max_size=3), TEXTS)
@settings(max_examples=400, deadline=None)
def test_tokens_say_the_same_as_the_texts(texts, wanted):
    """The index, imitated in memory, against a look at the texts."""
    tokens = grams(texts).split()

    def has(run):
        if len(run) == 1:
            return any(token.startswith(run) for token in tokens)
        pairs = [run[n : n + 2] for n in range(len(run) - 1)]
        return any(tokens[n : n + len(pairs)] == pairs for n in range(len(tokens)))

    assert all(map(has, runs(wanted))) == matches(runs(wanted), texts)


@pytest.mark.parametrize("often", [255, 256])
def test_a_row_with_too_many_positions_says_so(often):
    assert ("'§long'" in _vector(["ab"] * often)) == (often > 255)
