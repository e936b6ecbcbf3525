"""What the ingest door gets from elsewhere: certificates of those who sign, addresses that confirm a subscription."""

from __future__ import annotations

from steward.config.environment import load
from steward.foundation.outbound import OutboundError, OutboundPolicy, request
from steward.signals.alerts.ingest.sources import NotFetched

# Amazon's notification service waits 15 seconds for the answer to its own request.
SECONDS = 10.0


def visit(url: str) -> bytes:
    """Get an address, behind the guard. Blocks, so call it in a thread. Raises NotFetched."""
    try:
        return request("GET", url, policy=OutboundPolicy.parse(load().outbound_allow), timeout=SECONDS).body
    except OutboundError as error:
        raise NotFetched(error.detail) from error
