"""Sealing, checking and cutting the ledger."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.db import connection, transaction

from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.ledger import queries, rules
from steward.response.ledger.models import Clock, Entry
from steward.response.ledger.rules import Checkpoint, Link

KIND = "ledger.seal"
PERIOD = timedelta(seconds=5)
CHECK = timedelta(days=1)
BATCH = 2_000


@transaction.atomic
def run_clock(*, now: datetime) -> None:
    """Seal what waits; once a day, check what came since the last check."""
    clock = Clock.objects.select_for_update().order_by("id").first()
    if clock is None or clock.due_at is None or clock.due_at > now:
        return
    full = seal() == BATCH
    if not clock.problem and (clock.checked_at is None or now - clock.checked_at >= CHECK):
        _check(clock, now)
    # More than a batch waits: at once again, in a transaction of its own.
    clock.due_at, clock.leased_until = now if full else now + PERIOD, None
    clock.save()


@transaction.atomic
def seal() -> int:
    """Give the next entries their places in the chain; returns how many. Only one at a time does: the table is locked
    against others who would."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('steward.ledger.seal'))")
        cursor.execute(
            "SELECT id, at, kind, record_id, page_id, user_id, change::text FROM ledger_entry"
            f" WHERE sequence IS NULL ORDER BY id LIMIT {BATCH}"
        )
        rows = cursor.fetchall()
        waiting = [Link(0, b"", *row[1:]) for row in rows]
        sealed = rules.chained(queries.checkpoint(), waiting)
        cursor.executemany(
            "UPDATE ledger_entry SET sequence = %s, hash = %s WHERE id = %s",
            [(link.sequence, link.hash, row[0]) for row, link in zip(rows, sealed, strict=True)],
        )
    return len(rows)


@transaction.atomic
def prune(*, actor: Actor, now: datetime, before: datetime) -> int:
    """Remove what was sealed before a time, and say so in the chain; returns how many. A broken chain is not cut: what is
    wrong with it is evidence."""
    actor.require("settings.view")
    while seal() == BATCH:
        pass
    verdict = queries.verify()
    if not verdict.whole:
        return 0
    last = Entry.objects.filter(at__lt=before, sequence__isnull=False).order_by("-sequence").first()
    if last is None or last.sequence is None or last.hash is None:
        return 0
    with connection.cursor() as cursor:
        said = {"through": last.sequence, "hash": bytes(last.hash).hex()}
        cursor.execute(
            "INSERT INTO ledger_entry (kind, record_id, change) VALUES ('cut', %s, %s)",
            [last.sequence, json.dumps(said)],
        )
        seal()
        cursor.execute("SELECT set_config('steward.ledger_prune', 'on', true)")
        cursor.execute("DELETE FROM ledger_entry WHERE sequence <= %s", [last.sequence])
        removed: int = cursor.rowcount
        cursor.execute("SELECT set_config('steward.ledger_prune', 'off', true)")
    audit.record(
        actor=actor, now=now, action="ledger.prune", subject=SubjectRef("ledger", last.sequence),
        subject_label=str(Checkpoint(last.sequence, bytes(last.hash))), after={"removed": removed},
    )  # fmt: skip
    return removed


def _check(clock: Clock, now: datetime) -> None:
    known = Entry.objects.filter(sequence=clock.checked_through).values_list("hash", flat=True).first()
    since = Checkpoint(clock.checked_through, bytes(known)) if known is not None else None
    verdict = queries.verify(since=since)
    clock.checked_at, clock.checked_through = now, verdict.at.sequence
    if verdict.findings:
        first = verdict.findings[0]
        clock.problem = f"{first.code}:{first.sequence}"
