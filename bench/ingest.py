"""Ingest against Debian's Alertmanager: same machine, same endpoint, same payloads, same client, alternating runs.

The client is a separate process of raw sockets with requests built beforehand, so that it costs both alike. Each round
sends brand-new alerts and then sends them again with their ends moved, as Prometheus does. Steward is one web process
with its embedded PostgreSQL, commits synchronous; Alertmanager keeps alerts in memory.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from steward.foundation.database.embedded import EmbeddedServer

CONNECTIONS = 32
LONGEST_RUN = 60.0
SIZES = (64, 1, 500)
BOUNDS = {("refire", 64): 2.0, ("new", 64): 1.0, ("new", 1): 1.0, ("refire", 1): 1.0}
PARTS = {"full": (7, {64: 300, 1: 5000, 500: 50}), "quick": (3, {64: 80, 1: 1200, 500: 12})}
REPEATS = 4
ALERTMANAGER = "prometheus-alertmanager"


def alert(number: int, ends: float, starts: float) -> dict[str, Any]:
    """An alert as a Prometheus with usual rules sends it: about 650 bytes."""
    return {
        "annotations": {
            "description": f"Error rate of node {number} has been above 5% for 10 minutes.",
            "summary": f"High error rate on node-{number}",
        },
        "endsAt": _iso(ends),
        "startsAt": _iso(starts),
        "generatorURL": "http://prometheus.example.org:9090/graph?g0.expr=rate%28errors%5B5m%5D%29+%3E+0.05&g0.tab=1",
        "labels": {
            "alertname": "HighErrorRate",
            "cluster": "eu-1",
            "instance": f"node-{number}.example.org:9100",
            "job": "node",
            "namespace": "claims",
            "service": "claims-api",
            "severity": "critical",
        },
    }


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(moment))


def request(path: str, alerts: list[dict[str, Any]]) -> bytes:
    # As Go writes JSON: compact, & escaped, a line end behind.
    body = json.dumps(alerts, separators=(",", ":")).replace("&", "\\u0026").encode() + b"\n"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def drive(port: int, requests: list[bytes]) -> float:
    """Send all over keep-alive connections; the seconds it took. Any answer but 2xx ends the bench."""
    waiting, selector, live = iter(requests), selectors.DefaultSelector(), 0
    started = time.perf_counter()
    for first in (request for _, request in zip(range(CONNECTIONS), waiting, strict=False)):
        connection = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_RUN)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
        connection.sendall(first)
        live += 1
    while live:
        if time.perf_counter() - started > LONGEST_RUN:
            raise TimeoutError(f"{len(requests)} requests took longer than {LONGEST_RUN:.0f} s")
        for key, _events in selector.select(1.0):
            connection = key.fileobj  # type: ignore[assignment]
            answer = connection.recv(65536)
            if not answer.startswith(b"HTTP/1.1 2"):
                raise RuntimeError(f"answered {answer[:200]!r}")
            following = next(waiting, None)
            if following is None:
                selector.unregister(connection)
                connection.close()
                live -= 1
            else:
                connection.sendall(following)
    return time.perf_counter() - started


def client() -> None:
    """The client process: one job as JSON a line in, the seconds of its two parts out."""
    for line in sys.stdin:
        job = json.loads(line)
        now, size, count, base = time.time(), job["size"], job["count"], job["base"]
        batches = [range(base + at * size, base + (at + 1) * size) for at in range(count)]
        fresh = [request(job["path"], [alert(n, now + 240, now - 60) for n in batch]) for batch in batches]
        again = [
            request(job["path"], [alert(n, now + 240 + moved, now - 60) for n in batch])
            for moved in range(1, REPEATS + 1)
            for batch in batches[: max(1, count // REPEATS)]
        ]
        seconds = drive(job["port"], fresh), drive(job["port"], again)
        print(json.dumps([seconds[0] / len(fresh), seconds[1] / len(again)]), flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: list[str], port: int, path: str, folder: Path, **environment: str) -> Iterator[None]:
    """A server process, from its first answer to the end of the block."""
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})
        try:
            _await(f"http://127.0.0.1:{port}{path}", process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 40
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer")


@contextmanager
def steward(folder: Path, prepare: Callable[[str, dict[str, str]], None] | None = None) -> Iterator[tuple[int, str]]:
    """A Steward web process on an embedded PostgreSQL of its own: its port and the ingest path. ``prepare`` is called
    with its address and environment once it answers."""
    server, port = EmbeddedServer(folder / "steward"), free_port()
    environment = {
        "STEWARD_DATA": str(folder / "steward"), "DATABASE_URL": server.start(), "STEWARD_SECRET_KEY": "b" * 50,
        "STEWARD_URL": f"http://127.0.0.1:{port}", "STEWARD_PORT": str(port), "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    bin_folder = Path(sys.executable).parent
    try:
        for command in (["migrate"], ["source", "create", "--name", "bench", "--kind", "alertmanager"]):
            done = subprocess.run(
                [str(bin_folder / "steward"), *command], env={**os.environ, **environment}, check=True,
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        path = done.stdout.strip().splitlines()[-1].strip()
        with started([str(bin_folder / "steward"), "web"], port, f"{path}/-/healthy", folder, **environment):
            if prepare is not None:
                prepare(environment["STEWARD_URL"], environment)
            yield port, f"{path}/api/v2/alerts"
    finally:
        server.stop()


@contextmanager
def alertmanager(folder: Path) -> Iterator[tuple[int, str]]:
    """Debian's Alertmanager with one receiver that does nothing."""
    port = free_port()
    (folder / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    command = [
        ALERTMANAGER, f"--config.file={folder / 'am.yml'}", f"--storage.path={folder / 'am'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error",
    ]  # fmt: skip
    with started(command, port, "/-/ready", folder):
        yield port, "/api/v2/alerts"


def measure(folder: Path, rounds: int, counts: dict[int, int]) -> dict[tuple[str, int, str], list[float]]:
    """Seconds a request of each kind, size and server, one figure a round."""
    found: dict[tuple[str, int, str], list[float]] = {}
    command = [sys.executable, "-m", "bench.ingest", "client"]
    with steward(folder) as ours, alertmanager(folder) as theirs:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin and process.stdout
            base = 0
            for number in range(rounds + 1):
                for size in SIZES:
                    servers = [("steward", ours), ("alertmanager", theirs)]
                    for name, (port, path) in servers if number % 2 else servers[::-1]:
                        job = {"port": port, "path": path, "size": size, "count": counts[size], "base": base}
                        process.stdin.write(json.dumps(job) + "\n")
                        process.stdin.flush()
                        new, again = json.loads(process.stdout.readline() or '["the client failed", 0]')
                        if number:  # the first round only warms both up
                            found.setdefault(("new", size, name), []).append(new)
                            found.setdefault(("refire", size, name), []).append(again)
                    base += counts[size] * size
            process.stdin.close()
    return found


def run(quick: bool) -> list[dict[str, object]]:
    """Ratios (how many times as many requests as Alertmanager takes), as rows of the report."""
    if shutil.which(ALERTMANAGER) is None:
        return [_row("ingest", "", "left out", "", None, f"{ALERTMANAGER} is not installed")]
    rounds, counts = PARTS["quick" if quick else "full"]
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the embedded server may run as a user of its own
        found = measure(folder, rounds, counts)
    return [_ratio(kind, size, found) for kind in ("refire", "new") for size in SIZES]


def _ratio(kind: str, size: int, found: dict[tuple[str, int, str], list[float]]) -> dict[str, object]:
    ours, theirs = found[kind, size, "steward"], found[kind, size, "alertmanager"]
    ratios = sorted(their / our for our, their in zip(ours, theirs, strict=True))
    ratio = statistics.median(ratios)
    bound = BOUNDS.get((kind, size))
    rates = f"{size / statistics.median(ours):,.0f} against {size / statistics.median(theirs):,.0f} alerts/s"
    words = {"refire": "re-fires", "new": "brand-new"}[kind]
    return _row(
        f"ingest, {words}, {size} a request", f"≥ {bound}×" if bound else "", f"{ratio:.2f}", "× Alertmanager",
        None if bound is None else ratio >= bound, f"{ratios[0]:.2f}–{ratios[-1]:.2f} in {len(ratios)} rounds; {rates}",
    )  # fmt: skip


def _row(name: str, bound: str, value: object, unit: str, ok: bool | None, detail: str) -> dict[str, object]:
    return {"name": name, "bound": bound, "value": value, "unit": unit, "ok": ok, "detail": detail}


if __name__ == "__main__":
    if sys.argv[1:] == ["client"]:
        client()
    else:
        for row in run("--quick" in sys.argv):
            print(json.dumps(row, ensure_ascii=False))
