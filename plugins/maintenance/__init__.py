"""Operation and maintenance 后期运维: what happens to what was built, from handing over to the end of its life."""

from pathlib import Path

from core import add_catalogue
from plugins.maintenance.alerts import alerts
from plugins.maintenance.assets import record_panels
from plugins.maintenance.desk import record_compute
from plugins.maintenance.orders import record_saved, register_jobs
from plugins.maintenance.pages import home_panels, menu_items, register_routes
from plugins.maintenance.rules import record_validate

add_catalogue(Path(__file__).parent / "locale")

__all__ = [
    "alerts", "home_panels", "menu_items", "record_compute", "record_panels", "record_saved", "record_validate",
    "register_jobs", "register_routes",
]  # fmt: skip
