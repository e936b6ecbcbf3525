"""The ingest door's own connections: asynchronous, autocommit, made again when they are lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection as django_connection
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from steward.signals.alerts.storing import Row, Statement, Steps, Stored

CONNECT_SECONDS = 5
_PASSED_ON = {"dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "options"}


def address() -> str:
    """Django's database as a psycopg connection string (tests change its name, so it is asked for late)."""
    parameters = django_connection.get_connection_params()
    chosen = {name: value for name, value in parameters.items() if name in _PASSED_ON and value not in (None, "")}
    return make_conninfo(**chosen, connect_timeout=CONNECT_SECONDS, application_name="steward-ingest")


class Database:
    """One connection for statements, used by one task at a time."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.lock = asyncio.Lock()
        self._connection: AsyncConnection[Row] | None = None

    async def connect(self) -> AsyncConnection[Row]:
        """The connection, made if there is none that lives. Call with the lock held."""
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(self.conninfo, autocommit=True)
            await self._connection.execute("SET client_min_messages = warning")
        return self._connection

    async def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run one statement by itself."""
        async with self.lock:
            return await _run(await self.connect(), (sql, values))

    async def drive(self, steps: Steps, *, transaction: bool) -> Stored:
        """Run the statements of ``steps``, in one transaction if there may be several. Call with the lock held."""
        connection = await self.connect()
        if not transaction:
            return await _drive(connection, steps)
        async with connection.transaction():
            return await _drive(connection, steps)

    async def close(self) -> None:
        """Close the connection; the next use makes a new one."""
        if self._connection is not None:
            held, self._connection = self._connection, None
            try:
                await held.close()
            except psycopg.Error:
                return  # it was lost already


async def _drive(connection: AsyncConnection[Row], steps: Steps) -> Stored:
    try:
        statement = next(steps)
        while True:
            statement = steps.send(await _run(connection, statement))
    except StopIteration as done:
        stored: Stored = done.value
        return stored


async def _run(connection: AsyncConnection[Row], statement: Statement) -> list[Row]:
    cursor = await connection.execute(*statement)
    return await cursor.fetchall() if cursor.description else []
