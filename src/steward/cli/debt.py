"""``steward debt``: the figures of what alerts cost."""

from __future__ import annotations

import argparse

import django

django.setup()

from steward.foundation import clock  # noqa: E402 - Django must be set up before its models are imported
from steward.foundation.actors import system  # noqa: E402
from steward.response.debt import actions, queries  # noqa: E402

ACTOR = system("command line")


def rebuild(_options: argparse.Namespace) -> int:
    """Add every day up again, here and now, whether an engine runs or not. Several may: each day is taken once."""
    now = clock.now()
    number = actions.rebuild(actor=ACTOR, now=now)
    for place, (day_id, day) in enumerate(queries.waiting(now), 1):
        actions.add_up(day_id=day_id, now=clock.now())
        print(f"{day} ({place} of {number})", flush=True)
    print(f"{actions.refresh_lines(now=clock.now())} lines written")
    return 0
