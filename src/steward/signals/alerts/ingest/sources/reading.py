"""What the parsers of vendors' payloads share: vendors send numbers, nulls and times of every form where alerts have
texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from steward.signals.alerts.ingest.sources.common import (
    EARLIEST,
    MAX_ANNOTATION_VALUE,
    MAX_END_AHEAD,
    MAX_LABEL_VALUE,
    MAX_NAME,
    MAX_URL,
    Normalised,
    Unreadable,
    instant,
    normalised,
    read_json,
)


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
        found = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return found.replace("\x00", "").encode("utf-8", "replace").decode()[:longest]


def texts(values: Mapping[str, Any], longest: int = MAX_LABEL_VALUE) -> dict[str, str]:
    """The values as texts, without the empty ones; names are cut to what a label's name may have."""
    found = {text(name, MAX_NAME): text(value, longest) for name, value in values.items()}
    return {name: value for name, value in found.items() if name and value}


def inner(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one: for fields that may be missing or null."""
    return value if isinstance(value, dict) else {}


def moment(value: Any, now: datetime) -> datetime | None:
    """A time as vendors write it: RFC 3339, or seconds or milliseconds since 1970, as a number or a text. Nothing for
    anything else, for Go's zero time and for times that cannot be meant: a wrong clock must not lose an alert."""
    found = _epoch(value) if not isinstance(value, str) else instant(value.strip()) or _epoch(value.strip())
    return found if found is not None and EARLIEST <= found <= now + MAX_END_AHEAD else None


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
