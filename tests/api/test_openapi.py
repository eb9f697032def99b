"""The description of the API: true, valid by an outside opinion, only of what the asker may use; and fuzzed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from core.people import create_role
from core.testing import refreshed
from tests.transfer.region_forms import AREA, with_form

if TYPE_CHECKING:
    from litestar import Litestar

    from tests.api.conftest import Join, Program

DOCUMENT = "/api/openapi.json"


async def document(program: Program) -> dict[str, Any]:
    answer = await program.get(DOCUMENT)
    assert answer.status_code == 200
    return answer.json()


async def test_the_document_is_valid_openapi(program: Program) -> None:
    found = await document(program)
    OpenAPIV31SpecValidator(found).validate()
    assert found["openapi"].startswith("3.1")
    assert "/api/v1/forms/own.works/records/{id}" in found["paths"]


async def test_the_document_names_only_what_the_asker_may_use(program: Program, join: Join) -> None:
    rules = [{"forms": ["own.works"], "actions": ["read"], "except": ["amount"]}]
    await create_role(program.ctx.db, program.ctx.access, code="partly", name="部分", rules=rules)
    found = await document(await join(program, "partly", roles=("partly",)))
    OpenAPIV31SpecValidator(found).validate()
    assert {path.split("/")[4] for path in found["paths"] if path.startswith("/api/v1/forms/own")} == {"own.works"}
    assert set(found["paths"]["/api/v1/forms/own.works/records"]) == {"get"}
    assert "/api/v1/forms/own.works/imports" not in found["paths"]
    assert "amount" not in found["components"]["schemas"]["own.works.data"]["properties"]
    assert "own.works.create" not in found["components"]["schemas"]


async def test_a_form_just_published_is_described(app: Litestar, program: Program) -> None:
    before = await document(program)
    platform = app.state.platform
    await with_form(platform, await refreshed(platform, program.ctx), "fresh", {**AREA, "title": "新表"})
    after = await document(program)
    assert "/api/v1/forms/own.fresh/records" not in before["paths"]
    assert "/api/v1/forms/own.fresh/records" in after["paths"]


async def test_the_document_of_one_tenant_says_nothing_of_another(programs: tuple[Program, Program]) -> None:
    ours, theirs = programs
    text = (await theirs.get(DOCUMENT)).text
    assert theirs.ctx.tenant.name in text
    assert ours.ctx.tenant.name not in text


async def test_records_are_as_the_document_says(program: Program) -> None:
    from jsonschema import Draft202012Validator

    data = {"code": "1", "name": "甲", "amount": 12.5, "begun": "2026-03-05", "closed": True, "tags": ["hot"]}
    await program.post("/api/v1/forms/own.works/records", json={"data": data})
    found = await document(program)
    answer = (await program.get("/api/v1/forms/own.works/records")).json()
    schema = {**found, "$ref": "#/components/schemas/own.works.page"}
    Draft202012Validator(schema).validate(answer)
