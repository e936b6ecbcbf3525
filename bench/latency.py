"""Alert received → page handed to the mail server, under load.

500 new alerts a second arrive in requests of 50; every 50 alerts begin a new group, so ten incidents open and ten
pages leave every second. The time is from before the first request that names a group to the mail's DATA.
"""

from __future__ import annotations

import statistics
import sys
import time

from bench.generate import FULL, fill
from bench.report import Row, percentile
from bench.world import Client, World, event, group_of, world

BOUND_S = 2.0
RATE, REQUEST, GROUP = 500, 50, 50
LATE_S = 60


def run(quick: bool) -> list[Row]:
    """With a small database, and (full only) with a million alerts stored."""
    rows = [_measure(10 if quick else 60, stored=False)]
    if not quick:
        rows.append(_measure(60, stored=True))
    return rows


def _measure(seconds: int, *, stored: bool) -> Row:
    with world() as here:
        if stored:
            print(f"filled in {fill(here.database, FULL):.0f} s", flush=True)
        _send(here, 2, "warm")
        sent, behind = _send(here, seconds, "g")
        times = _collect(here, sent)
    missing = len(sent) - len(times)
    base = "1 M alerts stored" if stored else "small database"
    name = f"alert → page, p99 at {RATE} new alerts/s, {base}"
    if not times:
        return Row(name, f"≤ {BOUND_S} s", "no page arrived", False)
    p99 = percentile(times, 99)
    detail = (
        f"p50 {statistics.median(times):.2f} s, max {max(times):.2f} s, {len(times)} pages in {seconds} s,"
        f" {missing} missing after {LATE_S} s, sender at most {behind:.1f} s behind"
    )
    return Row(name, f"≤ {BOUND_S} s", f"{p99:.2f} s", p99 <= BOUND_S and not missing, detail)


def _send(here: World, seconds: int, prefix: str) -> tuple[dict[str, float], float]:
    """Each group's time of sending, and how far the sender fell behind its timetable."""
    client = Client(here.steward.url)
    sent: dict[str, float] = {}
    start, number, behind = time.monotonic(), 0, 0.0
    for tick in range(seconds * RATE // REQUEST):
        due = start + tick * REQUEST / RATE
        time.sleep(max(0.0, due - time.monotonic()))
        behind = max(behind, time.monotonic() - due)
        events = []
        for _n in range(REQUEST):
            group = f"{prefix}{number // GROUP}"
            events.append(event(group, number))
            sent.setdefault(group, time.time())
            number += 1
        status = client.send_events(here.path, events)
        assert status == 200, status
    return sent, behind


def _collect(here: World, sent: dict[str, float]) -> list[float]:
    end = time.monotonic() + LATE_S
    times: dict[str, float] = {}
    while len(times) < len(sent) and time.monotonic() < end:
        time.sleep(0.5)
        for message, arrived in here.mails.all():
            group = group_of(message)
            if group in sent:
                times.setdefault(group, arrived - sent[group])
    return list(times.values())


if __name__ == "__main__":
    print(_measure(int(sys.argv[1]), stored="stored" in sys.argv))
