"""Imports that are cut off, cancelled or regretted: gone on with, no row twice; taken back as a whole, by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import Conflict, NotFound
from core.people import create_role, set_language
from core.records import Query
from core.records.transfer import (
    WORK,
    Options,
    cancel_run,
    check_run,
    commit_run,
    get_run,
    resume_run,
    undo_run,
    work,
)
from core.testing import new_member, refreshed, run_jobs
from tests.transfer.files_kit import brought, checked, csv_rows, ended, imported
from tests.transfer.region_forms import AREA, WORKS, with_form

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform
    from core.records.transfer import Run

Two = tuple["Context", "Context"]
HEAD = "编码,名称\n"


@pytest.fixture
async def ctx(platform: Platform, two_tenants: Two) -> Context:
    return await with_form(platform, two_tenants[0], "area", AREA)


async def data(ctx: Context, form: str = "own.area", **more: bool) -> dict[str, str]:
    page = await ctx.records.list(form, Query(limit=1000, **more))
    return {record.data["code"]: record.data["name"] for record in page.records}


async def undone(ctx: Context, run: Run) -> Run:
    await undo_run(ctx, run)
    return await ended(ctx, run)


async def test_an_import_is_taken_back_new_rows_to_the_bin_changed_ones_as_before(ctx: Context) -> None:
    await imported(ctx, "own.area", HEAD + "1,一\n2,二\n")
    run = await imported(ctx, "own.area", HEAD + "1,一改\n2,二\n3,三\n,错\n")
    assert await data(ctx) == {"1": "一改", "2": "二", "3": "三"}
    run = await undone(ctx, run)
    assert (run.state, run.undone.done, run.undone.kept) == ("undone", 2, 0)
    assert await data(ctx) == {"1": "一", "2": "二"}
    assert await data(ctx, deleted=True) == {"3": "三"}
    with pytest.raises(Conflict):
        await undo_run(ctx, run)


async def test_what_somebody_changed_since_is_left_and_said_by_row(ctx: Context) -> None:
    await imported(ctx, "own.area", HEAD + "1,一\n")
    run = await imported(ctx, "own.area", HEAD + "1,一改\n2,二\n3,三\n4,四\n")
    by_code = {record.data["code"]: record for record in (await ctx.records.list("own.area")).records}
    for code in ("1", "2"):
        await ctx.records.update("own.area", by_code[code].id, {"name": "手改"}, revision=by_code[code].revision)
    await ctx.records.delete("own.area", by_code["3"].id, revision=1)
    run = await undone(ctx, run)
    assert (run.undone.done, run.undone.kept) == (1, 3)
    assert [row.number for row in run.undone.rows] == [2, 3, 4]
    assert await data(ctx) == {"1": "手改", "2": "手改"}
    rows = csv_rows(await ctx.files.read(run.result_file), encoding="utf-8")
    assert [row[0] for row in rows[1:]] == ["1", "2", "3"]
    assert "又被修改" in rows[1][2]


async def test_rows_that_refer_to_one_another_are_taken_back_together(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "works", WORKS)
    run = await imported(ctx, "own.works", "编码,名称,上级\n1.1.1,c,1.1\n1.1,b,1\n1,a,\n")
    run = await undone(ctx, run)
    assert (run.undone.done, run.undone.kept) == (3, 0)
    assert await data(ctx, "own.works") == {}


async def test_who_may_not_delete_is_told_by_row(platform: Platform, ctx: Context) -> None:
    rules = [{"forms": ["own.area"], "actions": ["read", "create", "update", "import"]}]
    await create_role(ctx.db, ctx.access, code="adder", name="录入员", rules=rules)
    adder = await new_member(platform, await refreshed(platform, ctx), "adder", roles=("adder",))
    run = await undone(adder, await imported(adder, "own.area", HEAD + "1,一\n"))
    assert (run.undone.done, run.undone.kept) == (0, 1)
    assert await data(ctx) == {"1": "一"}


async def test_only_who_brought_it_can_take_an_import_back(platform: Platform, two_tenants: Two, ctx: Context) -> None:
    run = await imported(ctx, "own.area", HEAD + "1,一\n")
    other = await with_form(platform, two_tenants[1], "area", AREA)
    await imported(other, "own.area", HEAD + "1,别家的\n")
    for who in (other, await new_member(platform, ctx, "colleague", roles=("admin",))):
        with pytest.raises(NotFound):
            await get_run(who, run.id, form="own.area")
    await undone(ctx, run)
    assert await data(other) == {"1": "别家的"}


async def begun(ctx: Context, rows: str, **options: bool) -> Run:
    run = await checked(ctx, await brought(ctx, "own.area", HEAD + rows), options=Options(**options))
    return await commit_run(ctx, run)


async def cut_off(platform: Platform, monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """Run the import's job as by a process that is killed after so many transactions."""
    written = work.Pass._chunk
    left = after

    async def chunk(self, *args):
        nonlocal left
        if self._writing and not left:
            raise SystemError("killed")
        left -= self._writing
        await written(self, *args)

    taken = await platform.worker._take()
    with monkeypatch.context() as patched:
        patched.setattr(work.Pass, "_chunk", chunk)
        as_member = await platform.context_for(taken[0], taken[1]["member"], "zh")
        with pytest.raises(SystemError):
            await WORK.run(as_member, platform.worker._running[taken[1]["id"]].job)
    platform.worker._running.clear()
    sql = "UPDATE job SET lease_until = '2026-01-01' WHERE tenant = $1 AND state = 'running'"
    await platform.db.execute(sql, taken[0])


@pytest.mark.parametrize("whole", [False, True], ids=["each row", "all or nothing"])
async def test_a_killed_import_goes_on_where_it_stopped_and_no_row_is_written_twice(
    platform: Platform, ctx: Context, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(work, "CHUNK", 3)
    rows = "".join(f"{n},第{n}区\n" for n in range(10)) + ("" if whole else ",错\n")
    run = await begun(ctx, rows, whole=whole)
    await cut_off(platform, monkeypatch, after=2)
    assert len(await data(ctx)) == 6
    half = await get_run(ctx, run.id, form="own.area")
    assert (half.state, half.written.new, half.done) == ("running", 6, 6)
    run = await ended(ctx, run)
    wrong = 0 if whole else 1
    assert (run.state, run.written.new, run.written.wrong, run.done) == ("done", 10, wrong, 10 + wrong)
    assert len(await data(ctx)) == 10
    assert {record.revision for record in (await ctx.records.list("own.area")).records} == {1}
    run = await undone(ctx, run)
    assert (run.undone.done, await data(ctx)) == (10, {})


async def test_a_form_without_a_key_gets_no_row_twice_either(
    platform: Platform, two_tenants: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyless = {name: value for name, value in AREA.items() if name != "x-key"}
    ctx = await with_form(platform, two_tenants[0], "area", keyless)
    monkeypatch.setattr(work, "CHUNK", 2)
    run = await begun(ctx, "1,一\n2,二\n3,三\n", mode="create")
    await cut_off(platform, monkeypatch, after=1)
    run = await ended(ctx, run)
    assert (run.state, len((await ctx.records.list("own.area")).records)) == ("done", 3)


async def test_a_cancelled_import_can_be_gone_on_with_or_taken_back(
    platform: Platform, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "CHUNK", 2)
    run = await begun(ctx, "1,一\n2,二\n3,三\n")
    await cut_off(platform, monkeypatch, after=1)
    await cancel_run(ctx, run)
    await run_jobs(platform)
    run = await get_run(ctx, run.id, form="own.area")
    assert (run.state, run.resumable, run.undoable, run.checkable) == ("interrupted", True, True, False)
    with pytest.raises(Conflict):
        await check_run(ctx, run, fields={}, options=Options())
    await resume_run(ctx, run)
    run = await ended(ctx, run)
    assert (run.state, run.written.new) == ("done", 3)


async def test_all_or_nothing_takes_back_what_was_written_when_a_row_became_wrong(
    platform: Platform, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "CHUNK", 2)
    run = await begun(ctx, "1,一\n2,二\n3,三\n", whole=True, mode="create")
    looked = work.Pass.recall

    async def recall(self) -> bool:
        await ctx.records.create("own.area", {"code": "3", "name": "抢先"})
        return await looked(self)

    await cut_off(platform, monkeypatch, after=1)  # two are written
    monkeypatch.setattr(work.Pass, "recall", recall)
    run = await ended(ctx, run)
    assert (run.state, run.written) == ("failed", None)
    assert "1 行有错" in run.error
    assert await data(ctx) == {"3": "抢先"}


async def test_a_run_whose_job_is_gone_is_seen_as_interrupted(ctx: Context) -> None:
    run = await begun(ctx, "1,一\n")
    await cancel_run(ctx, run)
    run = await get_run(ctx, run.id, form="own.area")
    assert (run.state, run.checkable) == ("interrupted", True)
    with pytest.raises(Conflict):
        await cancel_run(ctx, run)


async def test_rights_are_those_of_when_it_runs(platform: Platform, ctx: Context) -> None:
    member = await new_member(platform, ctx, "left", roles=("editor",))
    run = await begun(member, "1,一\n")
    await ctx.db.execute(
        "DELETE FROM member_role WHERE tenant = $1 AND member = $2", ctx.tenant.id, member.member.id
    )
    await ctx.db.execute("UPDATE tenant SET definitions_version = definitions_version + 1")
    await run_jobs(platform)
    assert await data(ctx) == {}
    row = await ctx.db.fetch_one("SELECT state FROM import_run WHERE tenant = $1 AND id = $2", ctx.tenant.id, run.id)
    assert row["state"] == "failed"


async def test_the_answer_is_in_the_members_language(platform: Platform, ctx: Context) -> None:
    await set_language(ctx.db, ctx.member.account, "en")
    english = await refreshed(platform, ctx)
    run = await imported(english, "own.area", HEAD + "1,一\n1,二\n,三\n")
    head, _one, two, three = csv_rows(await ctx.files.read(run.result_file), encoding="utf-8")
    assert "Same" in two[2] or "same" in two[2]
    assert not any("一" <= sign <= "鿿" for sign in head[2] + two[2] + three[2].replace("编码", ""))
