"""Keeps the demo alive: sends the simulation's alerts to the real ingest, and lets the demo's people answer."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta
from random import Random
from typing import Any

import orjson
from django.db import DatabaseError, close_old_connections, connection

from steward.cli.demo import estate, history
from steward.cli.demo.answers import Act, Seen, acts
from steward.cli.demo.fill import ACTOR, State
from steward.cli.demo.simulation import REFRESH_SECONDS, Sending, Simulation
from steward.config.environment import Environment
from steward.estate.configuration import queries as configuration
from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.foundation.errors import StewardError
from steward.foundation.outbound import OutboundError, OutboundPolicy, request
from steward.people.accounts import queries as people
from steward.response.incidents import actions as incidents
from steward.response.incidents import queries
from steward.response.oncall import queries as oncall

log = logging.getLogger(__name__)
SEED = 7
TICK_SECONDS = 1.0
ANSWER_EVERY = 3
REPORT_SECONDS = 420.0
# A firing alert that is not heard of for this long is over, as with Prometheus.
LIVES = timedelta(minutes=4)
# Nothing that has waited longer is worth sending: the next refresh says it again.
MOST_WAITING = 2000


def run(env: Environment, state: State, *, speed: float, stop: threading.Event) -> int:
    """Feed until told to stop. The web process may not be up yet, or be gone for a while: then alerts wait."""
    sender = Sender(env, state, clock.now(), speed)
    simulation = Simulation(SEED, refresh=REFRESH_SECONDS * max(1.0, speed))
    staff = Staff(speed)
    began, ticks = time.monotonic(), 0
    while not stop.wait(TICK_SECONDS):
        at = (time.monotonic() - began) * speed
        sender.send(simulation.step(at))
        ticks += 1
        if ticks % ANSWER_EVERY == 0:
            try:
                staff.work(clock.now(), at)
            except DatabaseError as error:
                log.warning("the demo's people cannot reach the database: %s", str(error).splitlines()[0])
                connection.close()
            close_old_connections()
    return 0


class Sender:
    """The demo's two monitoring systems: Prometheus for all, and one of its own kind for the branches."""

    def __init__(self, env: Environment, state: State, epoch: datetime, speed: float) -> None:
        host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(env.host, env.host)  # noqa: S104 - compared
        self.base = f"http://[{host}]:{env.port}" if ":" in host else f"http://{host}:{env.port}"
        self.policy = OutboundPolicy.parse((host,))
        self.paths = (f"/in/{state.alerts_key}/api/v2/alerts", f"/in/{state.events_key}/events")
        self.epoch, self.speed = epoch, speed
        self.waiting: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])

    def send(self, sendings: list[Sending]) -> None:
        for sending in sendings:
            branch = sending.labels["service"] == "branch-network"
            self.waiting[branch].append(self._event(sending) if branch else self._alert(sending))
        for path, waiting in zip(self.paths, self.waiting, strict=True):
            del waiting[:-MOST_WAITING]
            if waiting and self._post(path, waiting):
                waiting.clear()

    def _post(self, path: str, body: list[dict[str, Any]]) -> bool:
        headers = {"Content-Type": "application/json"}
        try:
            request(
                "POST", self.base + path, policy=self.policy, headers=headers, content=orjson.dumps(body), timeout=10
            )
        except OutboundError as error:
            if not error.retryable and not error.maybe_delivered:
                log.warning("the demo's alerts were refused: %s", error.detail)
                return True
            return False
        return True

    def _at(self, seconds: float) -> datetime:
        return self.epoch + timedelta(seconds=seconds / self.speed)

    def _alert(self, sending: Sending) -> dict[str, Any]:
        ended = self._at(sending.ended) if sending.ended is not None else clock.now() + LIVES
        return {
            "labels": sending.labels, "annotations": sending.annotations,
            "startsAt": self._at(sending.began).isoformat(), "endsAt": ended.isoformat(),
            "generatorURL": f"https://prometheus.{estate.DOMAIN}/graph?g0.expr={sending.labels['alertname']}",
        }  # fmt: skip

    def _event(self, sending: Sending) -> dict[str, Any]:
        labels = {name: value for name, value in sending.labels.items() if name not in {"alertname", "severity"}}
        found = {
            "name": sending.labels["alertname"], "severity": sending.labels["severity"], "labels": labels,
            "summary": sending.annotations["summary"], "starts_at": self._at(sending.began).isoformat(),
            "status": "firing" if sending.ended is None else "resolved",
        }  # fmt: skip
        if sending.ended is None:
            return found | {"expires_in": int(LIVES.total_seconds())}
        return found | {"ends_at": self._at(sending.ended).isoformat()}


class Staff:
    """The demo's people at work, through the same actions as the pages'."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self.reported = 0.0
        self.rng = Random(SEED)  # noqa: S311 - a story, not a secret
        self.by_name = {user.username: user.pk for user in people.users(ACTOR)}

    def work(self, now: datetime, at: float) -> None:
        """Answer every active incident, and now and then report one."""
        for incident in list(queries.active(ACTOR).select_related("service__owner_team")[:200]):
            try:
                self._answer(incident, now)
            except StewardError as error:
                # The incident went on in between, by its alerts or by whoever is trying the demo.
                log.debug("%s: %s", incident.ref, error.message)
        if at - self.reported >= REPORT_SECONDS:
            self.reported = at
            self._report(now)

    def _answer(self, incident: Any, now: datetime) -> None:
        kinds = list(queries.timeline(ACTOR, incident).values_list("kind", flat=True))
        acknowledged = incident.acknowledged_at
        seen = Seen(
            number=incident.number,
            team=incident.service.owner_team.slug if incident.service and incident.service.owner_team else "",
            severity=incident.severity,
            age=self._age(incident.opened_at, now),
            acknowledged_age=self._age(acknowledged, now) if acknowledged else None,
            notes=kinds.count("note"),
            by_hand=incident.origin.get("kind") == "person",
            supplied=incident.supplier_id is not None,
            raised="severity" in kinds,
        )
        for act in acts(seen):
            self._do(act, incident, now)

    def _age(self, since: datetime, now: datetime) -> float:
        return (now - since).total_seconds() * self.speed

    def _do(self, act: Act, incident: Any, now: datetime) -> None:
        actor = self._supplier(incident.supplier_id) if act.verb == "supplier-note" else self._responder(incident, now)
        if actor is None:
            return
        if act.verb == "acknowledge":
            incidents.acknowledge(actor=actor, now=now, incident_id=incident.pk)
        elif act.verb == "raise":
            incidents.set_severity(actor=actor, now=now, incident_id=incident.pk, severity="SEV2", why=act.text)
        elif act.verb == "resolve":
            incidents.resolve(actor=actor, now=now, incident_id=incident.pk, why=act.text)
        else:
            incidents.add_note(actor=actor, now=now, incident_id=incident.pk, text=act.text)

    def _responder(self, incident: Any, now: datetime) -> Actor | None:
        """Whoever has it, or else who is on call for it."""
        if incident.assignee_id:
            return self._person(incident.assignee_id)
        steps = oncall.who_would_be_paged(incident.policy_id, now) if incident.policy_id else []
        paged = next((person.user_id for step in steps for person in step.people), None)
        return self._person(paged) if paged else None

    def _person(self, user_id: int) -> Actor | None:
        user = people.person(user_id)
        return people.actor_for_user(user) if user is not None and user.is_active else None

    def _supplier(self, organisation_id: int) -> Actor | None:
        user = people.users(ACTOR).filter(organisation_id=organisation_id, is_active=True).order_by("pk").first()
        return self._person(user.pk) if user is not None else None

    def _report(self, now: datetime) -> None:
        slug, severity, title = self.rng.choice(history.REPORTED)
        service = configuration.service_by_slug(ACTOR, slug)
        policy = next((p for p in oncall.policies(ACTOR) if p.team_id == service.owner_team_id), None)
        agent = self._person(self.by_name[self.rng.choice(("aoife", "bruno"))])
        if agent is not None:
            incidents.declare(
                actor=agent, now=now, title=title, severity=severity, service_id=service.pk,
                policy_id=policy.pk if policy else None,
            )  # fmt: skip
