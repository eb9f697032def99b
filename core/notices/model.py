"""The values of notices: kinds, the ways they reach a person, a notice as it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Way = Literal["app", "mail", "digest", "none"]
WAYS: Mapping[Way, str] = {"app": "站内", "mail": "站内和邮件", "digest": "站内，每日汇总发邮件", "none": "不通知"}
KINDS: Mapping[str, str] = {
    "alert": "预警：新出现、升级、指派给我",
    "import": "我发起的导入或导出完成",
    "mention": "有人提到我",
    "other": "其他消息",
}
START: Mapping[str, Way] = {"alert": "digest", "import": "app", "mention": "app", "other": "app"}  # until one chooses


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`title` and `text` are in the reader's language."""

    id: str
    kind: str
    title: str
    text: str
    url: str
    at: str
    read_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """By which way a member wants each kind, and where his mail goes ("": nowhere)."""

    email: str = ""
    ways: Mapping[str, Way]
