"""What all parsers share: reading JSON whatever it is, labels, times, limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qs

import orjson

from steward.algorithms.matching import fingerprint

MAX_ALERTS = 10_000
MAX_LABELS = 64
MAX_NAME = 200
MAX_LABEL_VALUE = 4_096
MAX_ANNOTATION_VALUE = 32_768
MAX_URL = 8_192
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MAX_START_AHEAD = timedelta(days=1)
MAX_END_AHEAD = timedelta(days=366)
_MAX_NAME_SHOWN = 300
_MAX_SEVERITY = 40
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Unreadable(Exception):
    """Nothing of the body can be used; the message says what to send."""


class TooManyAlerts(Exception):
    """The body has more alerts than one request may bring."""


class NotFetched(Exception):
    """What a request needs from elsewhere could not be had; the message says why. The sender is asked to send again."""


class BadAlert(Exception):
    """One alert cannot be used; the message says why, without its values, so that equal faults read the same."""


@dataclass(slots=True)
class Normalised:
    """One alert as its sender means it. ``expires`` says what happens without ``ends_at``: ``timeout`` (the source's
    resolve timeout), a number of seconds, or ``None``: it fires until resolved. ``content`` marks what may change while
    it fires: annotations and link. A ``keyed`` alert (see :func:`known_by`) is known by something else than all of its
    labels: they may change while it fires, and count as content too. Its end brings nothing but the key. One that
    ``folds`` stands for several of its sender's alerts, which differ in the labels that it is not known by. ``enriched``
    is what rules did to it, as it is stored with the transition that it makes."""

    labels: dict[str, str]
    annotations: dict[str, str]
    generator_url: str
    starts_at: datetime | None
    ends_at: datetime | None
    resolved: bool
    expires: int | str | None
    fingerprint: bytes
    annotations_json: bytes
    content: bytes
    keyed: bool = False
    folds: bool = False
    enriched: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """The alert's name as lists show it."""
        named = self.labels.get("alertname")
        if named is None:
            first = min(self.labels)
            named = f"{first}={self.labels[first]}"
        return named[:_MAX_NAME_SHOWN]

    @property
    def severity(self) -> str:
        return self.labels.get("severity", "").lower()[:_MAX_SEVERITY]


@dataclass(slots=True)
class Bad:
    """One alert that cannot be used: the value as it was read, and why."""

    raw: Any
    error: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A sender says that somebody works on the alert with this fingerprint, which it knows by ``key``."""

    fingerprint: bytes
    key: str
    who: str = ""
    note: str = ""


@dataclass(slots=True)
class Parsed:
    """What a request brought. ``repack`` makes a body of the bad ones alone, which the same path takes again when it is
    replayed; without it the whole body is parked. ``confirm`` is an address that the sender asks to be visited before
    it sends anything else."""

    good: list[Normalised] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    repack: Callable[[list[Any]], Any] | None = None
    confirm: str = ""
    acknowledged: list[Acknowledged] = field(default_factory=list)


def _no_fetch(url: str) -> bytes:
    raise NotFetched("Nothing can be fetched here.")


@dataclass(frozen=True, slots=True)
class Received:
    """One request: its body, when it came, its path below the source's key, and what else parsers may ask for.
    ``fetch`` gets a web address (a certificate, say) for who verifies; it raises NotFetched. Parsers fetch nothing.
    ``mapping`` is what the source says about JSON of its own form."""

    body: bytes
    now: datetime
    path: str = ""
    query: str = ""
    headers: Sequence[tuple[bytes, bytes]] = ()
    fetch: Callable[[str], bytes] = _no_fetch
    mapping: object = None

    def header(self, name: str) -> str:
        """The header's value; empty if it was not sent."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == wanted), "")

    def parameter(self, name: str) -> str:
        """The first value of a parameter of the query; empty if there is none."""
        return parse_qs(self.query).get(name, [""])[0]


Parser = Callable[[Received], Parsed]


def read_json(body: bytes) -> Any:
    """The body as a value. What strict JSON refuses for single texts (invalid UTF-8, lone surrogates) comes through as
    surrogates, so that only the alert that has them is refused."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            return json.loads(body.decode("utf-8", "surrogateescape"), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise Unreadable(f"The body is not JSON: {error}.") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def each(values: Iterable[Any], read: Callable[[Any, datetime], Normalised], now: datetime) -> Parsed:
    """Read every value; a bad one does not stop the others."""
    parsed = Parsed()
    for value in values:
        try:
            parsed.good.append(read(value, now))
        except BadAlert as error:
            parsed.bad.append(Bad(value, str(error)))
    return parsed


def listed(value: Any, what: str) -> list[Any]:
    """The value as a list within the limit."""
    if not isinstance(value, list):
        raise Unreadable(f"{what} must be a list.")
    if len(value) > MAX_ALERTS:
        raise TooManyAlerts(f"One request may bring {MAX_ALERTS} alerts, this one has {len(value)}; send several.")
    return value


def normalised(
    labels: Any,
    annotations: Any,
    generator_url: Any,
    starts_at: datetime | None,
    ends_at: datetime | None,
    *,
    resolved: bool,
    expires: int | str | None,
) -> Normalised:
    """Check everything but the times and put it together."""
    kept = _texts(labels, "label", MAX_LABEL_VALUE)
    if not kept:
        raise BadAlert("An alert needs at least one label with a value.")
    noted = {} if annotations is None else _texts(annotations, "annotation", MAX_ANNOTATION_VALUE)
    url = "" if generator_url is None else generator_url
    if type(url) is not str:
        raise BadAlert("The generator URL must be text.")
    if len(url) > MAX_URL:
        raise BadAlert(f"The generator URL may have {MAX_URL} characters.")
    if url:
        _storable(url, "generator URL")
    packed = orjson.dumps(noted)
    content = blake2b(packed + url.encode(), digest_size=12).digest()
    return Normalised(kept, noted, url, starts_at, ends_at, resolved, expires, fingerprint(kept), packed, content)


def known_by(given: Normalised, mark: bytes, *, folds: bool = False) -> Normalised:
    """The alert, known by this fingerprint instead of by all of its labels: that of its sender's key, or of some chosen
    labels, which may fold several alerts into one."""
    given.fingerprint, given.keyed, given.folds = mark, True, folds
    packed = orjson.dumps(given.labels, option=orjson.OPT_SORT_KEYS)
    given.content = blake2b(given.content + packed, digest_size=12).digest()
    return given


def _texts(raw: Any, what: str, longest: int) -> dict[str, str]:
    """Checked labels or annotations; those with an empty value are as if missing."""
    if type(raw) is not dict:
        raise BadAlert(f"The {what}s must be an object of texts.")
    if len(raw) > MAX_LABELS:
        raise BadAlert(f"An alert may have {MAX_LABELS} {what}s.")
    try:
        names, values = "".join(raw), "".join(raw.values())
    except TypeError:
        raise BadAlert(f"Every {what} must be text.") from None
    if "" in raw:
        raise BadAlert(f"A {what} has no name.")
    # The sums first: nearly always they settle it without looking at each.
    if (len(names) > MAX_NAME and max(map(len, raw)) > MAX_NAME) or (
        len(values) > longest and max(map(len, raw.values())) > longest
    ):
        raise BadAlert(f"A {what} name may have {MAX_NAME} and a value {longest} characters.")
    _storable(names + values, what)
    return {name: value for name, value in raw.items() if value} if "" in raw.values() else raw


def _storable(text: str, what: str) -> None:
    if "\x00" in text:
        raise BadAlert(f"A {what} contains a NUL character.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadAlert(f"A {what} is not valid Unicode text.") from None


@lru_cache(maxsize=8192)
def instant(text: str) -> datetime | None:
    """An RFC 3339 time in UTC; ``None`` for anything else."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def time_of(raw: Mapping[str, Any], name: str, now: datetime) -> datetime | None:
    """A time of the payload; missing, empty and Go's zero time (year 1) are ``None``."""
    value = raw.get(name)
    if value is None or value == "":
        return None
    if type(value) is not str or (isinstance(value, str) and len(value) > 64):
        raise BadAlert(f"{name} must be a time such as 2026-01-31T12:00:00Z.")
    if value.startswith("0001-01-01T00:00:00"):
        return None
    found = instant(value)
    if found is None:
        raise BadAlert(f"{name} must be a time such as 2026-01-31T12:00:00Z.")
    if found < EARLIEST:
        raise BadAlert(f"{name} is before the year 2000.")
    if found > now + MAX_END_AHEAD:
        raise BadAlert(f"{name} is more than {MAX_END_AHEAD.days} days ahead.")
    return found


def check_order(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> None:
    """Refuse an alert that ends before it starts, or starts long after now."""
    if starts_at is None:
        return
    if ends_at is not None and starts_at > ends_at:
        raise BadAlert("The start is after the end.")
    if starts_at > now + MAX_START_AHEAD:
        raise BadAlert("The start is more than a day ahead.")
