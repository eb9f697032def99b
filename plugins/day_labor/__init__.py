"""Day labour 点工汇总中心: tickets with men and hours, their cross-checks, monthly sheets, posting and recovery."""

from pathlib import Path

from core import add_catalogue
from plugins.day_labor.alerts import alerts
from plugins.day_labor.pages import home_panels, menu_items, record_panels, register_routes
from plugins.day_labor.rules import record_compute, record_validate
from plugins.day_labor.settling import record_saved

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
