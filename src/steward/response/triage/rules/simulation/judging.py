"""May an alert page just now? As ``triage.judging`` does it, with what it keeps in rows kept in memory."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from steward.response.triage.rules.configuration import Configuration
from steward.response.triage.rules.flapping import enters, quiet_at
from steward.response.triage.rules.inhibition import Source, muted_by
from steward.response.triage.rules.simulation.parts import Event, Hold, Surroundings

LONGEST_HOLD = timedelta(hours=1)
Reason = tuple[str, int, str, datetime | None]
"""Kind, rule, key of its equal labels, until when."""
Place = tuple[int, int | None]


class Judge:
    """Flapping, silences and windows, inhibition, in this order; and what is held until when."""

    def __init__(self, config: Configuration, around: Surroundings) -> None:
        self.config, self.around = config, around
        self.holds: dict[Place, Hold] = {}
        self.clock: list[tuple[datetime, int, Place]] = []
        self.changes: dict[int, deque[datetime]] = {}
        self.sources: dict[tuple[int, str], dict[int, bool]] = {}
        self.as_source: dict[int, set[tuple[int, str]]] = {}
        self.held_by: dict[tuple[int, str], set[int]] = {}
        self.numbers = 0
        # A source began to fire: what fires in incidents already is looked at.
        self.looks = False

    def judge(
        self, by_alert: Mapping[int, Sequence[Event]], now: datetime, rounds: Mapping[int, int] | None
    ) -> tuple[list[Event], list[tuple[Sequence[Event], str]]]:
        """What passes, and what is held by which kind of reason."""
        passed: list[Event] = []
        held: list[tuple[Sequence[Event], str]] = []
        flapping = self._flapping(by_alert, now) if rounds is None else {}
        self._note_sources(by_alert, now)
        for alert_id, given in by_alert.items():
            last, known = given[-1], (alert_id, None) in self.holds
            reason = flapping.get(alert_id)
            begins = reason is not None and not known
            if reason is None and last.status == "firing":
                reason = self.reason(last, now)
            if reason is None or (begins and reason[0] == "flapping" and last.status == "firing"):
                passed += given
            else:
                held.append((given, reason[0]))
            if reason is not None:
                self.hold(alert_id, None, reason, now, (rounds or {}).get(alert_id, 0))
            elif known:
                self.release(alert_id, None)
        return passed, held

    def reason(self, event: Event, now: datetime) -> Reason | None:
        """A silence, a window or an inhibition that keeps a firing alert from paging."""
        if (found := self.around.suppressed(event, now)) is not None:
            return found.kind, found.ref_id, "", found.until
        for place in self.config.inhibiting.as_target(event.labels) if self.config.inhibitions else ():
            sources = [Source(key, both) for key, both in sorted(self.sources.get(place.ident, {}).items())]
            if muted_by(place, event.alert_id, sources) is not None:
                return "inhibition", place.rule.id, place.key, None
        return None

    def _flapping(self, by_alert: Mapping[int, Sequence[Event]], now: datetime) -> dict[int, Reason]:
        spec = self.config.flapping
        if not spec.changes:
            return {}
        found: dict[int, Reason] = {}
        for alert_id, given in by_alert.items():
            times = self.changes.setdefault(alert_id, deque(maxlen=spec.changes + 1))
            times.extend(each.at for each in given)
            if given[0].code == "new":
                continue
            hold = self.holds.get((alert_id, None))
            if (hold is not None and hold.kind == "flapping") or enters(spec, times, now):
                found[alert_id] = ("flapping", 0, "", quiet_at(spec, now))
        return found

    def _note_sources(self, by_alert: Mapping[int, Sequence[Event]], now: datetime) -> None:
        if not self.config.inhibitions:
            return
        for alert_id, given in by_alert.items():
            if given[-1].status == "firing":
                for place in self.config.inhibiting.as_source(given[-1].labels):
                    self.looks = self.looks or alert_id not in self.sources.get(place.ident, ())
                    self.sources.setdefault(place.ident, {}).setdefault(alert_id, place.both)
                    self.as_source.setdefault(alert_id, set()).add(place.ident)
        for alert_id, given in by_alert.items():
            if given[-1].status != "firing":
                for ident in self.as_source.pop(alert_id, ()):
                    self.sources[ident].pop(alert_id, None)
                    self.let_go(self.held_by.get(ident, ()), now)

    def hold(self, alert_id: int, route_id: int | None, reason: Reason, now: datetime, number: int) -> None:
        kind, ref_id, key, until = reason
        self.release(alert_id, route_id)
        longest = LONGEST_HOLD if route_id is None else timedelta(days=1)
        self._keep(alert_id, route_id, kind, ref_id, key, until or now + longest, number)

    def _keep(
        self, alert_id: int, route_id: int | None, kind: str, ref_id: int, key: str, due: datetime, number: int
    ) -> None:
        self.numbers += 1
        place = (alert_id, route_id)
        self.holds[place] = Hold(self.numbers, alert_id, route_id, kind, ref_id, key, due, number)
        heapq.heappush(self.clock, (due, self.numbers, place))
        if kind == "inhibition":
            self.held_by.setdefault((ref_id, key), set()).add(alert_id)

    def release(self, alert_id: int, route_id: int | None) -> None:
        gone = self.holds.pop((alert_id, route_id), None)
        if gone is not None and gone.kind == "inhibition":
            self.held_by[gone.ref_id, gone.key].discard(alert_id)

    def let_go(self, alert_ids: Iterable[int], now: datetime) -> None:
        """What held these is over: they are judged anew now."""
        for alert_id in sorted(alert_ids):
            hold = self.holds[alert_id, None]
            self._keep(alert_id, None, hold.kind, hold.ref_id, hold.key, now, hold.round)

    def next_due(self) -> datetime | None:
        while self.clock and self._stale(self.clock[0]):
            heapq.heappop(self.clock)
        return self.clock[0][0] if self.clock else None

    def take_due(self, now: datetime) -> list[Hold]:
        """The holds whose time has come, which are over by this."""
        found = []
        while (due := self.next_due()) is not None and due <= now:
            _due, _number, place = heapq.heappop(self.clock)
            found.append(self.holds[place])
            self.release(*place)
        return sorted(found, key=lambda hold: (hold.alert_id, hold.id))

    def _stale(self, entry: tuple[datetime, int, Place]) -> bool:
        hold = self.holds.get(entry[2])
        return hold is None or hold.id != entry[1]
