"""Hooks: what modules may do, and how they are found, checked and called per tenant."""

from core.hooks.model import Manifest, MenuItem, Panel
from core.hooks.registry import Caller, ModuleFailed, Modules, find_plugins, for_forms, independent
from core.hooks.spec import hookimpl

__all__ = [
    "Caller",
    "Manifest",
    "MenuItem",
    "ModuleFailed",
    "Modules",
    "Panel",
    "find_plugins",
    "for_forms",
    "hookimpl",
    "independent",
]
