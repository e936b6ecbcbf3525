"""``steward import``: taking over from another system."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import django

django.setup()

from steward.cli.trouble import Trouble  # noqa: E402 - Django must be set up before its models are imported
from steward.foundation import clock  # noqa: E402
from steward.foundation.actors import system  # noqa: E402
from steward.foundation.errors import StewardError  # noqa: E402
from steward.response.moving import actions, queries  # noqa: E402

ACTOR = system("command line")
ENDINGS = {".json", ".yml", ".yaml"}


def run(options: argparse.Namespace) -> int:
    """Say what an export would change, or (with --apply) do it. Exit code 1 when something cannot be taken over."""
    try:
        document = queries.document_of(_files(options.files))
        result = actions.move(
            actor=ACTOR,
            now=clock.now(),
            source=options.kind,
            document=document,
            apply=options.apply,
            force=options.force,
        )
    except StewardError as error:
        raise Trouble(str(error.message)) from error
    if options.json:
        print(json.dumps(queries.told(result), default=str, indent=1))
    else:
        _print(result)
    return 1 if result.count("cannot") else 0


def _files(names: list[str]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        path = Path(name)
        found = sorted(each for each in path.iterdir() if each.suffix in ENDINGS) if path.is_dir() else [path]
        for each in found:
            try:
                yield each.name, each.read_bytes()
            except OSError as error:
                raise Trouble(f"{each} cannot be read: {error.strerror}") from error


def _print(result: queries.Result) -> None:
    for item in result.items:
        why = f": {item.why}" if item.why else ""
        print(f"{queries.kind(item.kind):20} {item.name:40} {queries.act(item.act, result.applied)}{why}")
    for each in result.compared:
        if not each.known:
            print(f"{each.schedule}: the export does not say who is on call in the next 30 days")
            continue
        print(f"{each.schedule}: {len(each.differences)} differences in the next 30 days")
        for one in each.differences[:20]:
            there, here = (", ".join(sorted(names)) or "nobody" for names in (one.theirs, one.ours))
            print(f"  {one.start:%Y-%m-%d %H:%M} to {one.end:%Y-%m-%d %H:%M} UTC: there {there}, here {here}")
    if not result.applied:
        print("Nothing was changed. Add --apply to do it.")
