"""The chain: what an entry's hash is made of, and what is wrong with a chain. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

START = bytes(32)
"""What the first entry is chained to."""


@dataclass(frozen=True, slots=True)
class Link:
    """One sealed entry. ``change`` is the text of its JSON."""

    sequence: int
    hash: bytes
    at: datetime
    kind: str
    record_id: int
    page_id: int | None
    user_id: int | None
    change: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a chain was, and its hash there; kept elsewhere, it proves what no database can."""

    sequence: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint that was printed; ValueError otherwise."""
        number, _colon, digest = text.strip().partition(":")
        if not number.isdecimal() or len(digest) != 64:
            raise ValueError("A checkpoint looks like 1200:9f86d0…, a number, a colon and 64 hexadecimal digits.")
        return cls(int(number), bytes.fromhex(digest))


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and at which entry: missing, order, changed, start, tail or rewritten."""

    sequence: int
    code: str


def digest(before: bytes, link: Link) -> bytes:
    """The hash of an entry: SHA-256 over the hash before and the entry, as JSON with sorted keys and without spaces."""
    content = [
        link.sequence, link.at.astimezone(UTC).isoformat(timespec="microseconds"), link.kind, link.record_id, link.page_id,
        link.user_id, _plain(json.loads(link.change, parse_float=_Number, parse_int=_Number)),
    ]  # fmt: skip
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(before + text.encode()).digest()


def cut_of(link: Link) -> Checkpoint | None:
    """Up to where old entries were removed, if the entry says so."""
    if link.kind != "cut":
        return None
    said = json.loads(link.change)
    return Checkpoint(int(said["through"]), bytes.fromhex(said["hash"]))


class Checker:
    """Takes the entries of a chain in the order of their numbers and keeps what is wrong."""

    def __init__(self, kept: Iterable[Checkpoint] = (), start: Checkpoint | None = None) -> None:
        """``kept``: checkpoints from elsewhere; ``start``: where the chain begins, if old entries were removed."""
        self._kept = {each.sequence: each.hash for each in kept}
        self._last = start.sequence if start else 0
        self._hash = start.hash if start else START
        self.count = 0
        self.findings: list[Finding] = []
        if start is not None:
            self._compare(start.sequence, start.hash)

    @property
    def at(self) -> Checkpoint:
        """How far it came."""
        return Checkpoint(self._last, self._hash)

    def take(self, link: Link) -> None:
        """The next entry."""
        self.count += 1
        if link.sequence != self._last + 1:
            code = "missing" if link.sequence > self._last + 1 else "order"
            self.findings.append(Finding(self._last + 1 if code == "missing" else link.sequence, code))
        elif digest(self._hash, link) != link.hash:
            self.findings.append(Finding(link.sequence, "changed"))
        self._last, self._hash = link.sequence, link.hash
        self._compare(link.sequence, link.hash)

    def close(self) -> list[Finding]:
        """All that is wrong, when the chain has ended."""
        self.findings += [Finding(number, "tail") for number in sorted(self._kept) if number > self._last]
        return self.findings

    def _compare(self, sequence: int, known: bytes) -> None:
        if sequence in self._kept and self._kept[sequence] != known:
            self.findings.append(Finding(sequence, "rewritten"))


def check(links: Iterable[Link], kept: Iterable[Checkpoint] = (), start: Checkpoint | None = None) -> list[Finding]:
    """What is wrong with a chain; nothing when it is whole."""
    checker = Checker(kept, start)
    for link in links:
        checker.take(link)
    return checker.close()


def chained(before: Checkpoint, links: Iterable[Link]) -> Iterator[Link]:
    """The entries with their numbers and hashes, going on from a place of the chain."""
    number, known = before.sequence, before.hash
    for link in links:
        number += 1
        numbered = Link(number, b"", link.at, link.kind, link.record_id, link.page_id, link.user_id, link.change)
        known = digest(known, numbered)
        yield Link(number, known, link.at, link.kind, link.record_id, link.page_id, link.user_id, link.change)


class _Number(str):
    """A number as it is written, so that no reading of it can differ."""

    __slots__ = ()


def _plain(value: Any) -> Any:
    """JSON whose numbers are marked texts: 1 and "1" stay different."""
    if isinstance(value, _Number):
        return {"#": str(value)}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
