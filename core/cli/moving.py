"""Commands that move a form's records in and out: import, export; the same way as pages and the API do it."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import exact
from core.cli.running import chosen, command, context_in, progress, with_platform
from core.errors import Invalid, NotFound, Problem

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform
    from core.records import BulkResult

PIECE = 1 << 16
PAGE = 500
SHOWN = 20  # wrong rows that are printed
SECONDS = 0.2  # between two looks at an import
KINDS = (".csv", ".xlsx", ".json")


def add(commands: Any) -> None:
    importing = command(
        commands, "import", "bring a CSV, Excel or JSON file into a form",
        details="Columns are matched by their titles as in the page; rows of a form with a code are updated by it. "
        "JSON is a list of objects by field name. Exit code 1 where a row was wrong; the others are in.",
        examples="  dougong import linxi partners.company companies.xlsx --dry-run\n"
        "  dougong import linxi partners.company companies.csv --as wang\n"
        "  dougong import linxi partners.company companies.json --all-or-nothing",
    )  # fmt: skip
    _common(importing)
    importing.add_argument("--dry-run", action="store_true", help="only check: nothing is written")
    importing.add_argument("--create", action="store_true", help="only add rows, update none")
    importing.add_argument("--all-or-nothing", action="store_true", help="write nothing if one row is wrong")
    importing.set_defaults(run=_import)
    exporting = command(
        commands, "export", "write a form's records to a CSV, Excel or JSON file",
        details="The ending of the file says which.",
        examples="  dougong export linxi partners.company companies.xlsx\n"
        "  dougong export linxi partners.company companies.json --as wang",
    )  # fmt: skip
    _common(exporting)
    exporting.set_defaults(run=_export)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("tenant", help="code of the tenant")
    parser.add_argument("form", help="name of the form, such as partners.company")
    parser.add_argument("file", type=Path, help=f"ends in {', '.join(KINDS)}")
    parser.add_argument(
        "--as", dest="login", metavar="LOGIN", help="with the rights of this member (default: the installation's own)"
    )


def _kind(file: Path) -> str:
    if file.suffix.lower() not in KINDS:
        words = f"{file}: the file must end in {', '.join(KINDS)}"
        raise Invalid([Problem("file", "kind", words)])
    return file.suffix.lower()[1:]


def _import(options: argparse.Namespace) -> int:
    kind = _kind(options.file)
    if not options.file.is_file():
        raise NotFound(f"there is no file {options.file}")

    async def work(platform: Platform) -> int:
        (tenant,) = await chosen(platform, options.tenant)
        ctx = await context_in(platform, tenant, options.login)
        if kind == "json":
            return await _import_json(ctx, options)
        await platform.worker.start()  # an import is a job; a server beside us may take it as well
        return await _import_table(ctx, options)

    return with_platform(work)


async def _import_table(ctx: Context, options: argparse.Namespace) -> int:
    from core.records.transfer import Options, check_run, get_run, import_at_once, open_run

    form = ctx.forms.get(options.form)
    mode = "create" if options.create or not form.key else "upsert"
    file = await ctx.files.put(options.file.name, _pieces(options.file))
    run = await open_run(ctx, form.name, file=file, name=options.file.name)
    for column in run.columns:
        if not column.sure:
            print(f"column {column.header!r} is left out: no field has this title")
    left_out = {column.header: "" for column in run.columns if not column.sure}
    begin = check_run if options.dry_run else import_at_once
    run = await begin(ctx, run, fields=left_out, options=Options(mode=mode, whole=options.all_or_nothing))
    while run.unfinished:
        progress(f"{run.done:,} of {run.total:,} rows")
        await asyncio.sleep(SECONDS)
        run = await get_run(ctx, run.id, form=form.name)
    progress("")
    counts = run.checked if options.dry_run else run.written
    if counts is None:
        raise Invalid([Problem("file", run.state, run.error or f"the import ended as {run.state}")])
    return _report(
        options, new=counts.new, changed=counts.changed, same=counts.same,
        wrong=[(row.number, "; ".join(problem.message for problem in row.problems)) for row in counts.rows],
        number=counts.wrong,
    )  # fmt: skip


async def _import_json(ctx: Context, options: argparse.Namespace) -> int:
    form = ctx.forms.get(options.form)
    rows = exact.loads(options.file.read_bytes())
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid([Problem("file", "json", f"{options.file}: a list of objects is needed")])
    fields = [{name: value for name, value in row.items() if not name.startswith("_")} for row in rows]
    mode = "create" if options.create or not form.key else "upsert"
    result: BulkResult = await ctx.records.bulk(
        form.name, fields, mode=mode, dry_run=options.dry_run, stop_on_error=options.all_or_nothing
    )
    wrong = [
        (number, "; ".join(f"{problem.field}: {problem.message}" for problem in row.problems))
        for number, row in enumerate(result.rows, 1)
        if row.problems
    ]
    return _report(
        options, new=result.new, changed=result.changed, same=result.same, wrong=wrong, number=result.wrong
    )


def _report(
    options: argparse.Namespace, *, new: int, changed: int, same: int, wrong: list[tuple[int, str]], number: int
) -> int:
    would = "would be " if options.dry_run else ""
    print(f"{new:,} {would}new, {changed:,} {would}changed, {same:,} as they were, {number:,} wrong")
    for row, words in wrong[:SHOWN]:
        print(f"row {row}: {words}")
    if number > SHOWN:
        print(f"… and {number - SHOWN:,} more")
    return 1 if number else 0


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as source:
        while piece := source.read(PIECE):
            yield piece


def _export(options: argparse.Namespace) -> int:
    kind = _kind(options.file)

    async def work(platform: Platform) -> int:
        (tenant,) = await chosen(platform, options.tenant)
        ctx = await context_in(platform, tenant, options.login)
        part = options.file.with_name(f"{options.file.name}.part")
        try:
            part.touch(mode=0o600)
            with part.open("wb") as written:
                async for piece in await _exported(ctx, options.form, kind):
                    written.write(piece)
                    progress(f"{written.tell():,} bytes")
            part.replace(options.file)
        finally:
            part.unlink(missing_ok=True)
        progress("")
        print(f"{options.file}: {options.file.stat().st_size:,} bytes")
        return 0

    return with_platform(work)


async def _exported(ctx: Context, form: str, kind: str) -> AsyncIterator[bytes]:
    from core.records import Query
    from core.records.transfer import export

    if kind != "json":
        return await export(ctx, form, Query(), kind=kind)  # type: ignore[arg-type]
    from core.records.transfer import export_columns

    export_columns(ctx, ctx.forms.get(form))  # the right to export, asked as for the other kinds
    return _as_json(ctx, form)


async def _as_json(ctx: Context, form: str) -> AsyncIterator[bytes]:
    """A list of objects by field name, a line for each, with id and revision as `_id` and `_revision`."""
    from core.records import Query
    from core.records.transfer import export_columns

    names = [column.name for column in export_columns(ctx, ctx.forms.get(form)) if not column.by_key]
    after, separator = None, b"[\n"
    while True:
        page = await ctx.records.list(form, Query(limit=PAGE, after=after), action="export")
        for record in page.records:
            shown = {name: record.data[name] for name in names if name in record.data and name not in record.hidden}
            line = exact.dumps({"_id": record.id, "_revision": record.revision, **shown})
            yield separator + line.encode()
            separator = b",\n"
        after = page.next
        if after is None:
            break
    yield b"\n]\n" if separator != b"[\n" else b"[]\n"
