"""Commands that prepare the database or make a record and print what is shown once."""

from __future__ import annotations

import argparse
import gc
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - Django must be set up before its models are imported
from django.db import OperationalError  # noqa: E402

from steward.cli.trouble import Trouble  # noqa: E402
from steward.config.environment import load  # noqa: E402
from steward.foundation import clock  # noqa: E402
from steward.foundation.actors import system  # noqa: E402
from steward.foundation.database.locks import only_one  # noqa: E402
from steward.foundation.errors import StewardError  # noqa: E402
from steward.people.accounts import actions as accounts  # noqa: E402
from steward.signals.alerts import actions as alerts  # noqa: E402

ACTOR = system("command line")


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Look for garbage a few times instead of thousands of times.

    Migrating makes about ten thousand model classes, all of them full of cycles, and Python looked through them again
    and again: a quarter of a new folder's migrating. The price is some memory, which goes with the process.
    """
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def migrate(_options: argparse.Namespace) -> int:
    """Bring the database to this version, and make the home organisation and first administrator if there are none."""
    env = load()
    try:
        with only_one("steward.migrate"), collecting_seldom():
            call_command("migrate", interactive=False, verbosity=0)
            made = accounts.ensure_first_administrator(
                actor=ACTOR, now=clock.now(), username=env.admin_user, email=env.admin_email,
                password=env.admin_password or secrets.token_urlsafe(12),
            )  # fmt: skip
    except OperationalError as error:
        raise Trouble(f"the database does not answer: {str(error).splitlines()[0]}") from error
    if made:
        print("steward: made the first administrator", flush=True)
    return 0


def create_api_key(options: argparse.Namespace) -> int:
    """Print a new key, alone on the last line."""
    now = clock.now()
    expires = now + timedelta(days=options.days) if options.days else None
    try:
        _key, raw = accounts.create_api_key(
            actor=ACTOR, now=now, name=options.name, role=options.role, scopes=(), expires_at=expires
        )
    except StewardError as error:
        raise Trouble(_text(error)) from error
    print("This key is shown once:", file=sys.stderr)
    print(raw)
    return 0


def create_user(options: argparse.Namespace) -> int:
    """Make a person; without --password-stdin a password is generated and printed alone on the last line."""
    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else secrets.token_urlsafe(12)
    try:
        accounts.create_user(
            actor=ACTOR, now=clock.now(), username=options.username, name=options.name or options.username,
            email=options.email, role=options.role, password=password,
        )  # fmt: skip
    except StewardError as error:
        raise Trouble(_text(error)) from error
    if not options.password_stdin:
        print("This password is shown once:", file=sys.stderr)
        print(password)
    return 0


def create_source(options: argparse.Namespace) -> int:
    """Make a source and print its ingest path alone on the last line."""
    try:
        _source, key = alerts.create_source(actor=ACTOR, now=clock.now(), name=options.name, kind=options.kind)
    except StewardError as error:
        raise Trouble(_text(error)) from error
    print(f"Point the sender at {load().public_url} with this path, which is shown once:", file=sys.stderr)
    print(f"/in/{key}")
    return 0


def _text(error: StewardError) -> str:
    details = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.fields.items())
    return f"{error.message} {details}".strip()
