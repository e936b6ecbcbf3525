"""What ingest writes when a sender says that somebody works on its alert: one row, and a bell for the engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from steward.signals.alerts.ingest.sources import Acknowledged
from steward.signals.alerts.storing import DUE_CHANNEL, Statement

DUE_KIND = "alerts.acknowledgement"
# A repetition of one that still waits is that one, heard again: the alert may have begun anew in between.
_NOTE = f"""
WITH noted AS (
  INSERT INTO alerts_acknowledgement
    (source_id, fingerprint, key, received_at, sender, who, note, outcome, due_at)
  SELECT DISTINCT ON (f) %s::bigint, f, k, %s::timestamptz, %s::text, w, n, 'waiting', %s::timestamptz
  FROM unnest(%s::bytea[], %s::text[], %s::text[], %s::text[]) AS r(f, k, w, n) ORDER BY f
  ON CONFLICT (source_id, fingerprint) WHERE due_at IS NOT NULL DO UPDATE
    SET received_at = EXCLUDED.received_at, due_at = EXCLUDED.due_at, who = EXCLUDED.who, note = EXCLUDED.note
  RETURNING 1
)
SELECT pg_notify('{DUE_CHANNEL}', '{DUE_KIND}') WHERE EXISTS (SELECT 1 FROM noted)
"""


def noting(given: Sequence[Acknowledged], *, source_id: int, sender: str, now: datetime) -> Statement:
    """The statement that keeps them; committed by itself."""
    columns = ([each.fingerprint for each in given], *map(list, zip(*_texts(given), strict=True)))
    return _NOTE, (source_id, now, sender, now, *columns)


def _texts(given: Sequence[Acknowledged]) -> list[tuple[str, str, str]]:
    return [(each.key, each.who, each.note) for each in given]
