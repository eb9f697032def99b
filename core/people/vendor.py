"""Licence files that the vendor signs: reading, checking, issuing; an installation has only his public key."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import date
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core import exact
from core.errors import Invalid, Problem
from core.i18n import _
from core.people.model import EDITIONS, Licence

LONGEST = 20_000
FIELDS = ("number", "tenant", "edition", "seats", "modules", "valid_to")


def new_key() -> tuple[str, str]:
    """(private, public) key of a vendor, each as base64 of its 32 bytes."""
    made = Ed25519PrivateKey.generate()
    return _text(made.private_bytes_raw()), _text(made.public_key().public_bytes_raw())


def issue(about: Mapping[str, Any], private_key: str) -> str:
    """The licence file for `about` (FIELDS), signed: what the vendor sends to an installation."""
    known = {name: about.get(name) for name in FIELDS}
    key = Ed25519PrivateKey.from_private_bytes(_bytes(private_key))
    signature = _text(key.sign(exact.canonical(known).encode()))
    return exact.dumps({"licence": known, "signature": signature})


def read_licence(text: str, *, tenant: str, vendor_key: str) -> Licence:
    """What a signed file says for the tenant with this code; Invalid where it is not what the vendor signed."""
    try:
        given = exact.loads(text) if len(text) <= LONGEST else None
        about, signature = given["licence"], _bytes(given["signature"])
        if set(about) != set(FIELDS) or not _sound(about):
            raise ValueError
    except (ValueError, TypeError, KeyError):
        raise _wrong("file", _("这不是授权文件，请粘贴厂商发来的完整内容。")) from None
    try:
        key = Ed25519PublicKey.from_public_bytes(_bytes(vendor_key))
        key.verify(signature, exact.canonical(about).encode())
    except (InvalidSignature, ValueError):
        raise _wrong("altered", _("签名不符：授权文件被改动过，或不是本平台的厂商签发的。")) from None
    if about["tenant"] != tenant:
        raise _wrong("elsewhere", _("这份授权是给“{code}”的，不是给“{mine}”的。", code=about["tenant"], mine=tenant))
    return Licence(
        edition=about["edition"],
        seats=about["seats"],
        modules=None if about["modules"] is None else frozenset(about["modules"]),
        valid_to=about["valid_to"],
        number=about["number"],
        signed=text,
    )


def refusal_of(licence: Licence, *, tenant: str, vendor_key: str) -> str:
    """Why a stored licence does not count where `vendor_key` is asked for; "" where it does. A trial always does."""
    if not vendor_key or licence.edition == "trial":
        return ""
    if not licence.signed:
        return "unsigned"
    try:
        found = read_licence(licence.signed, tenant=tenant, vendor_key=vendor_key)
    except Invalid as error:
        return error.problems[0].code
    same = (found.edition, found.seats, found.modules, found.valid_to)
    return "" if same == (licence.edition, licence.seats, licence.modules, licence.valid_to) else "altered"


def _sound(about: Mapping[str, Any]) -> bool:
    seats, modules, valid_to = about["seats"], about["modules"], about["valid_to"]
    if valid_to is not None:
        date.fromisoformat(valid_to)
    return (
        isinstance(about["number"], str)
        and isinstance(about["tenant"], str)
        and about["edition"] in EDITIONS[1:]
        and (seats is None or (isinstance(seats, int) and seats > 0))
        and (modules is None or (isinstance(modules, list) and all(isinstance(name, str) for name in modules)))
    )


def _wrong(code: str, message: str) -> Invalid:
    return Invalid([Problem("signed", code, message)])


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
