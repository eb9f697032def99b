"""Files, imports and exports through the API."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.transfer.files_kit import csv_rows
from tests.transfer.workbook_files import workbook

if TYPE_CHECKING:
    from tests.api.conftest import Join, Program

AREA = "/api/v1/forms/own.area"
AREAS = "code,name,cityCode,provinceCode\n110101,东城区,1101,11\n,无编码,1101,11\n"


async def imported(program: Program, data: bytes | str, form: str = "own.area", **fields: str) -> dict[str, Any]:
    """Begin an import and ask for its state until it has ended."""
    path = f"/api/v1/forms/{form}/imports"
    begun = await program.post(path, files={"file": ("区县.csv", data)}, data=fields)
    assert begun.status_code == 202, begun.text
    for _turn in range(200):
        state = (await program.get(begun.headers["location"])).json()
        if state["state"] not in ("checking", "running"):
            return state
        await asyncio.sleep(0.02)
    raise AssertionError(state)


async def test_a_file_is_checked_then_imported_and_given_back(program: Program) -> None:
    dry = await imported(program, AREAS, dry_run="true")
    assert (dry["state"], dry["checked"]["new"], dry["checked"]["wrong"], dry["written"]) == ("checked", 1, 1, None)
    assert dry["checked"]["rows"][0]["row"] == 3
    assert (await program.get(f"{AREA}/records")).json()["records"] == []
    real = await imported(program, AREAS)
    assert (real["state"], real["written"]["new"], real["written"]["wrong"]) == ("done", 1, 1)
    answer = await program.get(f"/api/v1/files/{real['result_file']}")
    assert csv_rows(answer.content, encoding="utf-8")[0][-1] == "导入结果"
    whole = await imported(program, AREAS.replace("东城", "西城"), all_or_nothing="true")
    assert (whole["state"], whole["written"]) == ("failed", None)


async def test_columns_may_be_named(program: Program) -> None:
    data = workbook(["代号", "名字"], ["1", "一"])
    state = await imported(program, data, columns=json.dumps({"代号": "code", "名字": "name"}))
    assert state["written"]["new"] == 1
    assert state["columns"] == [{"header": "代号", "field": "code"}, {"header": "名字", "field": "name"}]


REFUSED: list[tuple[Any, dict[str, str], int]] = [
    (b"\x89PNG\r\n\x1a\n\x00\x00", {}, 422),
    ("天气,心情\n晴,好\n", {}, 422),
    (AREAS, {"mode": "replace"}, 422),
    (AREAS, {"columns": "{"}, 400),
    (AREAS, {"columns": '{"没有的列": "code"}'}, 422),
    (AREAS, {"colums": "{}"}, 422),
    ("", {}, 422),
]


async def test_an_import_that_cannot_work_is_refused(program: Program) -> None:
    for data, fields, status in REFUSED:
        answer = await program.post(f"{AREA}/imports", files={"file": ("x.csv", data)}, data=fields)
        assert answer.status_code == status, (fields, answer.text)
        assert answer.json()["error"]["message"]


async def test_an_upload_that_is_no_form_is_refused(program: Program) -> None:
    assert (await program.post(f"{AREA}/imports", json={})).status_code == 415
    assert (await program.post(f"{AREA}/imports", data={"file": "x"}, files={"other": b"x"})).status_code == 422
    assert (await program.post("/api/v1/files", content=b"x")).status_code == 415


async def test_fifty_megabytes_are_refused_and_nothing_is_kept(program: Program) -> None:
    answer = await program.post("/api/v1/files", files={"file": ("big.bin", b"x" * (50 * 1024 * 1024))})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


async def test_a_run_of_another_tenant_or_member_is_not_there(programs: tuple[Program, Program], join: Join) -> None:
    ours, theirs = programs
    state = await imported(ours, AREAS)
    colleague = await join(ours, "colleague", roles=("admin",))
    for other in (theirs, colleague):
        assert (await other.get(f"{AREA}/imports/{state['id']}")).status_code == 404
        assert (await other.get(f"/api/v1/files/{state['result_file']}")).status_code == 404


async def test_a_viewer_may_not_import(program: Program, join: Join) -> None:
    viewer = await join(program, "viewer", roles=("viewer",))
    answer = await viewer.post(f"{AREA}/imports", files={"file": ("x.csv", AREAS)})
    assert answer.status_code == 403


async def test_a_file_goes_up_and_comes_down_as_it_was(program: Program) -> None:
    up = await program.post("/api/v1/files", files={"file": ("合同 1.pdf", b"%PDF-1.7 x")})
    assert (up.status_code, up.json()["name"], up.json()["size"]) == (201, "合同 1.pdf", 10)
    down = await program.get(f"/api/v1/files/{up.json()['id']}")
    assert down.content == b"%PDF-1.7 x"
    assert down.headers["content-disposition"].startswith("attachment;")


async def test_a_list_is_exported_as_it_is_filtered(program: Program) -> None:
    rows = [{"code": str(n), "name": f"第{n}"} for n in range(5)]
    await program.post(f"{AREA}/records/bulk", json={"records": rows})
    answer = await program.get(f"{AREA}/export?where=code:in:1,3&sort=-code&columns=name,code")
    assert csv_rows(answer.content) == [["名称", "编码"], ["第3", "3"], ["第1", "1"]]
    book = await program.get(f"{AREA}/export?kind=xlsx")
    assert book.content.startswith(b"PK")
    assert (await program.get(f"{AREA}/export?kind=pdf")).status_code == 422
    assert (await program.get(f"{AREA}/export?where=nothing:eq:1")).status_code == 422
