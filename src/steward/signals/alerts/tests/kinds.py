"""The checks that the tests of every kind inherit."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from steward.signals.alerts import shown
from steward.signals.alerts.ingest.sources import KINDS, Parsed, Received, TooManyAlerts, Unreadable, reader_of

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_JUNK: tuple[Any, ...] = (
    None,
    "",
    "\x00",
    "x" * 50_000,
    -1,
    1e308,
    True,
    [],
    {},
    [None],
    {"a": {"b": [1]}},
    "\ud800",
    10**400,
)


def read(
    path: str, value: Any, *, headers: dict[str, str] | None = None, query: str = "", now: datetime = NOW
) -> Parsed:
    """What the parser of a path makes of a value (or of bytes)."""
    reader = reader_of(path)
    assert reader is not None, f"nothing reads {path}"
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    pairs = [(name.lower().encode(), text.encode()) for name, text in (headers or {}).items()]
    return reader[1](Received(body, now, path, query, pairs))


def sample(folder: Path, name: str) -> Any:
    """One of the samples beside the parser: ``folder`` is the test's ``__file__``'s parent's parent."""
    return json.loads((folder / "samples" / name).read_text())


def check_samples(kind: str, path: str, folder: Path, *, headers: dict[str, str] | None = None) -> None:
    """At least three payloads as the vendor documents them, each of which is read whole."""
    names = sorted(each.name for each in (folder / "samples").glob("*.json"))
    assert len(names) >= 3, "a kind has at least three samples"
    for name in names:
        parsed = read(path, sample(folder, name), headers=headers)
        assert parsed.good and not parsed.bad, f"{kind}/{name}: {[bad.error for bad in parsed.bad]}"
        for alert in parsed.good:
            assert alert.labels.get("alertname"), f"{kind}/{name} gives no name"


def check_garbage(path: str, value: Any, *, headers: dict[str, str] | None = None, rounds: int = 300) -> None:
    """Whatever is in a payload's place: it is read, or said to be bad, or unreadable; never anything else."""
    choice = random.Random(1)
    for body in (b"", b"\xff\xfe", b"[", b"null", b"[]", b"{}", b'"x"', b"1", b"[[[[[[]]]]]]"):
        _survives(path, body, headers)
    for _round in range(rounds):
        mutated = copy.deepcopy(value)
        places = list(_places(mutated))
        for _change in range(choice.randint(1, 3)):
            holder, key = choice.choice(places)
            if isinstance(holder, dict) and key in holder and choice.random() < 0.3:
                del holder[key]
            elif isinstance(holder, dict) or key < len(holder):
                holder[key] = choice.choice(_JUNK)
        _survives(path, json.dumps(mutated).encode(), headers)


def check_set_up(kind: str) -> str:
    """The set-up page of a kind names the path; returned to look for more in it."""
    page = render_to_string(f"{kind}/setup.html", {"setup": shown.setup("https://steward.example.org", "KEY", kind)})
    assert "https://steward.example.org/in/KEY" in page or "/in/KEY" in page
    assert kind in KINDS
    return page


def _survives(path: str, body: bytes, headers: dict[str, str] | None) -> None:
    try:
        parsed = read(path, body, headers=headers)
    except (Unreadable, TooManyAlerts) as error:
        assert str(error)
        return
    for alert in parsed.good:
        assert alert.labels and all(
            isinstance(each, str) for each in [*alert.labels.values(), *alert.annotations.values()]
        )
    for bad in parsed.bad:
        assert bad.error


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a value where another could stand."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from _places(inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield value, index
            yield from _places(inner)
