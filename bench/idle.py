"""Start time and idle memory of ``steward up``, PostgreSQL included."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path

from tests.harness.processes import (
    PASSWORD,
    answers,
    clean_environment,
    free_port,
    process,
    steward_command,
    wait_until,
)

from bench.report import Row

MEMORY_MB, START_S = 350, 10
SETTLE_S = 20


def run(quick: bool) -> list[Row]:
    """Start on a new folder, again on the same one, then let it settle and add up PSS."""
    rows = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        rows.append(_row("start on a new folder → first page", _start(folder, 0)[0]))
        seconds, memory = _start(folder, 5 if quick else SETTLE_S)
        rows.append(_row("start on an existing folder → first page", seconds))
        total = sum(memory.values())
        detail = ", ".join(f"{what} {size:.0f}" for what, size in sorted(memory.items()))
        rows.append(
            Row(
                "idle memory (PSS), PostgreSQL included",
                f"≤ {MEMORY_MB} MB",
                f"{total:.0f} MB",
                total <= MEMORY_MB,
                detail,
            )
        )
    return rows


def _row(name: str, seconds: float) -> Row:
    return Row(name, f"≤ {START_S} s", f"{seconds:.1f} s", seconds <= START_S)


def _start(folder: Path, settle: float) -> tuple[float, dict[str, float]]:
    port = free_port()
    environment = clean_environment(
        STEWARD_DATA=str(folder / "data"), STEWARD_PORT=str(port), STEWARD_ADMIN_PASSWORD=PASSWORD
    )
    started = time.monotonic()
    with process(steward_command("up"), environment, folder / "log") as running:
        wait_until("the first page", lambda: answers(f"http://127.0.0.1:{port}/sign-in"), 60, folder / "log")
        seconds = time.monotonic() - started
        if settle:
            time.sleep(settle)
        memory = pss_of_tree(running.pid, folder / "data")
    return seconds, memory


def pss_of_tree(pid: int, data: Path) -> dict[str, float]:
    """PSS in MB by kind of process: the tree below ``pid`` and the PostgreSQL of ``data``."""
    postmaster = int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    found: dict[str, float] = {}
    for each in [*_tree(pid), *_tree(postmaster)]:
        try:
            command = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        except OSError:
            continue  # ended meanwhile
        kilobytes = re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
        words = command.split()
        kind = (
            "PostgreSQL"
            if "postgres" in command.split("/")[-1] or each == postmaster
            else (words[-1] if words else "?")
        )
        found[kind] = found.get(kind, 0) + int(kilobytes[1]) / 1024 if kilobytes else 0
    return found


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in _tree(int(child)))]
