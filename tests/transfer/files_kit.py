"""Bringing a file into a run, and reading back what an export or an answer holds."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from core.records.transfer import Options, Run, check_run, commit_run, get_run, open_run
from core.testing import run_jobs

if TYPE_CHECKING:
    from core.context import Context


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def brought(ctx: Context, form: str, data: bytes | str, *, name: str = "文件.csv") -> Run:
    """A run for the file, its columns matched."""
    content = data.encode() if isinstance(data, str) else data
    file = await ctx.files.put(name, pieces(content))
    return await open_run(ctx, form, file=file, name=name)


async def checked(
    ctx: Context, run: Run, *, fields: Mapping[str, str] | None = None, options: Options | None = None
) -> Run:
    """The run after its check."""
    await check_run(ctx, run, fields=fields or {}, options=options or Options())
    return await ended(ctx, run)


async def committed(ctx: Context, run: Run) -> Run:
    await commit_run(ctx, run)
    return await ended(ctx, run)


async def ended(ctx: Context, run: Run) -> Run:
    await run_jobs(ctx)
    return await get_run(ctx, run.id, form=run.form)


async def imported(ctx: Context, form: str, data: bytes | str, *, name: str = "文件.csv", **options: Any) -> Run:
    """The whole way: brought, checked, committed."""
    run = await checked(ctx, await brought(ctx, form, data, name=name), options=Options(**options))
    assert run.state == "checked", (run.state, run.error)
    return await committed(ctx, run)


def csv_rows(data: bytes, *, encoding: str = "utf-8-sig") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(encoding), newline="")))


async def joined(stream: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in stream])
