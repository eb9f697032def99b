"""What modules hand over: the manifest, menu items, panels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.forms.model import Manifest

__all__ = ["Manifest", "MenuItem", "Panel"]


@dataclass(frozen=True, slots=True)
class MenuItem:
    title: str
    url: str
    icon: str = "file"


@dataclass(frozen=True, slots=True)
class Panel:
    """A block on a page: `template` (found beside the module) rendered with `data`."""

    title: str
    template: str
    data: Mapping[str, Any]
    order: int = 50
