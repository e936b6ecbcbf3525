"""Typed errors of receipts."""

from __future__ import annotations

from steward.foundation.errors import NotFound


class EpisodeNotFound(NotFound):
    """The alert has no firing that began with this change."""

    code = "episode-not-found"
