"""Everything an operator may set, read once from the environment, loud on a wrong value."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    try:
        return int(text) if text else default
    except ValueError:
        raise SystemExit(f"{name}={text!r}: a whole number is needed") from None


def _secret(folder: Path) -> str:
    """The installation's secret: DOUGONG_SECRET, else a file made once beside the data."""
    given = os.environ.get("DOUGONG_SECRET")
    if given:
        return given
    path = folder / "secret"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text().strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`database_url`: `sqlite:///path` or `postgres://user:pass@host:port/name`. Sizes in bytes."""

    data_dir: Path
    database_url: str
    secret: str = field(repr=False)
    schemas_dir: Path = ROOT / "schemas"
    site_dir: Path | None = None  # site's own templates and forms: they override module and core
    secure_cookies: bool = False
    max_upload: int = 20 * 1024 * 1024
    max_body: int = 2 * 1024 * 1024
    session_hours: int = 12
    trusted_proxies: int = 0  # how many of our own stand before us and write X-Forwarded-For
    pool_size: int = 8
    job_slots: int = 4  # jobs that this process runs at once beside its requests; 0 leaves them to others
    vendor_key: str = ""  # base64 of an Ed25519 public key: with it only licences that its owner signed count
    smtp_url: str = field(default="", repr=False)  # smtp://user:password@host:587?starttls=1 or smtps://…; "": no mail
    mail_from: str = ""  # 斗拱 <no-reply@example.com>
    public_url: str = ""  # https://dougong.example.com, for links in mails
    webhook_hosts: tuple[str, ...] = ()  # host or host:port inside our network that webhooks may call all the same

    @classmethod
    def from_environment(cls) -> Settings:
        data_dir = Path(os.environ.get("DOUGONG_DATA", ROOT / "var")).resolve()
        site = os.environ.get("DOUGONG_SITE")
        schemas = os.environ.get("DOUGONG_SCHEMAS")
        return cls(
            data_dir=data_dir,
            database_url=os.environ.get("DATABASE_URL") or f"sqlite:///{data_dir / 'dougong.db'}",
            secret=_secret(data_dir),
            schemas_dir=Path(schemas).resolve() if schemas else ROOT / "schemas",
            site_dir=Path(site).resolve() if site else None,
            secure_cookies=os.environ.get("DOUGONG_SECURE_COOKIES", "") == "1",
            max_upload=_number("DOUGONG_MAX_UPLOAD", 20 * 1024 * 1024),
            session_hours=_number("DOUGONG_SESSION_HOURS", 12),
            trusted_proxies=_number("DOUGONG_TRUSTED_PROXIES", 0),
            pool_size=_number("DOUGONG_POOL_SIZE", 8),
            job_slots=_number("DOUGONG_JOB_SLOTS", 4),
            vendor_key=os.environ.get("DOUGONG_VENDOR_KEY", "").strip(),
            smtp_url=os.environ.get("DOUGONG_SMTP_URL", ""),
            mail_from=os.environ.get("DOUGONG_MAIL_FROM", ""),
            public_url=os.environ.get("DOUGONG_PUBLIC_URL", "").rstrip("/"),
            webhook_hosts=tuple(os.environ.get("DOUGONG_WEBHOOK_HOSTS", "").replace(",", " ").split()),
        )
