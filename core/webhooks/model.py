"""The values of webhooks: what may be asked for, an endpoint, a delivery with its attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["on", "paused", "off"]  # paused: by the platform, after too many failures in a row
DeliveryState = Literal["waiting", "delivered", "dead"]
RECORD_EVENTS: Mapping[str, str] = {
    "create": "新建", "update": "修改", "delete": "删除", "restore": "恢复", "step": "办理",
}  # fmt: skip
ALERT_EVENTS: Mapping[str, str] = {"opened": "预警出现", "closed": "预警关闭"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One endpoint. `forms`: form -> events of RECORD_EVENTS; `alerts`: of ALERT_EVENTS."""

    id: str
    name: str
    url: str
    forms: Mapping[str, tuple[str, ...]]
    alerts: tuple[str, ...]
    state: State
    failures: int  # in a row
    created_at: str
    created_by: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    at: str
    status: int | None  # None: no answer
    milliseconds: int
    answer: str  # its first bytes
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    id: str
    event: str
    body: str
    state: DeliveryState
    attempts: tuple[Attempt, ...]  # newest first
    at: str
    next_at: str | None
