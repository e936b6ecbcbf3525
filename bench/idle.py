"""Start time and idle memory of ``steward up``, PostgreSQL included."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from tests.harness.running import answers, free_port, postmaster, process, scratch, tree, wait_until
from tests.harness.steward import settings, steward_command

from bench.report import Row

MEMORY_MB, START_S = 350, 10
SETTLE_S = 45


def run(quick: bool) -> list[Row]:
    """Start on a new folder, again on the same one, then let it settle and add up PSS and processor time."""
    with scratch() as folder:
        first, _memory, _cpu = _start(folder, 0)
        again, memory, cpu = _start(folder, 10 if quick else SETTLE_S)
    total = sum(memory.values())
    detail = ", ".join(f"{what} {size:.0f}" for what, size in sorted(memory.items()))
    return [
        _row("steward up on a new folder → first page", first),
        _row("steward up on an existing folder → first page", again),
        Row(
            "idle memory (PSS), PostgreSQL included", f"≤ {MEMORY_MB} MB", f"{total:.0f} MB", total <= MEMORY_MB, detail
        ),
        Row("idle processor time, PostgreSQL included", "", f"{cpu:.1f} % of a core", None, "no budget"),
    ]


def _row(name: str, seconds: float) -> Row:
    load = psutil.getloadavg()[0]
    return Row(name, f"≤ {START_S} s", f"{seconds:.1f} s", seconds <= START_S, f"load average {load:.1f}")


def _start(folder: Path, settle: float) -> tuple[float, dict[str, float], float]:
    port = free_port()
    started = time.monotonic()
    with process(steward_command("up"), settings(folder, port), folder / "log") as running:
        wait_until("the first page", lambda: answers(f"http://127.0.0.1:{port}/sign-in"), 90, folder / "log")
        seconds = time.monotonic() - started
        time.sleep(settle / 2)  # lets imports, migrations' caches and autovacuum settle
        before, since = _cpu(running.pid, folder), time.monotonic()
        time.sleep(settle / 2)
        used = (_cpu(running.pid, folder) - before) / max(time.monotonic() - since, 0.001) * 100
        return seconds, pss_of(running.pid, folder), used


def _processes(pid: int, folder: Path) -> Iterator[psutil.Process]:
    yield from tree(pid)
    server = postmaster(folder / "data")
    if server is not None:
        yield from tree(server)


def _cpu(pid: int, folder: Path) -> float:
    seconds = 0.0
    for each in _processes(pid, folder):
        try:
            times = each.cpu_times()
        except psutil.Error:
            continue  # ended meanwhile
        seconds += times.user + times.system
    return seconds


def pss_of(pid: int, folder: Path) -> dict[str, float]:
    """PSS in MB by kind of process: the tree below ``pid`` and the PostgreSQL of the data folder."""
    found: dict[str, float] = {}
    for each in _processes(pid, folder):
        try:
            command = each.cmdline()
            rollup = Path(f"/proc/{each.pid}/smaps_rollup").read_text()
        except (OSError, psutil.Error):
            continue  # ended meanwhile
        kilobytes = re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
        kind = _kind(command)
        found[kind] = found.get(kind, 0) + (int(kilobytes[1]) / 1024 if kilobytes else 0)
    return found


def _kind(command: list[str]) -> str:
    if command and "postgres" in command[0]:
        return "PostgreSQL"
    if any("resource_tracker" in word for word in command):
        return "web"
    return next((word for word in ("web", "engine", "up") if word in command), "web")
