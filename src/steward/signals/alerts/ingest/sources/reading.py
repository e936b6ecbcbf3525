"""What the parsers of vendors' payloads share: vendors send numbers, nulls and times of every form where alerts have
texts."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import orjson

from steward.algorithms.matching import fingerprint
from steward.signals.alerts.ingest.sources.common import (
    EARLIEST,
    MAX_ANNOTATION_VALUE,
    MAX_END_AHEAD,
    MAX_LABEL_VALUE,
    MAX_NAME,
    MAX_URL,
    Acknowledged,
    Normalised,
    Received,
    Unreadable,
    instant,
    known_by,
    normalised,
    read_json,
)

_OFFSET = re.compile(r" ?([+-]\d\d)(\d\d)$", re.ASCII)


def object_of(body: bytes, what: str) -> dict[str, Any]:
    """The body as an object; ``what`` names the payload for whoever sent something else."""
    value = read_json(body)
    if not isinstance(value, dict):
        raise Unreadable(f"The body must be {what}: a JSON object.")
    return value


def text(value: Any, longest: int = MAX_LABEL_VALUE) -> str:
    """A value as text: nothing for null, JSON for what is neither text nor a number, cut to the longest."""
    if value is None:
        return ""
    if isinstance(value, str):
        found = value
    elif isinstance(value, bool):
        found = "true" if value else "false"
    elif isinstance(value, int | float):
        found = str(value)
    else:
        found = _json(value)
    return found.replace("\x00", "").encode("utf-8", "replace").decode()[:longest]


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # what orjson refuses and read_json lets through: lone surrogates, integers beyond 64 bits
        return json.dumps(value, default=str, ensure_ascii=False, separators=(",", ":"))


def texts(values: Mapping[str, Any], longest: int = MAX_LABEL_VALUE) -> dict[str, str]:
    """The values as texts, without the empty ones; names are cut to what a label's name may have."""
    found = {text(name, MAX_NAME): text(value, longest) for name, value in values.items()}
    return {name: value for name, value in found.items() if name and value}


def inner(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one: for fields that may be missing or null."""
    return value if isinstance(value, dict) else {}


def moment(value: Any, now: datetime) -> datetime | None:
    """A time as vendors write it: RFC 3339 (also with ``UTC`` or ``+0200`` at its end), or seconds or milliseconds since
    1970, as a number or a text. Nothing for anything else, for Go's zero time and for times that cannot be meant: a
    wrong clock must not lose an alert."""
    found = _epoch(value) if not isinstance(value, str) else instant(_spelt(value)) or _epoch(value.strip())
    return found if found is not None and EARLIEST <= found <= now + MAX_END_AHEAD else None


def _spelt(value: str) -> str:
    """The zone at the end of a time as RFC 3339 has it."""
    if len(value) > 64:
        return ""
    return _OFFSET.sub(r"\1:\2", value.strip().replace(" UTC", "Z"))


def _epoch(value: Any) -> datetime | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def alert(
    labels: Mapping[str, Any],
    annotations: Mapping[str, Any],
    *,
    resolved: bool,
    now: datetime,
    url: Any = "",
    starts_at: Any = None,
    ends_at: Any = None,
) -> Normalised:
    """One alert of a vendor that says when it is over: it fires until then. ``alertname`` and ``severity`` belong into
    the labels; everything that changes while it fires belongs into the annotations. Raises BadAlert."""
    start, end = moment(starts_at, now), moment(ends_at, now) if resolved else None
    if start is not None and start > now:
        start = None
    if end is not None and start is not None and end < start:
        end = None
    link = text(url, MAX_URL)
    return normalised(
        texts(labels), texts(annotations, MAX_ANNOTATION_VALUE), link, start, end, resolved=resolved, expires=None
    )


def keyed_alert(
    key: str,
    labels: Mapping[str, Any],
    annotations: Mapping[str, Any],
    *,
    resolved: bool,
    now: datetime,
    url: Any = "",
    starts_at: Any = None,
    ends_at: Any = None,
) -> Normalised:
    """One alert that its sender knows by a key, so that its end may come without anything else. The labels route and
    show it; they may differ from one report to the next."""
    given = alert(labels, annotations, resolved=resolved, now=now, url=url, starts_at=starts_at, ends_at=ends_at)
    return known_by(given, of_key(key))


def of_key(key: str) -> bytes:
    """The fingerprint of an alert that its sender knows by a key. No label has an empty name: this is never the
    fingerprint of a label set."""
    return fingerprint({"": text(key, MAX_ANNOTATION_VALUE)})


def acknowledged(key: str, *, who: Any = "", note: Any = "") -> Acknowledged:
    """That somebody works on the alert which its sender knows by a key."""
    return Acknowledged(of_key(key), text(key, 300), text(who, 200), text(note, 2_000))


def spread(value: Any, name: str = "details", most: int = 40) -> dict[str, Any]:
    """An object of the sender's own making as annotations of their own; as a single one if it has too many fields or
    is no object."""
    if isinstance(value, dict) and len(value) <= most:
        return value
    return {name: value} if value else {}


def equal(given: str, secret: str) -> bool:
    """Compare what a sender brings with what it must know, in a time that does not tell how much of it is right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode("utf-8", "surrogatepass"))


def signed(received: Received, secret: str, signature: str) -> bool:
    """Whether this is the body's HMAC-SHA256 in hexadecimal."""
    return equal(signature.lower(), hmac.new(secret.encode(), received.body, "sha256").hexdigest())


def branch_wanted(received: Received, branch: str, default: str) -> bool:
    """Whether a build of this branch or tag matters: those that ``?branches=main,release/*`` in the address names, else
    the default branch."""
    wanted = received.parameter("branches")
    if wanted:
        return any(fnmatchcase(branch, pattern.strip()) for pattern in wanted.split(","))
    return not default or branch == default
