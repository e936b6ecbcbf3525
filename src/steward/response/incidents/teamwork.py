"""Who is on an incident, on which terms, who is asked to take over and who to help: for pages and the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, CharField, DateTimeField, F, Value
from django.db.models.functions import Coalesce, NullIf

from steward.foundation.actors import Actor
from steward.response.incidents import queries
from steward.response.incidents.models import Handover, HandoverState, HelpCall, Incident, IncidentStatus


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody (``taker``) is asked to take over until ``due_at``."""

    id: int
    giver: str
    taker: str
    taker_id: int
    note: str
    asked_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody who was asked for help says; ``coming`` is None until they do."""

    user_id: int
    user: str
    coming: bool | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Call:
    """A call for help with the answers so far; ``mine``: the reader was asked and has not answered; ``searching``: its
    policy still finds people."""

    id: int
    asker: str
    policy: str
    why: str
    asked_at: datetime
    ended: bool
    searching: bool
    answers: tuple[Answer, ...]
    mine: bool


@dataclass(frozen=True, slots=True)
class Teamwork:
    """``expires_at``: when it opens again unless something is noted; ``minutes`` and ``remind_minutes`` are the terms.
    ``for_me``: the reader is asked to take over."""

    expires_at: datetime | None
    minutes: int | None
    remind_minutes: int | None
    handover: Asked | None
    for_me: bool
    calls: tuple[Call, ...]


def teamwork(actor: Actor, incident: Incident) -> Teamwork:
    """What people promised and were asked for about an incident (as ``by_number`` loads it: one query); to people outside
    only the terms."""
    watched = queries.watched(incident)
    expires = watched.expires_at if watched else None
    minutes, remind = (watched.ack_minutes, watched.remind_minutes) if watched else (None, None)
    if actor.is_external or not incident.is_active:
        return Teamwork(expires, minutes, remind, None, False, ())
    rows = _rows(incident)
    asked = next((row for row in rows if row[0] == "handover"), None)
    handover = Asked(asked[1], asked[2], asked[3], asked[5], asked[6], asked[7], asked[8]) if asked else None
    calls: dict[int, list[Sequence[Any]]] = {}
    for row in rows:
        if row[0] == "help":
            calls.setdefault(row[1], []).append(row)
    return Teamwork(
        expires, minutes, remind, handover, handover is not None and handover.taker_id == actor.user_id,
        tuple(_call(calls[key], actor) for key in sorted(calls)),
    )  # fmt: skip


def _rows(incident: Incident) -> list[Sequence[Any]]:
    """The open question and every call with its answers, as rows of one query."""

    def text(value: str) -> Value:
        return Value(value, output_field=CharField())

    handovers = Handover.objects.filter(incident=incident, state=HandoverState.ASKED).values_list(
        text("handover"), F("pk"), _name("giver"), _name("taker"), text(""), F("taker_id"), F("note"), F("asked_at"),
        F("due_at"), Value(None, output_field=BooleanField()), Value(None, output_field=DateTimeField()),
        Value(None, output_field=DateTimeField()),
    )  # fmt: skip
    calls = HelpCall.objects.filter(incident=incident).values_list(
        text("help"), F("pk"), _name("asker"), _name("answers__user"), F("policy_name"), F("answers__user_id"),
        F("why"), F("asked_at"), F("ended_at"), F("answers__coming"), F("answers__at"), F("exhausted_at"),
    )  # fmt: skip
    return list(handovers.union(calls, all=True))


def _name(path: str) -> Coalesce:
    """What a person is called, as ``str`` of them says."""
    return Coalesce(NullIf(F(f"{path}__name"), Value("")), F(f"{path}__username"), Value(""))


def _call(rows: Sequence[Sequence[Any]], actor: Actor) -> Call:
    _kind, key, asker, _name, policy, _user, why, asked_at, ended_at, _coming, _at, over_at = rows[0]
    answers = [Answer(row[5], row[3], row[9], row[10]) for row in rows if row[5] is not None]
    answers.sort(key=lambda each: (each.coming is None, each.coming is False, each.user))
    known = {each.user_id: each.coming for each in answers}
    asked = known.get(actor.user_id, True) is None if actor.user_id else False
    anybody = bool(policy) and ended_at is None and actor.user_id not in known
    return Call(
        key, asker or "", policy, why, asked_at, ended_at is not None, over_at is None, tuple(answers), asked or anybody
    )


def may(actor: Actor, incident: Incident) -> dict[str, bool]:
    """Which of these buttons the actor gets."""
    active = incident.is_active
    return {
        "still": incident.status == IncidentStatus.ACKNOWLEDGED and actor.can("incidents.acknowledge"),
        "snooze": active and incident.snoozed_until is None and actor.can("incidents.edit"),
        "unsnooze": active and incident.snoozed_until is not None and actor.can("incidents.edit"),
        "handover": active and actor.can("incidents.assign"),
        "help": active and actor.can("incidents.assign"),
        "answer": active and actor.can("incidents.note") and not actor.is_external,
    }


def as_json(found: Teamwork) -> dict[str, Any]:
    """For the API."""
    handover = found.handover
    return {
        "expires_at": found.expires_at, "minutes": found.minutes, "remind_minutes": found.remind_minutes,
        "handover": {
            "id": handover.id, "from": handover.giver or "", "to": {"id": handover.taker_id, "name": handover.taker},
            "note": handover.note, "asked_at": handover.asked_at, "until": handover.due_at,
        } if handover else None,
        "help": [
            {
                "id": call.id, "asked_by": call.asker, "policy": call.policy, "why": call.why, "asked_at": call.asked_at,
                "ended": call.ended,
                "answers": [
                    {"id": each.user_id, "name": each.user, "coming": each.coming, "at": each.at}
                    for each in call.answers
                ],
            }
            for call in found.calls
        ],
    }  # fmt: skip
