"""``steward doctor``: is this installation healthy?"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django must be set up before its models are imported
from django.db import DatabaseError, connection  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

from steward.config.environment import load  # noqa: E402
from steward.foundation import clock  # noqa: E402
from steward.foundation.due.auditor import auditor_says, deadman_says  # noqa: E402
from steward.foundation.due.registry import kinds  # noqa: E402
from steward.foundation.due.runner import overdue  # noqa: E402
from steward.foundation.history.cleanup import last_run  # noqa: E402
from steward.foundation.outbound import MailSettings, OutboundError, probe  # noqa: E402

LATE = timedelta(seconds=10)
LOW_DISK = 1 << 30
LONGEST_BETWEEN_CLEANUPS = timedelta(days=2)


@dataclass(frozen=True)
class Finding:
    """One check's result: ``ok``, ``warning`` or ``failed``, and what to do."""

    name: str
    state: str
    text: str


def check_database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, rolsuper OR rolbypassrls FROM pg_roles"
                       " WHERE rolname = current_user")  # fmt: skip
        version, bypasses = cursor.fetchone()
    if version < 150000:
        yield Finding("database", "failed", f"PostgreSQL {version // 10000} is too old; Steward needs 15 or newer")
    elif bypasses:
        yield Finding("database", "failed", "the role can bypass row-level security; use NOSUPERUSER NOBYPASSRLS")
    else:
        yield Finding("database", "ok", f"PostgreSQL {version // 10000}")


def check_migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield Finding("migrations", "failed", f"{len(missing)} are missing; run `steward migrate`")
    else:
        yield Finding("migrations", "ok", "up to date")


def check_clocks() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        skew = abs((cursor.fetchone()[0] - clock.now()).total_seconds())
    if skew > 2:
        yield Finding("clock", "failed", f"differs from the database's by {skew:.1f} s; synchronise both with NTP")
    else:
        yield Finding("clock", "ok", f"within {skew:.2f} s of the database's")


def check_due() -> Iterator[Finding]:
    now = clock.now()
    late = {kind.name: count for kind in kinds() if (count := overdue(kind, now, LATE))}
    if late:
        listed = ", ".join(f"{name} {count}" for name, count in late.items())
        yield Finding("due clocks", "failed", f"overdue by more than 10 s: {listed}; is `steward engine` running?")
    else:
        yield Finding("due clocks", "ok", f"{len(kinds())} kinds, nothing overdue")


def check_auditor() -> Iterator[Finding]:
    says, signal = auditor_says(clock.now()), deadman_says(clock.now())
    if says["state"] in {"discontent", "silent"}:
        listed = ", ".join(f"{name} {number}" for name, number in says["found"].items()) or "no engine looks"
        yield Finding("auditor", "failed", f"{says['state']}: {listed}")
    else:
        yield Finding("auditor", "ok", says["state"])
    if signal["state"] == "off":
        yield Finding(
            "dead-man signal", "warning", "not set; STEWARD_DEADMAN_URL tells a service outside that all is well"
        )
    elif signal["state"] == "failed":
        yield Finding("dead-man signal", "failed", signal["answer"])
    else:
        yield Finding("dead-man signal", "ok", signal["state"])


def check_history() -> Iterator[Finding]:
    run = last_run()
    if run is None or run.finished_at is None:
        yield Finding("history", "ok", "never cleaned up yet; an engine does it every night")
    elif clock.now() - run.finished_at > LONGEST_BETWEEN_CLEANUPS:
        yield Finding("history", "warning", f"not cleaned up since {run.finished_at:%Y-%m-%d %H:%M} UTC")
    elif run.failed:
        errors = "; ".join(f"{name}: {error}" for name, error in run.failed.items())
        yield Finding("history", "warning", f"the last clean-up could not finish {errors}")
    else:
        removed = sum(run.removed.values())
        yield Finding("history", "ok", f"cleaned up {run.finished_at:%Y-%m-%d %H:%M} UTC, {removed} rows removed")


def check_queue() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
                       " AND (scheduled_at IS NULL OR scheduled_at < now() - interval '1 minute')")  # fmt: skip
        waiting = cursor.fetchone()[0]
    state = "warning" if waiting > 100 else "ok"
    yield Finding("jobs", state, f"{waiting} waiting")


def check_disk() -> Iterator[Finding]:
    env = load()
    folder = env.data if env.data.exists() else env.data.resolve().parent
    free = shutil.disk_usage(folder).free
    state = "failed" if free < LOW_DISK else "ok"
    yield Finding("disk", state, f"{free / (1 << 30):.1f} GiB free in {folder}")


def check_secret() -> Iterator[Finding]:
    key = settings.SECRET_KEY
    if len(key) < 32 or len(set(key)) < 10:
        yield Finding("secret", "failed", "STEWARD_SECRET_KEY is weak; use 50 random characters or leave it empty")
    else:
        yield Finding("secret", "ok", "long enough")


def check_mail() -> Iterator[Finding]:
    env = load()
    if not env.smtp_host:
        yield Finding("mail", "warning", "STEWARD_SMTP_HOST is not set: nobody can be paged by e-mail")
        return
    try:
        probe(
            MailSettings(
                host=env.smtp_host, port=env.smtp_port, security=env.smtp_security, username=env.smtp_username,
                password=env.smtp_password, from_address=env.mail_from, timeout=5,
            )
        )  # fmt: skip
    except OutboundError as error:
        yield Finding("mail", "failed", f"{env.smtp_host}:{env.smtp_port}: {error}")
    else:
        yield Finding("mail", "ok", f"{env.smtp_host}:{env.smtp_port} answers")


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_database,
    check_migrations,
    check_clocks,
    check_due,
    check_auditor,
    check_history,
    check_queue,
    check_disk,
    check_secret,
    check_mail,
)


def findings() -> list[Finding]:
    """Run every check; one that cannot run is itself a failed finding."""
    found: list[Finding] = []
    for check in CHECKS:
        name = check.__name__.removeprefix("check_")
        try:
            found += check()
        except DatabaseError as error:
            found.append(Finding(name, "failed", str(error).splitlines()[0]))
    return found


def run(_options: argparse.Namespace) -> int:
    """Print a line a check; exit code 1 if any failed."""
    results = findings()
    for finding in results:
        print(f"{finding.state:8} {finding.name:12} {finding.text}")
    return 1 if any(finding.state == "failed" for finding in results) else 0
