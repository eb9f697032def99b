"""Commands of the platform's operator: who operates, what a tenant may use, a tenant whole out and in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cli.running import chosen, command, with_platform

if TYPE_CHECKING:
    from core.platform import Platform


def add(commands: Any) -> None:
    _add_operator(commands)
    _add_licence(commands)
    _add_archive(commands)


def _add_operator(commands: Any) -> None:
    operator = command(
        commands, "operator", "say who operates the platform, at /operator in a browser",
        details="An operator opens tenants and sets licences; he sees how much tenants have, not what.",
        examples='  dougong operator add ops --name "Operations"\n  dougong operator off ops\n  dougong operator list',
    )  # fmt: skip
    does = operator.add_subparsers(required=True, metavar="what")
    adding = command(
        does, "add", "let somebody operate; prints the first password of a new account",
        examples='  dougong operator add ops --name "Operations"',
    )  # fmt: skip
    adding.add_argument("login", help="log-in, new or known")
    adding.add_argument("--name", help="the person's name (default: the log-in)")
    adding.set_defaults(run=_operator_add)
    off = command(does, "off", "let somebody operate no more", examples="  dougong operator off ops")
    off.add_argument("login")
    off.set_defaults(run=_operator_off)
    listing = command(does, "list", "who operates", examples="  dougong operator list")
    listing.set_defaults(run=_operator_list)


def _add_licence(commands: Any) -> None:
    licence = command(
        commands, "licence", "show, set and issue what tenants may use",
        examples="  dougong licence list\n  dougong licence set linxi --edition professional --seats 20\n"
        "  dougong licence file linxi licence.json",
    )  # fmt: skip
    does = licence.add_subparsers(required=True, metavar="what")
    listing = command(does, "list", "the licence of every tenant", examples="  dougong licence list")
    listing.set_defaults(run=_licence_list)
    setting = command(
        does, "set", "give a tenant a licence, at once", details="Not where DOUGONG_VENDOR_KEY is set.",
        examples="  dougong licence set linxi --edition enterprise --seats 50 --module cost_center --until 2027-12-31",
    )  # fmt: skip
    setting.add_argument("tenant", help="code of the tenant")
    setting.add_argument("--edition", required=True, choices=("trial", "professional", "enterprise"))
    setting.add_argument("--seats", type=int, help="how many members may be active (default: any number)")
    setting.add_argument("--module", action="append", default=[], help="of an enterprise licence; several times")
    setting.add_argument("--until", metavar="DAY", help="the last day, as 2027-12-31 (default: for good)")
    setting.add_argument("--days", type=int, help="of a trial, from its first use")
    setting.set_defaults(run=_licence_set)
    filing = command(
        does, "file", "give a tenant the licence that the vendor signed",
        examples="  dougong licence file linxi licence.json",
    )  # fmt: skip
    filing.add_argument("tenant", help="code of the tenant")
    filing.add_argument("file", type=Path)
    filing.set_defaults(run=_licence_file)
    key = command(does, "new-key", "for a vendor: make a key pair", examples="  dougong licence new-key")
    key.set_defaults(run=_new_key)
    issuing = command(
        does, "issue", "for a vendor: sign a licence; prints the file", details="The private key is read from a file.",
        examples="  dougong licence issue linxi --number L-7 --seats 20 --key private.key > licence.json",
    )  # fmt: skip
    issuing.add_argument("tenant", help="code of the tenant in the installation it is for")
    issuing.add_argument("--number", required=True, help="the vendor's number of this licence")
    issuing.add_argument("--edition", default="professional", choices=("professional", "enterprise"))
    issuing.add_argument("--seats", type=int)
    issuing.add_argument("--module", action="append", default=[])
    issuing.add_argument("--until", metavar="DAY")
    issuing.add_argument("--key", required=True, type=Path, help="file with the private key")
    issuing.set_defaults(run=_issue)


def _add_archive(commands: Any) -> None:
    archive = command(
        commands, "archive", "take a tenant out whole, or bring one in",
        examples="  dougong archive out linxi linxi.zip\n  dougong archive in linxi.zip linxi",
    )  # fmt: skip
    does = archive.add_subparsers(required=True, metavar="what")
    out = command(
        does, "out", "write everything of a tenant into one file", details="It holds personal data: keep it safe.",
        examples="  dougong archive out linxi linxi.zip",
    )  # fmt: skip
    out.add_argument("tenant", help="code of the tenant")
    out.add_argument("file", type=Path, help="a file that is not there yet")
    out.set_defaults(run=_archive_out)
    into = command(
        does, "in", "make a new tenant of such a file; prints its administrators' first passwords",
        examples='  dougong archive in linxi.zip linxi --name "Linxi works office"',
    )  # fmt: skip
    into.add_argument("file", type=Path)
    into.add_argument("code", help="short name here: small letters, digits, hyphens")
    into.add_argument("--name", default="", help="the tenant's name (default: as it was)")
    into.add_argument("--same-people", action="store_true", help="whoever has the same log-in here is the same person")
    into.set_defaults(run=_archive_in)


def _operator_add(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        password = await people.add_operator(
            platform.db, people.SHELL, login=options.login, name=options.name or options.login
        )
        said = f"first password {password}" if password else "with the password of that account"
        print(f"{options.login} operates the platform now, {said}")
        return 0

    return with_platform(work)


def _operator_off(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        await people.remove_operator(platform.db, people.SHELL, login=options.login)
        print(f"{options.login} operates the platform no more")
        return 0

    return with_platform(work)


def _operator_list(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        for account in await people.operators(platform.db):
            print(f"{account.login:<24} {account.name}")
        return 0

    return with_platform(work)


def _licence_list(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        for tenant in await chosen(platform, None):
            found, used = people.standing(tenant), await people.seats_used(platform.db, tenant.id)
            seats = f"{used}/{tenant.licence.seats or 'any'} seats"
            end = f"until {people.last_day(found.ends_at)}" if found.ends_at else "no end"
            print(f"{tenant.code:<20} {tenant.licence.edition:<13} {found.state:<10} {seats:<16} {end}")
        return 0

    return with_platform(work)


def _licence_set(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform: Platform) -> int:
        (tenant,) = await chosen(platform, options.tenant)
        licence = people.checked_licence(
            options.edition, seats=options.seats, modules=options.module, valid_to=options.until, days=options.days,
            requires={name: manifest.requires for name, manifest in platform.modules.manifests.items()},
        )  # fmt: skip
        key = platform.settings.vendor_key
        await people.set_licence(platform.db, people.SHELL, tenant.id, licence, vendor_key=key)
        print(f"The licence of {tenant.code} is {options.edition} now.")
        return 0

    return with_platform(work)


def _licence_file(options: argparse.Namespace) -> int:
    from core import people

    text = options.file.read_text(encoding="utf-8")

    async def work(platform: Platform) -> int:
        (tenant,) = await chosen(platform, options.tenant)
        key = platform.settings.vendor_key
        await people.set_signed_licence(platform.db, people.SHELL, tenant.id, text, vendor_key=key)
        print(f"The licence of {tenant.code} is as the file says.")
        return 0

    return with_platform(work)


def _new_key(options: argparse.Namespace) -> int:
    from core import people

    private, public = people.new_key()
    print(f"private key, for `dougong licence issue` alone: {private}\nDOUGONG_VENDOR_KEY={public}")
    return 0


def _issue(options: argparse.Namespace) -> int:
    from core import people

    about = {
        "number": options.number, "tenant": options.tenant, "edition": options.edition, "seats": options.seats,
        "modules": options.module if options.edition == "enterprise" else None, "valid_to": options.until,
    }  # fmt: skip
    print(people.issue(about, options.key.read_text(encoding="utf-8").strip()))
    return 0


def _archive_out(options: argparse.Namespace) -> int:
    from core import people
    from core.archive import export_tenant

    async def work(platform: Platform) -> int:
        (tenant,) = await chosen(platform, options.tenant)
        files = platform.settings.data_dir / "files"
        manifest = await export_tenant(platform.db, tenant.id, files=files, to=options.file)
        await people.note_act(platform.db, people.SHELL, "exported", about=tenant.id, records=manifest.records)
        print(f"{manifest.records} records and {len(manifest.files)} files of {tenant.code} are in {options.file}")
        return 0

    return with_platform(work)


def _archive_in(options: argparse.Namespace) -> int:
    from core import people
    from core.archive import import_tenant

    async def work(platform: Platform) -> int:
        came = await import_tenant(
            platform.db, options.file, files=platform.settings.data_dir / "files", catalogue=platform.catalogue,
            code=options.code, name=options.name, same_people=options.same_people,
            vendor_key=platform.settings.vendor_key,
        )  # fmt: skip
        before = came.manifest.tenant["code"]
        await people.note_act(platform.db, people.SHELL, "imported", about=came.tenant, **{"from": before})
        print(f"{options.code}: {came.manifest.records} records and {len(came.manifest.files)} files")
        for one in came.people:
            print(f"  {one.name}: {one.before} signs in as {one.login}", f"first password {one.password or '-'}")
        for finding in came.findings:
            print(f"  its history is not intact: {finding.message}")
        return 1 if came.findings else 0

    return with_platform(work)
