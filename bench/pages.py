"""Pages and API lists with a million alerts and 200,000 incidents: time over HTTP, signed in, and queries a page."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import psycopg

from bench import debt
from bench.generate import FULL, fill
from bench.report import Row, percentile
from bench.world import Client, World, world

BOUND_MS, MOST_QUERIES = 100, 12
ROUNDS = 20


def run(quick: bool) -> list[Row]:
    """Quick: a twentieth of the rows."""
    size = FULL.smaller(20) if quick else FULL
    with world(engines=1) as here:
        seconds = fill(here.database, size)
        print(f"filled in {seconds:.0f} s", flush=True)
        debt_rows = debt.fill(here, size)
        addresses = _addresses(here)
        queries = _queries(here, list(addresses.values()))
        client = Client(here.steward.url)
        client.sign_in()
        addresses.update(_next_pages(client, addresses))
        times = {name: _times(client, path) for name, path in addresses.items()}
    return [*_rows(times, addresses, queries, f"{size.alerts:,} alerts, {size.incidents:,} incidents"), *debt_rows]


def _addresses(here: World) -> dict[str, str]:
    """What people open: lists, the usual filters, a search, and one record of each kind."""
    with psycopg.connect(here.database) as connection:

        def one(sql: str) -> object:
            row = connection.execute(sql).fetchone()
            assert row, sql
            return row[0]

        alert = one("SELECT alert_id FROM incidents_incidentalert ORDER BY id LIMIT 1")
        incident = one("SELECT number FROM incidents_incident WHERE status = 'open' ORDER BY id DESC LIMIT 1")
        old = one("SELECT number FROM incidents_incident WHERE status = 'closed' ORDER BY id LIMIT 1")
        item = one("SELECT max(id) FROM configuration_configurationitem")
        service = one("SELECT id FROM configuration_service WHERE slug = 'service-7'")
    return {
        "home": "/", "home, live part": "/now/live",
        "alerts": "/alerts/", "alerts, firing": "/alerts/?status=firing", "alerts, resolved": "/alerts/?status=resolved",
        "alerts, one service": f"/alerts/?service={service}", "alerts, critical": "/alerts/?severity=critical",
        "alerts, one name": "/alerts/?name=DiskFull", "alerts, words": "/alerts/?q=host-77",
        "alerts, label few have": "/alerts/?labels=instance%3Dhost-77&status=resolved",
        "alerts, label many have": "/alerts/?labels=env%3Dproduction&status=resolved", "alert": f"/alerts/{alert}/",
        "alert, decisions": f"/alerts/{alert}/decisions", "alert, cost": f"/panels/alert/{alert}/debt",
        "alert debt": "/alert-debt/", "alert debt, 90 days": "/alert-debt/?days=90&sort=noise",
        "alert debt, one service": f"/alert-debt/?service={service}",
        "alert debt, one name": "/alert-debt/alert?name=DiskFull&days=90",
        "home, most expensive alert": "/panels/home/7/debt",
        "incidents": "/incidents/", "incidents, closed": "/incidents/?status=closed",
        "incidents, one service": f"/incidents/?service={service}", "incidents, SEV1": "/incidents/?severity=SEV1",
        "incidents, words": "/incidents/?q=incident+77", "incident": f"/incidents/{incident}/",
        "incident, old": f"/incidents/{old}/", "incident, live part": f"/incidents/{incident}/live",
        "incident, pages": f"/panels/incident/{incident}/pages",
        "services": "/services/", "service": "/services/service-7/",
        "service, incidents": f"/services/{service}/incidents", "items": "/items/", "item": f"/items/{item}/",
        "items, words": "/items/?q=item-77", "sources": "/sources/", "routes": "/routes/", "schedules": "/schedules/",
        "policies": "/policies/", "people": "/people/", "teams": "/teams/", "audit": "/audit/",
        "search, words": "/search?q=DiskFull", "search, number": f"/search?q=INC-{old}",
    }  # fmt: skip


def _next_pages(client: Client, addresses: dict[str, str]) -> dict[str, str]:
    """The second page of each list, as its link says."""
    found = {}
    for name in ("alerts, resolved", "incidents, closed", "audit", "items"):
        _status, page, _seconds = client.ask("GET", addresses[name])
        link = re.search(rb'href="([^"]*\b(?:after|cursor|page)=[^"]+)"', page)
        if link:
            path = link[1].decode().replace("&amp;", "&")
            found[f"{name}, next page"] = path if path.startswith("/") else addresses[name].split("?")[0] + path
    return found


def _times(client: Client, path: str) -> list[float]:
    """Milliseconds of the rounds after two that warm caches; empty if the page does not answer 200."""
    seen = []
    for number in range(ROUNDS + 2):
        status, _page, seconds = client.ask("GET", path)
        if status not in {200, 204, 302}:  # a search for a number goes straight to it
            print(f"{path} answers {status}", flush=True)
            return []
        if number >= 2:
            seen.append(seconds * 1000)
    return seen


def _queries(here: World, paths: list[str]) -> dict[str, int]:
    """Queries a page, counted in a process of its own (see bench/queries.py)."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bench.queries", *paths],
        env=here.running.environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    counted: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return counted


def _rows(times: dict[str, list[float]], addresses: dict[str, str], queries: dict[str, int], size: str) -> list[Row]:
    rows, medians = [], []
    for name, found in times.items():
        asked = queries.get(addresses[name])
        count = "" if asked is None else f"{asked} queries"
        if not found:
            rows.append(Row(f"page: {name}", f"≤ {BOUND_MS} ms", "no answer", False, addresses[name]))
            continue
        p95 = percentile(found, 95)
        medians.append(percentile(found, 50))
        ok = p95 <= BOUND_MS and (asked is None or asked <= MOST_QUERIES)
        rows.append(Row(f"page: {name}", f"≤ {BOUND_MS} ms", f"{p95:.0f} ms", ok, f"p50 {medians[-1]:.0f} ms, {count}"))
    met = sum(1 for row in rows if row.ok)
    head = Row("pages within p95 ≤ 100 ms and 12 queries", f"{len(rows)}", str(met), met == len(rows), size)
    return [head, *rows]
