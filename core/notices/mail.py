"""E-mail: one message to one person as plain text and simple HTML, handed to the operator's SMTP server."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from markupsafe import Markup, escape

from core.errors import DougongError
from core.i18n import _
from core.notices.model import Notice

if TYPE_CHECKING:
    from core.settings import Settings

SECONDS = 20  # for the server to answer each step
PORTS = {"smtp": 25, "smtps": 465}


class MailFailed(DougongError):
    """The message was not taken. `final`: it never will be, so nobody tries again."""

    code = "mail_failed"

    def __init__(self, message: str, *, final: bool) -> None:
        super().__init__(message)
        self.final = final


@dataclass(frozen=True, slots=True)
class Server:
    """Read from DOUGONG_SMTP_URL: `smtp://user:password@host:587?starttls=1` or `smtps://…`."""

    host: str
    port: int
    secure: bool
    starttls: bool
    user: str
    password: str

    @classmethod
    def at(cls, url: str) -> Server:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise SystemExit("DOUGONG_SMTP_URL: smtp://user:password@host:587?starttls=1 or smtps://… is needed")
        asked = parse_qs(parts.query)
        return cls(
            host=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            secure=parts.scheme == "smtps",
            starttls=asked.get("starttls", ["0"])[0] == "1",
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


def configured(settings: Settings) -> bool:
    """Whether mail can be sent at all."""
    return bool(settings.smtp_url and settings.mail_from)


def message_of(settings: Settings, *, to: str, subject: str, lines: Sequence[Notice], lead: str) -> EmailMessage:
    """A message with `lead` and the notices under it."""
    made = EmailMessage()
    name, sender = parseaddr(settings.mail_from)
    made["From"] = Address(display_name=name or "斗拱", addr_spec=sender)
    made["To"] = Address(addr_spec=to)
    made["Subject"] = " ".join(subject.split())[:200]  # a line break would begin another header
    made["Date"] = formatdate()
    made["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or None)
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    site = settings.public_url
    foot = _("您可以在“通知设置”里改变接收方式。")
    made.set_content(_plain(lines, lead=lead, foot=foot, site=site))
    made.add_alternative(_html(lines, lead=lead, foot=foot, site=site), subtype="html")
    return made


def _plain(lines: Sequence[Notice], *, lead: str, foot: str, site: str) -> str:
    parts = [lead, ""] if lead else []
    for one in lines:
        parts += [one.title, *([one.text] if one.text else []), *([site + one.url] if site and one.url else []), ""]
    return "\n".join([*parts, "-- ", foot, ""])


def _html(lines: Sequence[Notice], *, lead: str, foot: str, site: str) -> str:
    body = Markup("<p>{}</p>").format(lead) if lead else Markup("")
    for one in lines:
        title = escape(one.title)
        if site and one.url:
            title = Markup('<a href="{}">{}</a>').format(site + one.url, title)
        body += Markup("<p><strong>{}</strong><br>{}</p>").format(title, one.text)
    return Markup("<!doctype html><html><body>{}<hr><p><small>{}</small></p></body></html>").format(body, foot)


async def post(settings: Settings, message: EmailMessage) -> None:
    """Hand `message` to the server, beside the event loop; MailFailed where it did not take it."""
    server = Server.at(settings.smtp_url)
    await asyncio.to_thread(_post, server, message)


def _post(server: Server, message: EmailMessage) -> None:
    try:
        kind = smtplib.SMTP_SSL if server.secure else smtplib.SMTP
        context = {"context": ssl.create_default_context()} if server.secure else {}
        with kind(server.host, server.port, timeout=SECONDS, **context) as session:  # type: ignore[arg-type]
            if server.starttls:
                session.starttls(context=ssl.create_default_context())
            if server.user:
                session.login(server.user, server.password)
            session.send_message(message)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise MailFailed(_("邮件服务器拒收：{error}", error=str(error)[:200]), final=_permanent(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailFailed(_("连不上邮件服务器：{error}", error=str(error)[:200]), final=False) from error


def _permanent(error: smtplib.SMTPException) -> bool:
    """5xx is for good, 4xx (a full or greylisting server) is for now: RFC 5321, 4.2.1."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _words in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500
