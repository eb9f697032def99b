"""Funding 资金数据中心: where money comes from, what is certified and paid, and each yuan followed both ways."""

from pathlib import Path

from core import add_catalogue
from plugins.funding.alerts import alerts
from plugins.funding.ledger import record_saved
from plugins.funding.pages import home_panels, menu_items, record_panels, register_routes
from plugins.funding.rules import record_compute, record_validate

add_catalogue(Path(__file__).parent / "locale")

__all__ = [
    "alerts",
    "home_panels",
    "menu_items",
    "record_compute",
    "record_panels",
    "record_saved",
    "record_validate",
    "register_routes",
]
