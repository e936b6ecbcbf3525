"""What a kind of source is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from steward.signals.alerts.ingest.sources.common import Parsed, Parser, Received

# Says what is wrong with a request that does not come from who it says it does, or nothing.
Verifier = Callable[[Received, str], str]
# Answers who asks whether it may send: the headers of the answer, none if that is not what it asks.
Handshake = Callable[[Received], Sequence[tuple[str, str]]]
Answer = Callable[[Received, Parsed], tuple[int, Any]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of source. ``label`` is the product's own name.

    ``parsers`` are the paths below a source's key, each with what reads it; a ``*`` stands for one part of a path.
    ``verify`` checks the sender with the source's ``secret``, which ``secret_label`` names on the source's form as the
    sender's own pages do; without a secret the key in the address is what a sender knows. ``answer`` makes the
    body of a success where a sender expects one of its own form: a value for JSON, or bytes of the type that the request
    has. With ``gzip`` its paths take compressed bodies. ``handshake`` answers OPTIONS, where a sender asks before it sends.
    """

    name: str
    label: str
    parsers: Mapping[str, Parser] = field(default_factory=dict)
    verify: Verifier | None = None
    secret_label: str = ""
    answer: Answer | None = None
    gzip: bool = False
    handshake: Handshake | None = None
