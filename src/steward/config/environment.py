"""The environment, parsed once into a typed object.

Every variable Steward reads is a field of :class:`Environment`; ``docs/configuration.md`` is generated
from this file (``python -m steward.config.document``), and nothing else reads ``os.environ``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Security = Literal["none", "starttls", "tls"]
# By their own names: who cannot read the rest of the page finds theirs.
LANGUAGES = {"en": "English", "zh-hans": "简体中文"}


class BadEnvironment(Exception):
    """A variable has a value Steward cannot use; the message names it and says what it takes."""


def _text(raw: str) -> str:
    return raw.strip()


def _number(raw: str) -> int:
    return int(raw)


def _port(raw: str) -> int:
    port = int(raw)
    if not 1 <= port <= 65535:
        raise ValueError("a port is a number from 1 to 65535")
    return port


def _days(raw: str) -> int:
    days = int(raw)
    if not 0 <= days <= 36_500:
        raise ValueError("write a number of days, or 0 for ever")
    return days


def _bundle(raw: str) -> int:
    seconds = int(raw)
    if not 0 <= seconds <= 3600:
        raise ValueError("write 0 to 3600 seconds; 0 sends every page by itself")
    return seconds


def _zone(raw: str) -> str:
    name = raw.strip()
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("write an IANA time zone such as Europe/Berlin or UTC") from error
    return name


def _language(raw: str) -> str:
    code = raw.strip().lower().replace("_", "-")
    if code not in LANGUAGES:
        raise ValueError(f"write one of: {', '.join(LANGUAGES)}")
    return code


def _flag(raw: str) -> bool:
    lowered = raw.strip().lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("write 1 or 0")


def _words(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def _outbound(raw: str) -> tuple[str, ...]:
    for part in _words(raw):
        if "/" in part:
            ip_network(part, strict=False)
    return _words(raw)


def _url(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write an address such as https://steward.example.org")
    return raw.rstrip("/")


def _address(raw: str) -> str:
    _url(raw)
    return raw.strip()


def _interval(raw: str) -> int:
    seconds = int(raw)
    if not 10 <= seconds <= 86_400:
        raise ValueError("write 10 to 86400 seconds")
    return seconds


def _database(raw: str) -> str:
    if urlsplit(raw).scheme not in {"postgres", "postgresql"}:
        raise ValueError("write postgresql://user:password@host:5432/name")
    return raw


def _security(raw: str) -> Security:
    for known in get_args(Security):
        if raw == known:
            return cast(Security, known)
    raise ValueError("write none, starttls or tls")


def _(text: str) -> str:
    """Marks a text for the catalogue. Who shows it translates it: this file is read before there is a Django."""
    return text


def _var(name: str, parse: Callable[[str], Any], default: Any, text: str) -> Any:
    return field(default=default, metadata={"name": name, "parse": parse, "text": text})


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Steward's whole configuration. Field metadata holds the variable's name, parser and explanation."""

    data: Path = _var("STEWARD_DATA", Path, Path("var"), _("Folder for the embedded database, the secret and logs."))
    port: int = _var("STEWARD_PORT", _port, 8750, _("Port that the web process listens on."))
    host: str = _var("STEWARD_HOST", _text, "127.0.0.1", _("Address that the web process listens on."))
    database_url: str = _var(
        "DATABASE_URL", _database, "", _("A PostgreSQL 15 or newer to use instead of the embedded one.")
    )
    database_pool: int = _var("STEWARD_DATABASE_POOL", _number, 12, _("Most connections one process opens."))
    secret_key: str = _var(
        "STEWARD_SECRET_KEY",
        _text,
        "",
        _("Signs sessions and acknowledge links; made and kept in the data folder if empty."),
    )
    admin_user: str = _var("STEWARD_ADMIN_USER", _text, "admin", _("Name of the first administrator."))
    admin_password: str = _var(
        "STEWARD_ADMIN_PASSWORD",
        _text,
        "",
        _("Password of the first administrator; generated and printed once if empty."),
    )
    admin_email: str = _var("STEWARD_ADMIN_EMAIL", _text, "", _("Where the first administrator is paged by e-mail."))
    url: str = _var("STEWARD_URL", _url, "", _("Public address of Steward, used in links; http://HOST:PORT if empty."))
    allowed_hosts: tuple[str, ...] = _var(
        "STEWARD_ALLOWED_HOSTS",
        _words,
        (),
        _("More host names the pages answer to (comma list); URL's host is always in."),
    )
    trusted_proxies: tuple[str, ...] = _var(
        "STEWARD_TRUSTED_PROXIES",
        _words,
        (),
        _("Addresses of reverse proxies whose X-Forwarded-For and -Proto are believed."),
    )
    smtp_host: str = _var(
        "STEWARD_SMTP_HOST", _text, "", _("Mail server; without it no e-mail is sent, and doctor says so.")
    )
    smtp_port: int = _var("STEWARD_SMTP_PORT", _port, 25, _("Port of the mail server."))
    smtp_security: Security = _var("STEWARD_SMTP_SECURITY", _security, "none", _("none, starttls or tls."))
    smtp_username: str = _var("STEWARD_SMTP_USERNAME", _text, "", _("User at the mail server."))
    smtp_password: str = _var("STEWARD_SMTP_PASSWORD", _text, "", _("Password at the mail server."))
    mail_from: str = _var("STEWARD_MAIL_FROM", _text, "steward@localhost", _("Sender of Steward's e-mail."))
    outbound_allow: tuple[str, ...] = _var(
        "STEWARD_OUTBOUND_ALLOW",
        _outbound,
        (),
        _("Private networks (CIDR) or host names that outgoing calls may reach."),
    )
    bundle_seconds: int = _var(
        "STEWARD_BUNDLE_SECONDS",
        _bundle,
        60,
        _(
            "A person gets at most one message about incidents in so many seconds; what comes meanwhile is told in one"
            " message at their end. 0 sends every page by itself. People can choose their own."
        ),
    )
    deadman_url: str = _var(
        "STEWARD_DEADMAN_URL",
        _address,
        "",
        _("Called again and again while nothing that is due waits: give it to a service that alarms when calls stop."),
    )
    deadman_seconds: int = _var("STEWARD_DEADMAN_SECONDS", _interval, 60, _("Seconds between two of these calls."))
    time_zone: str = _var("STEWARD_TIME_ZONE", _zone, "UTC", _("IANA zone for people who have not chosen one."))
    language: str = _var(
        "STEWARD_LANGUAGE",
        _language,
        "en",
        _(
            "en or zh-hans: language of messages to people who have not chosen one, and of pages if the browser names none."
        ),
    )
    source_key: str = _var(
        "STEWARD_SOURCE_KEY", _text, "", _("Key of the source that `steward syslog` brings its messages to.")
    )
    web_workers: int = _var("STEWARD_WEB_WORKERS", _number, 1, _("Worker processes of one web process."))
    ingest_max_bytes: int = _var(
        "STEWARD_INGEST_MAX_BYTES", _number, 10 * 1024 * 1024, _("Largest ingest body (bytes).")
    )
    history_days: int = _var(
        "STEWARD_HISTORY_DAYS",
        _days,
        400,
        _(
            "Days that resolved alerts, their changes and decisions, parked payloads and delivery attempts are kept;"
            " 0 keeps them for ever. Incidents and the audit trail always stay."
        ),
    )
    log_level: str = _var("STEWARD_LOG_LEVEL", _text, "INFO", _("DEBUG, INFO, WARNING or ERROR."))
    debug: bool = _var("STEWARD_DEBUG", _flag, False, _("Django's debug pages; never in production."))

    @property
    def embedded(self) -> bool:
        """Whether Steward runs its own PostgreSQL."""
        return not self.database_url

    @property
    def public_url(self) -> str:
        """Address that people and links use, without a slash at the end."""
        return self.url or f"http://{self.host}:{self.port}"


def parse(values: Mapping[str, str]) -> Environment:
    """Read the variables in ``values``; raise :class:`BadEnvironment` naming the first unusable one."""
    parsed: dict[str, Any] = {}
    for item in fields(Environment):
        raw = values.get(item.metadata["name"], "")
        if not raw.strip():
            continue
        try:
            parsed[item.name] = item.metadata["parse"](raw)
        except ValueError as error:
            raise BadEnvironment(f"{item.metadata['name']}={raw!r} cannot be used: {error}") from error
    return Environment(**parsed)


@lru_cache(maxsize=1)
def load() -> Environment:
    """The process's environment, read at the first call."""
    return parse(os.environ)
