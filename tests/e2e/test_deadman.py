"""A whole Steward tells a service outside that all is well, and stops when its engine does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from steward.foundation.outbound.tests.conftest import Web, answer
from tests.harness.processes import steward_up, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("up")]


def engine_of(supervisor: int) -> int:
    """The process of the engine that ``steward up`` runs."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == supervisor and b"engine" in words:
            return int(folder.name)
    raise AssertionError("no engine runs")


def test_the_signal_comes_while_all_is_well_and_not_when_the_engine_stands_still(
    tmp_path: Path, socket_enabled: None
) -> None:
    web = Web()
    web.routes["/ping"] = answer(200, b"OK")
    try:
        with steward_up(
            tmp_path, STEWARD_DEADMAN_URL=web.url("/ping"), STEWARD_DEADMAN_SECONDS="10",
            STEWARD_OUTBOUND_ALLOW="127.0.0.1/32",
        ) as steward:  # fmt: skip
            wait_until("the first signal", lambda: len(web.seen) >= 1, 60, steward.log)
            wait_until("the second", lambda: len(web.seen) >= 2, 60, steward.log)
            says = steward.call("GET", "/settings")
            assert (says["auditor"]["state"], says["deadman"]["state"]) == ("content", "sent")
            # An engine that stands still says nothing, whatever the other processes do.
            engine = engine_of(steward.pid)
            os.kill(engine, signal.SIGSTOP)
            seen = len(web.seen)
            assert steward.call("GET", "/settings")["auditor"]["checked_at"]
            assert len(web.seen) == seen
            os.kill(engine, signal.SIGCONT)
            wait_until("the signal again", lambda: len(web.seen) > seen, 60, steward.log)
    finally:
        web.stop()
