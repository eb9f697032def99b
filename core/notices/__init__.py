"""Notices to members, in the app and by mail; who is told about what is decided by the room that sends."""

from core.notices.mail import MailFailed, configured, message_of, post
from core.notices.model import KINDS, START, WAYS, Choice, Notice, Way
from core.notices.notices import COUNTED, Notices
from core.notices.sending import JOBS, try_mail

__all__ = [
    "COUNTED", "JOBS", "KINDS", "START", "WAYS", "Choice", "MailFailed", "Notice", "Notices", "Way", "configured",
    "message_of", "post", "try_mail",
]  # fmt: skip
