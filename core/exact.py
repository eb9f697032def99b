"""Exact JSON: numbers come back as `int` or `Decimal`, never float, and go out digit for digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(decimal_format="number")
_canonical = msgspec.json.Encoder(decimal_format="number", order="deterministic")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


class TooDeep(ValueError):
    """JSON nested deeper than anything that is meant."""


def encode(value: Any) -> bytes:
    """JSON of `value` as it is sent: what `dumps` gives, in UTF-8."""
    return _encoder.encode(value)


def dumps(value: Any) -> str:
    """JSON text of `value`; key order as given, non-ASCII as it is."""
    return _encoder.encode(value).decode()


def canonical(value: Any) -> str:
    """JSON text with sorted keys and no spaces: the same value always gives the same text."""
    return _canonical.encode(value).decode()


def loads(text: str | bytes) -> Any:
    """The value of JSON `text`; `msgspec.DecodeError` or `TooDeep` (both ValueError) where it cannot be read."""
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise TooDeep("nested too deep") from None
