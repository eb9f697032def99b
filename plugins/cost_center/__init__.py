"""Cost center 项目成本中心: what follows from budgets, contracts and cost entries, and the pages that show it."""

from pathlib import Path

from core import add_catalogue
from plugins.cost_center.alerts import alerts
from plugins.cost_center.computing import record_compute
from plugins.cost_center.pages import home_panels, menu_items, record_panels, register_routes
from plugins.cost_center.rules import record_validate

add_catalogue(Path(__file__).parent / "locale")

__all__ = [
    "alerts", "home_panels", "menu_items", "record_compute", "record_panels", "record_validate", "register_routes",
]  # fmt: skip
