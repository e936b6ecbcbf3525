"""Replays stored events, in the process of the bench's Steward: ``python -m bench.replayed EVENTS``. Prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import timedelta

from bench.pipelined import INHIBITIONS, ROUTES, SILENCES, make_rules  # sets Django up
from steward.foundation import clock
from steward.response.triage import queries as triage


def main(most: int) -> None:
    make_rules()
    document = triage.document()
    # No route takes the generated alerts, after all were asked: the default route pages for them.
    document["default"] |= {"policy": "Bench", "group_by": ["alertname", "service"]}
    end = clock.now()
    start = end - timedelta(days=92)
    began = time.perf_counter()
    events = triage.history(start, end, (), most)
    read = time.perf_counter() - began
    began = time.perf_counter()
    found = triage.replay(document, events, start, end)
    replayed = time.perf_counter() - began
    assert found.events == len(events) > 0
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({
        "events": len(events), "read": read, "replayed": replayed, "pages": len(found.pages),
        "incidents": len(found.incidents), "rss": rss, "silences": SILENCES, "inhibitions": INHIBITIONS,
        "routes": ROUTES,
    }))  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
