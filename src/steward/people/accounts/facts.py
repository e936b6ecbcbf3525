"""How this Steward is and what it was started with, for the page and the API."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from platform import python_version
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit, urlunsplit

from django.utils.translation import gettext

from steward import __version__
from steward.config.environment import Environment, load
from steward.foundation.database.facts import facts
from steward.foundation.due.auditor import auditor_says, deadman_says
from steward.foundation.due.runner import overdue_by_kind

LATE = timedelta(seconds=15)
Source = Literal["environment", "data_folder", "default"]
SECRET_WORDS = ("password", "secret", "token", "key")
# Addresses that are passwords, too.
SECRET_NAMES = ("deadman_url",)


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable as the page shows it."""

    variable: str
    text: str
    value: str
    is_set: bool
    is_secret: bool
    source: Source = "default"


def standing(now: datetime) -> dict[str, Any]:
    """Versions, the database, and the work that waits longer than it should."""
    late = {name: number for name, number in sorted(overdue_by_kind(now, LATE).items()) if number}
    return {
        "version": __version__, "python": python_version(), "database": facts(),
        "embedded": database_is_kept(load()), "late": late, "auditor": auditor_says(now), "deadman": deadman_says(now),
    }  # fmt: skip


def settings_of(environment: Environment) -> list[Setting]:
    """Every variable; secrets are never shown, only whether they are set."""
    found = []
    kept = kept_in_data_folder(environment)
    for item in fields(Environment):
        value = getattr(environment, item.name)
        secret = item.name in SECRET_NAMES or any(word in item.name.split("_") for word in SECRET_WORDS)
        shown = ", ".join(value) if isinstance(value, tuple) else str(value)
        found.append(
            Setting(
                variable=item.metadata["name"],
                text=gettext(item.metadata["text"]),
                value="" if secret else without_password(shown),
                is_set=value != item.default,
                is_secret=secret,
                source="data_folder" if item.name in kept else "environment" if value != item.default else "default",
            )
        )
    return found


def kept_in_data_folder(environment: Environment) -> set[str]:
    """The fields that ``steward up`` filled in from the data folder: nobody has set them, and nobody needs to."""
    kept = set()
    try:
        if environment.secret_key and (environment.data / "secret.key").read_text().strip() == environment.secret_key:
            kept.add("secret_key")
    except OSError:
        pass  # no such file, or not ours to read: then it came from outside
    if database_is_kept(environment):
        kept.add("database_url")
    return kept


def database_is_kept(environment: Environment) -> bool:
    """Does the address lead to the PostgreSQL of the data folder? Its own file names the folder of its socket."""
    try:
        socket = (environment.data / "postgres" / "postmaster.pid").read_text().splitlines()[4]
    except (OSError, IndexError):
        return False
    return socket in parse_qs(urlsplit(environment.database_url).query).get("host", [])


def without_password(value: str) -> str:
    """An address such as ``DATABASE_URL`` without the password, which may also be in its query."""
    if "://" not in value:
        return value
    parts = urlsplit(value)
    login, at, host = parts.netloc.rpartition("@")
    place = f"{login.partition(':')[0]}:…@{host}" if at else host
    return urlunsplit((parts.scheme, place, parts.path, "", ""))
