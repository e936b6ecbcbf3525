"""What enrichment costs where alerts come in: brand-new alerts at two Stewards, one with rules and one without.

50 rules of three kinds and a table of 10,000 rows, of which 3 rules find something for each alert; same client, same
payloads, alternating runs. The rules' answer is looked at, so that it is known that they ran.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.ingest import steward
from bench.report import Row

RULES, ROWS = 50, 10_000
SIZE, FIRST = 64, 10_000
ROUNDS, REQUESTS = {"full": 7, "quick": 3}, {"full": 200, "quick": 80}


def csv() -> str:
    """Racks, by the last four digits of a host's number."""
    lines = [f"{number:04},team-{number % 40},site-{number % 7}" for number in range(ROWS)]
    return "\n".join(["rack,owner,site", *lines])


def rules() -> list[dict[str, Any]]:
    """A third of each kind; most are about other teams' alerts, as in an organisation that many share."""
    found: list[dict[str, Any]] = []
    for number in range(RULES):
        rule: dict[str, Any] = {"name": f"Rule {number}", "target": "labels"}
        if number % 3 == 0:
            pattern = f"(?P<kind_{number}>[a-z]+)-[0-9]*?(?P<rack_{number}>[0-9]{{4}})[.].*"
            rule |= {"kind": "regex", "from": "instance", "pattern": pattern}
        elif number % 3 == 1:
            names = {"owner": f"owner_{number}", "site": f"site_{number}"}
            rule |= {"kind": "lookup", "table": "racks", "keys": {"rack": f"rack_{number - 1}"}, "columns": names}
        else:
            values = {f"summary_{number}": "join(' on ', [name, labels.instance])"}
            rule |= {"kind": "jmespath", "target": "annotations", "values": values}
        # One of each kind is about all alerts.
        found.append(rule if number < 3 else {**rule, "match": f'namespace="team-{number}"'})
    return found


def prepare(address: str, environment: dict[str, str]) -> None:
    """Make the table and the rules through the API, as people's scripts do."""
    command = [
        str(Path(sys.executable).parent / "steward"),
        "apikey",
        "create",
        "--name",
        "bench",
        "--role",
        "administrator",
    ]
    done = subprocess.run(command, env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True)
    key = done.stdout.strip().splitlines()[-1].strip()
    _call(address, key, "POST", "/lookup-tables", {"name": "racks", "csv": csv(), "keys": ["rack"]})
    _call(address, key, "PUT", "/enrichment", {"rules": rules()})


def _call(address: str, key: str, method: str, path: str, body: object) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/api/v1{path}", json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=30):
        pass


@contextmanager
def _client() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.ingest", "client"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def _added(port: int, path: str) -> int:
    """How many labels rules gave to an alert that fires there."""
    with urllib.request.urlopen(
        f"http://127.0.0.1:{port}{path}?filter=instance%3D%22node-{FIRST}.example.org%3A9100%22"
    ) as answer:
        (alert,) = json.load(answer)
    return sum("_" in name for name in alert["labels"])


def run(quick: bool) -> list[Row]:
    """Alerts a second with rules, against without, and what that is a thousand alerts."""
    mode = "quick" if quick else "full"
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the embedded server may run as a user of its own
        for part in ("plain", "ruled"):
            (folder / part).mkdir(mode=0o711)
        with steward(folder / "plain") as plain, steward(folder / "ruled", prepare) as ruled, _client() as client:
            seconds = _measure(client, {"plain": plain, "ruled": ruled}, ROUNDS[mode], REQUESTS[mode])
            added = _added(*ruled)
            assert _added(*plain) == 0 and added == 4, "the rules did not run as they should"
    ratio = statistics.median(a / b for a, b in zip(seconds["plain"], seconds["ruled"], strict=True))
    without, with_rules = (SIZE / statistics.median(seconds[name]) for name in ("plain", "ruled"))
    detail = f"{with_rules:,.0f} against {without:,.0f} alerts/s; each alert got {added} labels and 1 annotation"
    cost = 1e6 / with_rules - 1e6 / without
    return [
        Row(f"ingest with {RULES} rules and {ROWS:,} rows, brand-new, {SIZE} a request", "", f"{ratio:.2f} × without rules",
            None, detail),
        Row("ingest: what the rules cost", "", f"{cost:.0f} µs an alert", None, "time of the whole request, storing included"),
    ]  # fmt: skip


def _measure(
    client: subprocess.Popen[str], servers: dict[str, tuple[int, str]], rounds: int, requests: int
) -> dict[str, list[float]]:
    """Seconds a request, one figure a round; the first round only warms up."""
    assert client.stdin and client.stdout
    found: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(rounds + 1):
        for name in sorted(servers, reverse=bool(number % 2)):
            port, path = servers[name]
            # Other alerts in every round; from the first on their numbers have the digits that the rules look for.
            base = FIRST + number * requests * SIZE
            job = {"port": port, "path": path, "size": SIZE, "count": requests, "base": base}
            client.stdin.write(json.dumps(job) + "\n")
            client.stdin.flush()
            new, _again = json.loads(client.stdout.readline() or '["the client failed", 0]')
            if number:
                found[name].append(new)
    return found
