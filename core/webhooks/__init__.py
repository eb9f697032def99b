"""Webhooks: telling other systems what happened, signed, again after failures, and never to inside addresses."""

from core.webhooks.guard import Refused, Target, resolve
from core.webhooks.model import ALERT_EVENTS, RECORD_EVENTS, Attempt, Delivery, Webhook
from core.webhooks.sending import JOBS, PAUSE_AFTER, WAITS, signature
from core.webhooks.webhooks import Webhooks

__all__ = [
    "ALERT_EVENTS", "JOBS", "PAUSE_AFTER", "RECORD_EVENTS", "WAITS", "Attempt", "Delivery", "Refused", "Target",
    "Webhook", "Webhooks", "resolve", "signature",
]  # fmt: skip
