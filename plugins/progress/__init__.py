"""Progress control 综合进度管控: plans as networks, their critical path, delays and daily reports."""

from pathlib import Path

from core import add_catalogue
from plugins.progress.alerts import alerts
from plugins.progress.baselines import record_saved
from plugins.progress.bringing import register_jobs
from plugins.progress.pages import home_panels, menu_items, record_panels, register_routes
from plugins.progress.rules import record_validate

add_catalogue(Path(__file__).parent / "locale")

__all__ = [
    "alerts", "home_panels", "menu_items", "record_panels", "record_saved", "record_validate", "register_jobs",
    "register_routes",
]  # fmt: skip
