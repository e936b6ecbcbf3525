"""One call of a webhook over the network: no transaction is open and no row is locked while this runs."""

from __future__ import annotations

from datetime import datetime

from steward.config.environment import load
from steward.foundation import outbound
from steward.foundation.outbound import OutboundError, OutboundPolicy
from steward.response.oncall import rules
from steward.response.oncall.actions.webhooks import Calling, signature

SECONDS = 15.0


def call(calling: Calling, now: datetime) -> rules.CallAnswer:
    """Make the try and say how it ended; never raises for what the outside does."""
    headers = {
        "Content-Type": "application/json", "Steward-Signature": signature(calling.secret, now, calling.body),
        "Steward-Attempt": str(calling.attempt),
    }  # fmt: skip
    try:
        answer = outbound.request(
            "POST", calling.url, policy=OutboundPolicy.parse(load().outbound_allow), headers=headers,
            content=calling.body, timeout=SECONDS, idempotency_key=calling.key,
        )  # fmt: skip
    except OutboundError as error:
        return rules.CallAnswer(False, error.message, error.retryable, error.retry_after)
    first = answer.text.strip().splitlines()
    return rules.CallAnswer(True, " ".join([str(answer.status), *(line[:200] for line in first[:1])]))
