"""Hears what other processes resolved, so that this one's memory of firing alerts can be trusted."""

from __future__ import annotations

import asyncio
import logging

import psycopg
from psycopg import AsyncConnection

from steward.signals.alerts.ingest.memory import Memory
from steward.signals.alerts.storing import MEMORY_CHANNEL, idents_of

log = logging.getLogger(__name__)
PROOF_SECONDS = 5.0
RETRY_SECONDS = 0.5


async def listen(conninfo: str, memory: Memory, name: str) -> None:
    """Listen until cancelled. While there is no connection that provably lives, the memory is not trusted."""
    while True:
        try:
            await _listen_once(conninfo, memory, name)
        except (psycopg.Error, OSError, TimeoutError) as problem:
            log.warning("the ingest listener lost its connection (%s); connecting again", problem)
        finally:
            memory.distrust()
        await asyncio.sleep(RETRY_SECONDS)


async def _listen_once(conninfo: str, memory: Memory, name: str) -> None:
    connection = await AsyncConnection.connect(conninfo, autocommit=True)
    async with connection:
        await connection.execute(f"LISTEN {MEMORY_CHANNEL}")
        memory.trusted = True
        while True:
            async for notification in connection.notifies(timeout=PROOF_SECONDS):
                hear(notification.payload, memory, name)
            async with asyncio.timeout(PROOF_SECONDS):
                await connection.execute("SELECT 1")


def hear(payload: str, memory: Memory, name: str) -> None:
    """Take out what another process resolved; one's own words are known already."""
    origin, idents = idents_of(payload)
    if origin != name:
        for ident in idents:
            memory.forget(ident)
