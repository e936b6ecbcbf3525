"""``steward ledger``: proving that nobody changed the record of pages."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta

import django

django.setup()

from steward.foundation import clock  # noqa: E402 - Django must be set up before its models are imported
from steward.foundation.actors import system  # noqa: E402
from steward.response.ledger import actions, queries  # noqa: E402

ACTOR = system("command line")


def run(options: argparse.Namespace) -> int:
    """Do what was asked for."""
    acts = {"verify": verify, "checkpoint": checkpoint, "prune": prune}
    return acts[options.action](options)


def verify(options: argparse.Namespace) -> int:
    """Read the whole chain; exit code 1 when it is not whole, 2 when a checkpoint cannot be read."""
    try:
        kept = [queries.Checkpoint.parse(text) for text in options.checkpoint]
    except ValueError as error:
        print(f"steward: {error}", file=sys.stderr)
        return 2
    verdict = queries.verify(kept)
    if options.json:
        findings = [{"entry": each.sequence, "code": each.code} for each in verdict.findings]
        said = {"whole": verdict.whole, "entries": verdict.count, "checkpoint": str(verdict.at), "findings": findings}
        print(json.dumps(said))
    else:
        for each in verdict.findings:
            print(queries.told(each))
        print(f"{verdict.count} entries, up to {verdict.at}: {'whole' if verdict.whole else 'BROKEN'}")
    return 0 if verdict.whole else 1


def checkpoint(_options: argparse.Namespace) -> int:
    """Print how far the chain is, to be kept where nobody who can change the database can."""
    print(queries.checkpoint())
    return 0


def prune(options: argparse.Namespace) -> int:
    """Remove entries older than so many days; the chain says so and stays provable."""
    now = clock.now()
    removed = actions.prune(actor=ACTOR, now=now, before=now - timedelta(days=options.days))
    if not removed and not queries.verify().whole:
        print("steward: the chain is broken, so nothing was removed. Run steward ledger verify.", file=sys.stderr)
        return 1
    print(f"{removed} entries removed")
    return 0
