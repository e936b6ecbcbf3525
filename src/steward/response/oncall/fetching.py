"""One reading of a calendar over the network: no transaction is open and no row is locked while this runs."""

from __future__ import annotations

from steward.config.environment import load
from steward.foundation import outbound
from steward.foundation.outbound import OutboundError, OutboundPolicy
from steward.response.oncall.actions.calendars import TOO_LARGE, Fetched, decoded, too_large

SECONDS = 20.0


def fetch(url: str, etag: str = "", last_modified: str = "", *, seconds: float = SECONDS) -> Fetched:
    """Read the address, if it changed since; never raises for what the outside does."""
    headers = {"Accept": "text/calendar, */*;q=0.5"}
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    try:
        answer = outbound.request(
            "GET", url, policy=OutboundPolicy.parse(load().outbound_allow), headers=headers, timeout=seconds,
            body_limit=TOO_LARGE, any_status=True,
        )  # fmt: skip
    except OutboundError as error:
        return Fetched(error=error.message)
    if answer.status == 304 and (etag or last_modified):
        return Fetched(unchanged=True)
    if answer.status != 200:
        return Fetched(status=answer.status)
    if answer.truncated:
        return Fetched(error=too_large())
    return Fetched(
        content=decoded(answer.body), etag=answer.headers.get("etag", "")[:300],
        last_modified=answer.headers.get("last-modified", "")[:100],
    )  # fmt: skip
