"""Which paths below a source's key there are, and which of them to name to whom."""

from __future__ import annotations

from collections.abc import Iterable

from steward.signals.alerts.ingest.answers import Headers, Refused
from steward.signals.alerts.ingest.sources import KINDS, Kind, Received


def not_found(kind_name: str, alertmanagers: Iterable[str]) -> Refused:
    """What is said about a path that there is not: where this source's own kind sends, and where to read of the others.
    What stands in for an Alertmanager has more paths than its webhook."""
    kind = KINDS.get(kind_name)
    own = {path for path in kind.parsers if path.count("*") <= 1} if kind else set()
    if kind_name == "alertmanager":
        own |= set(alertmanagers)
    label = kind.label if kind else kind_name
    text = f"Below the key of a source of the kind {label} there are: {', '.join(sorted(own))}."
    return Refused(404, "not-found", f"{text} The other kinds' paths are on the Sources page and in docs/sources.md.")


def allowed_methods(kind: Kind) -> str:
    return "POST, OPTIONS" if kind.handshake else "POST"


def shake_hands(kind: Kind, received: Received) -> Headers:
    """The headers by which a sender knows that it may send."""
    headers = list(kind.handshake(received)) if kind.handshake else []
    if not headers:
        raise Refused(400, "no-handshake", "This asks for nothing that a sender of this kind asks for before it sends.")
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers] + [
        (b"allow", b"POST, OPTIONS")
    ]
