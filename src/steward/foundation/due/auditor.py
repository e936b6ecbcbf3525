"""The auditor: it looks for what is due and is not done, and says "all is well" to the outside only while that is true.

It runs beside the due clocks in every engine and uses nothing of theirs: an engine whose clocks stand still is found out by
its own auditor, and one that has died by the signal that does not come any more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q

from steward.config.environment import load
from steward.foundation import clock, outbound
from steward.foundation.due.models import AuditorReport
from steward.foundation.due.registry import DueKind, kinds
from steward.foundation.outbound import OutboundError, OutboundPolicy

log = logging.getLogger(__name__)
# Nothing that is due may wait longer than this.
GRACE = timedelta(seconds=5)
EVERY_SECONDS = 5.0
# Counting what has no due time at all reads more than an index; nothing gets there in a hurry.
STRANDED_EVERY = 12
PING_SECONDS = 10.0
# A report older than this means that no auditor looks any more.
SILENT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a kind: rows that nobody has taken up (``late``, the oldest by so many ``seconds``), rows that
    have been worked on for longer than the kind has patience for, and rows that nothing will ever look at again."""

    late: int = 0
    seconds: int = 0
    stuck: int = 0
    stranded: int = 0

    @property
    def number(self) -> int:
        return self.late + self.stuck + self.stranded


def inspect(now: datetime, *, stranded: bool = True) -> dict[str, Finding]:
    """The kinds in which something is wrong (one query, and one for each kind that can strand rows)."""
    found = _late(now)
    for kind in kinds() if stranded else ():
        number = _stranded(kind)
        if number:
            known = asdict(found.get(kind.name, Finding()))
            found[kind.name] = Finding(**{**known, "stranded": number})
    return found


def _late(now: datetime) -> dict[str, Finding]:
    known = kinds()
    if not known:
        return {}
    quote = connection.ops.quote_name
    part = (
        "SELECT %s::text, count(*) FILTER (WHERE leased_until IS NULL OR leased_until <= %s),"
        " count(*) FILTER (WHERE leased_until > %s AND due_at < %s),"
        " coalesce(extract(epoch FROM %s - min(due_at) FILTER (WHERE leased_until IS NULL OR leased_until <= %s)), 0)"
        " FROM {table} WHERE due_at < %s"
    )
    sql = " UNION ALL ".join(part.format(table=quote(kind.model._meta.db_table)) for kind in known)
    values = [
        value
        for kind in known
        for value in (kind.name, now, now, now - kind.patience, now, now, now - GRACE)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    return {name: Finding(late, int(oldest), stuck) for name, late, stuck, oldest in rows if late or stuck}


def _stranded(kind: DueKind) -> int:
    return kind.model._default_manager.filter(kind.stranded).count() if kind.stranded is not None else 0


def report(now: datetime, found: dict[str, Finding]) -> AuditorReport:
    """Write down what was found; of two engines the later look counts."""
    listed = {name: asdict(each) for name, each in sorted(found.items())}
    with transaction.atomic():
        row, _made = AuditorReport.objects.select_for_update().get_or_create(
            pk=1, defaults={"checked_at": now, "content": not listed}
        )
        row.since = None if not listed else (row.since or now)
        row.checked_at, row.content, row.found = max(now, row.checked_at), not listed, listed
        row.save(update_fields=["checked_at", "content", "found", "since"])
    return row


def claim_signal(now: datetime, every: timedelta) -> bool:
    """Whether it is this engine's turn to send the dead-man signal; never while something is wrong."""
    turn = Q(pinged_at=None) | Q(pinged_at__lte=now - every)
    fresh = Q(content=True, checked_at__gt=now - SILENT)
    return AuditorReport.objects.filter(turn & fresh, pk=1).update(pinged_at=now) == 1


def signal(now: datetime) -> str:
    """Send the dead-man signal if it is wanted and due; what became of it ("" if there was none to send). No transaction is
    open while the network is used."""
    env = load()
    if not env.deadman_url or not claim_signal(now, timedelta(seconds=env.deadman_seconds)):
        return ""
    if not connection.in_atomic_block:
        connection.close()
    try:
        answer = outbound.request(
            "GET", env.deadman_url, policy=OutboundPolicy.parse(env.outbound_allow), timeout=PING_SECONDS
        )
    except OutboundError as error:
        # The other side is waited for by its own alarm. The next engine, or this one, tries again soon.
        AuditorReport.objects.filter(pk=1).update(
            answer=error.message, pinged_at=F("pinged_at") - _soon(env.deadman_seconds)
        )
        log.warning("the dead-man signal was not taken: %s", error.message)
        return error.message
    said = str(answer.status)
    AuditorReport.objects.filter(pk=1).update(answer=said, answered_at=now)
    return said


def _soon(every: int) -> timedelta:
    """So much earlier is the next try of a signal that was not taken: after a sixth of the time."""
    return timedelta(seconds=every - max(1, every // 6))


def latest() -> AuditorReport | None:
    """What the auditor said last; None before the first engine has run."""
    return AuditorReport.objects.filter(pk=1).first()


def auditor_says(now: datetime) -> dict[str, Any]:
    """What the auditor of the engines found last: ``state`` is content, discontent, silent or unknown."""
    found = latest()
    if found is None:
        return {"state": "unknown", "checked_at": None, "since": None, "found": {}}
    state = "silent" if now - found.checked_at > SILENT else "content" if found.content else "discontent"
    numbers = {name: sum(each[part] for part in ("late", "stuck", "stranded")) for name, each in found.found.items()}
    return {"state": state, "checked_at": found.checked_at, "since": found.since, "found": numbers}


def deadman_says(now: datetime) -> dict[str, Any]:
    """Whether the dead-man signal reaches the outside: ``state`` is off, sent, failed or waiting."""
    env, found = load(), latest()
    if not env.deadman_url:
        return {"state": "off", "answered_at": None, "answer": ""}
    answered = found.answered_at if found else None
    if answered is not None and now - answered <= timedelta(seconds=env.deadman_seconds) + SILENT:
        state = "sent"
    else:
        state = "failed" if answered is not None or (found and found.answer) else "waiting"
    return {"state": state, "answered_at": answered, "answer": found.answer if found else ""}


class Auditor(threading.Thread):
    """Looks every few seconds, on a thread of the engine."""

    def __init__(self, *, now: Callable[[], datetime] = clock.now, every: float = EVERY_SECONDS) -> None:
        super().__init__(name="auditor", daemon=True)
        self.now, self.every = now, every
        self._stopping = threading.Event()
        self._looks = 0
        self._stranded: dict[str, Finding] = {}

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception as error:  # without a database there is nothing to say, and no signal either
                log.warning("the auditor could not look: %s", str(error).splitlines()[0] if str(error) else error)
            finally:
                connection.close()
            self._stopping.wait(self.every)

    def look(self) -> AuditorReport:
        """Look once, write it down, and send the signal if all is well and it is time."""
        now = self.now()
        if self._looks % STRANDED_EVERY == 0:
            self._stranded = {name: each for name, each in inspect(now).items() if each.stranded}
        self._looks += 1
        found = dict(self._stranded)
        for name, each in inspect(now, stranded=False).items():
            found[name] = Finding(each.late, each.seconds, each.stuck, found.get(name, Finding()).stranded)
        written = report(now, found)
        if not written.content:
            log.warning("overdue: %s", ", ".join(f"{name} {each.number}" for name, each in sorted(found.items())))
        signal(self.now())
        return written

    def stop(self, timeout: float = 5.0) -> None:
        self._stopping.set()
        self.join(timeout)
