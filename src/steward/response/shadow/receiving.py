"""The path below a source's key that Alertmanager's own notifications come to. It is a door: one action a request."""

from __future__ import annotations

from urllib.parse import unquote

from steward.foundation.rest.keyed import Answer, Asked
from steward.response.shadow import actions


def notification(asked: Asked) -> Answer:
    """``shadow/<receiver>``: kept before it is answered."""
    kept = actions.take_down(
        now=asked.now, source_id=asked.source_id, receiver=unquote(asked.parts["receiver"]), body=asked.body
    )
    return Answer({"status": "success", "kept": kept})
