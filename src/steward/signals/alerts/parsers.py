"""Reading what senders send: bytes in, alerts and complaints out. Pure; each format names its source.

- ``alertmanager_api``: Alertmanager's API v2 ``POST /api/v2/alerts`` (its openapi.yaml).
- ``alertmanager_webhook``: Alertmanager's webhook, version 4 (docs, "webhook_config").
- ``events``: Steward's own JSON: one object or a list of ``{"name", "labels", "annotations", "severity", "summary",
  "status", "starts_at", "ends_at", "url"}``; only ``name`` or a label is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from steward.signals.alerts.errors import BadPayload
from steward.signals.alerts.rules import Incoming

MAX_ALERTS = 10_000
MAX_LABELS = 128
MAX_NAME = 512
MAX_VALUE = 16_384
# A start further in the future than this is a broken clock, an end further away is no expiry at all.
FUTURE_START = timedelta(hours=24)
FUTURE_END = timedelta(days=366)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
ZERO = "0001-01-01T00:00:00Z"  # Go's zero time, which senders write for "not set"


class Complaint(ValueError):
    """Why one alert cannot be taken."""


@dataclass(frozen=True, slots=True)
class Bad:
    """An alert that cannot be taken, as it came, and why."""

    index: int
    raw: bytes
    error: str


@dataclass(slots=True)
class Parsed:
    good: list[Incoming]
    bad: list[Bad]


def alertmanager_api(body: bytes, now: datetime) -> Parsed:
    """A list of alerts as Prometheus sends it."""
    items = _load(body)
    if not isinstance(items, list):
        raise BadPayload("The body must be a JSON list of alerts, as Alertmanager's API v2 takes it.")
    return _each(items, now, _alertmanager_alert)


def alertmanager_webhook(body: bytes, now: datetime) -> Parsed:
    """A notification of Alertmanager's webhook receiver."""
    message = _load(body)
    if not isinstance(message, dict) or not isinstance(message.get("alerts"), list):
        raise BadPayload("The body must be Alertmanager's webhook message: an object with a list “alerts”.")
    if str(message.get("version", "4")) != "4":
        raise BadPayload("Only version 4 of Alertmanager's webhook message is known.")
    return _each(message["alerts"], now, _alertmanager_alert)


def events(body: bytes, now: datetime) -> Parsed:
    """Steward's own JSON, one event or a list."""
    items = _load(body)
    if isinstance(items, dict):
        items = [items]
    if not isinstance(items, list):
        raise BadPayload("The body must be a JSON object or a list of objects.")
    return _each(items, now, _event)


def _load(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadPayload(f"The body is not valid JSON in UTF-8: {error}") from error


def _each(items: list[Any], now: datetime, read: Callable[[dict[str, Any], datetime], Incoming]) -> Parsed:
    if len(items) > MAX_ALERTS:
        raise BadPayload(f"At most {MAX_ALERTS} alerts a request; send them in several.")
    parsed = Parsed([], [])
    for index, item in enumerate(items):
        try:
            if type(item) is not dict:
                raise Complaint("an alert must be an object")
            parsed.good.append(read(item, now))
        except Complaint as complaint:
            parsed.bad.append(Bad(index, orjson.dumps(item), str(complaint)))
    return parsed


def _alertmanager_alert(item: dict[str, Any], now: datetime) -> Incoming:
    labels = _texts(item.get("labels"), "labels")
    if not labels:
        raise Complaint("“labels” has no label with a value; at least one is needed")
    starts = _time(item.get("startsAt"), "startsAt")
    ends = _time(item.get("endsAt"), "endsAt")
    if item.get("status") == "resolved" and ends is None:
        ends = now
    _check_times(starts, ends, now)
    url = item.get("generatorURL") or ""
    if type(url) is not str or len(url) > MAX_VALUE or "\0" in url:
        raise Complaint("“generatorURL” must be a text")
    return Incoming(labels, _texts(item.get("annotations"), "annotations"), starts, ends, url)


def _event(item: dict[str, Any], now: datetime) -> Incoming:
    labels = _texts(item.get("labels"), "labels")
    for key, label in (("name", "alertname"), ("severity", "severity")):
        value = item.get(key)
        if value is not None:
            labels.update(_texts({label: value}, key))
    if not labels:
        raise Complaint("write at least “name” or one label")
    annotations = _texts(item.get("annotations"), "annotations")
    for key in ("summary", "description"):
        if item.get(key) is not None:
            annotations.update(_texts({key: item[key]}, key))
    status = item.get("status", "firing")
    if status not in ("firing", "resolved"):
        raise Complaint("“status” is firing or resolved")
    starts = _time(item.get("starts_at"), "starts_at")
    ends = _time(item.get("ends_at"), "ends_at")
    if status == "resolved":
        ends = min(ends or now, now)
    _check_times(starts, ends, now)
    url = _texts({"url": item.get("url") or ""}, "url").get("url", "")
    return Incoming(labels, annotations, starts, ends, url)


def _texts(value: Any, what: str) -> dict[str, str]:
    """A map of texts; empty values are dropped, because a label without a value is no label (as in Prometheus)."""
    if value is None:
        return {}
    if type(value) is not dict:
        raise Complaint(f"“{what}” must be an object of texts")
    if len(value) > MAX_LABELS:
        raise Complaint(f"“{what}” has {len(value)} entries; at most {MAX_LABELS}")
    found: dict[str, str] = {}
    for name, text in value.items():
        if type(text) is not str:
            raise Complaint(f"“{what}”: “{name[:60]}” must be a text")
        if text:
            if len(text) > MAX_VALUE or len(name) > MAX_NAME or not name:
                raise Complaint(f"“{what}”: a name or value is empty or too long (at most {MAX_NAME} and {MAX_VALUE})")
            if "\0" in text or "\0" in name:
                raise Complaint(f"“{what}”: “{name[:60]}” contains a NUL character, which cannot be stored")
            found[name] = text
    return found


def _time(value: Any, what: str) -> datetime | None:
    if value is None or value == "" or value == ZERO:
        return None
    if type(value) is not str:
        raise Complaint(f"“{what}” must be a time such as 2026-01-31T12:00:00Z")
    found = _parse_time(value)
    if found is None:
        raise Complaint(f"“{what}” must be a time such as 2026-01-31T12:00:00Z")
    return None if found.year <= 1 else found


@lru_cache(maxsize=4096)
def _parse_time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _check_times(starts: datetime | None, ends: datetime | None, now: datetime) -> None:
    if starts is not None and starts > now + FUTURE_START:
        raise Complaint(f"the start {starts.isoformat()} lies more than a day in the future; check the sender's clock")
    if ends is not None and ends > now + FUTURE_END:
        raise Complaint(f"the end {ends.isoformat()} lies more than a year in the future; leave it out instead")
    for time in (starts, ends):
        if time is not None and time < EARLIEST:
            raise Complaint(f"the time {time.isoformat()} lies before the year 2000; check the sender's clock")
    if starts is not None and ends is not None and starts > ends:
        raise Complaint("the start lies after the end")


PARSERS: dict[str, Callable[[bytes, datetime], Parsed]] = {
    "api/v2/alerts": alertmanager_api,
    "alertmanager": alertmanager_webhook,
    "events": events,
}
