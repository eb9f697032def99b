"""Alerts: one mechanism for all modules; thresholds the tenant sets, one live alert per rule and subject."""

from core.alerts.acting import ACTS, FROM, Act
from core.alerts.alerts import Alerts
from core.alerts.jobs import JOBS
from core.alerts.levels import level_of, turn
from core.alerts.model import (
    OPEN,
    OWN,
    SEVERITIES,
    Alert,
    AlertRule,
    Event,
    Filter,
    Happening,
    Measure,
    Rule,
    Severity,
    State,
    Told,
)
from core.alerts.rules import formula_of

__all__ = [
    "ACTS", "FROM", "JOBS", "OPEN", "OWN", "SEVERITIES", "Act", "Alert", "AlertRule", "Alerts", "Event", "Filter",
    "Happening", "Measure", "Rule", "Severity", "State", "Told", "formula_of", "level_of", "turn",
]  # fmt: skip
