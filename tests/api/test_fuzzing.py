"""schemathesis asks the running API what its own document allows, and what it does not: never a 5xx."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as openapi_checks

if TYPE_CHECKING:
    from schemathesis import APIOperation, Case

    from tests.api.conftest import Program

EXAMPLES = 6  # of each operation, in each mode
LONGEST_ADDRESS = 60_000
FORM = "own.works"
CHECKS = (
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
)
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),  # a failing example is shown as it is: shrinking would ask for minutes
    suppress_health_check=list(HealthCheck),
)


async def small_document(program: Program) -> dict[str, Any]:
    """The operations of one form, and the general ones."""
    document = (await program.get("/api/openapi.json")).json()
    document["paths"] = {
        path: item for path, item in document["paths"].items() if f"/{FORM}/" in path or "/forms/own." not in path
    }
    return document


async def some_records(program: Program) -> list[str]:
    """Ids that are there, so that not every answer is a 404."""
    rows = [{"code": str(n), "name": f"第{n}项", "amount": n, "tags": ["hot"]} for n in range(8)]
    body = {"records": rows, "mode": "upsert"}
    answer = await program.post(f"/api/v1/forms/{FORM}/records/bulk", json=body)
    return [row["id"] for row in answer.json()["results"]]


def _headers(sent: requests.PreparedRequest) -> dict[str, bytes]:
    """Header values as they go over the wire, odd letters included; who asks is the program's own word."""
    return {
        name: value if isinstance(value, bytes) else value.encode("latin-1", "replace")
        for name, value in sent.headers.items()
        if name.lower() != "authorization"
    }


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
async def test_no_request_breaks_the_api_or_its_promises(program: Program, mode: GenerationMode) -> None:
    ids = await some_records(program)
    schema = schemathesis.openapi.from_dict(await small_document(program))
    loop = asyncio.get_running_loop()
    asked: list[int] = []

    def ask(case: Case) -> None:
        if "id" in case.path_parameters and len(asked) % 2:
            case.path_parameters["id"] = ids[len(asked) // 2 % len(ids)]
        sent = requests.Request(**case.as_transport_kwargs(base_url="http://testserver.local")).prepare()
        assume(len(sent.url or "") < LONGEST_ADDRESS)  # httpx sends no longer one
        request = program.ask(sent.method, sent.url, content=sent.body, headers=_headers(sent))
        response = asyncio.run_coroutine_threadsafe(request, loop).result(60)
        asked.append(response.status_code)
        case.validate_response(response, checks=CHECKS)

    def every(operations: list[APIOperation]) -> None:
        for operation in operations:
            BOUNDED(given(operation.as_strategy(generation_mode=mode))(ask))()

    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 14
    await asyncio.to_thread(every, operations)
    assert len(asked) >= len(operations)
    assert {200, 404, 422} <= set(asked)
