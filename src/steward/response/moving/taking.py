"""Making our records of another system's, one after the other."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.algorithms.calendars import ZoneError, get_zone
from steward.foundation.actors import Actor
from steward.foundation.errors import StewardError
from steward.people.accounts import actions as accounts
from steward.people.accounts import queries as people
from steward.response.moving.comparing import differences
from steward.response.moving.foreign import Act, Foreign, Ladder, Person, Rota, Team
from steward.response.moving.models import Taken
from steward.response.moving.results import CANNOT, CHANGE, KEPT, MAKE, SAME, Compared, Item, Result
from steward.response.oncall import actions as oncall
from steward.response.oncall import queries as schedules

COMPARED = timedelta(days=30)


class Mover:
    """Takes one export over, writing down what it does."""

    def __init__(self, actor: Actor, now: datetime, source: str, force: bool, result: Result) -> None:
        self._actor, self._now, self._source, self._force, self._result = actor, now, source, force, result
        self._ids: dict[tuple[str, str], int] = {}
        self._taken = {(each.kind, each.ref): each for each in Taken.objects.filter(source=source)}

    def run(self, foreign: Foreign) -> None:
        """People, teams, schedules, policies, in this order; then the comparison."""
        for person in foreign.people:
            self._guarded("person", person.name or person.email, partial(self._person, person))
        for team in foreign.teams:
            self._guarded("team", team.name, partial(self._team, team))
        for rota in foreign.rotas:
            self._guarded("schedule", rota.name, partial(self._rota, rota))
        for ladder in foreign.ladders:
            self._guarded("policy", ladder.name, partial(self._ladder, ladder))
        self._result.items += [Item(note.kind, note.name, CANNOT, note.reason) for note in foreign.notes]
        self._result.compared += [self._compare(rota) for rota in foreign.rotas]

    def _guarded(self, kind: str, name: str, take: Callable[[], None]) -> None:
        """What one record cannot keeps none of the others."""
        try:
            with transaction.atomic():
                take()
        except StewardError as error:
            self._result.items.append(Item(kind, name, CANNOT, str(error.message)))

    def _person(self, person: Person) -> None:
        known = self._known("person", person.ref, people.users(self._actor))
        if known is None and person.email:
            known = people.users(self._actor).filter(email__iexact=person.email).first()
        if known is None:
            known = accounts.create_user(
                actor=self._actor, now=self._now, username=self._free_username(person), name=person.name or person.email,
                role="responder", email=person.email, time_zone=_zone(person.time_zone),
            )  # fmt: skip
            why = _("cannot sign in until a password is set, or single sign-on knows the address")
            self._said("person", str(known), MAKE, why)
        else:
            self._said("person", str(known), SAME)
        self._keep("person", person.ref, known.pk, "", "")

    def _team(self, team: Team) -> None:
        members = [self._ids["person", ref] for ref in team.members if ("person", ref) in self._ids]
        wanted: dict[str, Any] = {"name": team.name, "members": sorted(members)}

        def make() -> int:
            return accounts.create_team(actor=self._actor, now=self._now, name=team.name, member_ids=members).pk

        def change(key: int) -> None:
            found = people.teams(self._actor).get(pk=key)
            accounts.update_team(
                actor=self._actor, now=self._now, team_id=key, name=team.name, description=found.description,
                member_ids=members,
            )  # fmt: skip

        def state(key: int) -> Any:
            found = people.teams(self._actor).get(pk=key)
            return [found.name, sorted(found.memberships.values_list("user_id", flat=True))]

        self._take("team", team.ref, team.name, people.teams(self._actor), wanted, make, change, state)

    def _rota(self, rota: Rota) -> None:
        layers = [self._layer(each) for each in rota.layers]
        wanted = {"name": rota.name, "zone": rota.time_zone, "layers": [repr(layer) for layer in layers]}
        values: dict[str, Any] = {
            "actor": self._actor, "now": self._now, "name": rota.name, "time_zone": rota.time_zone, "layers": layers,
            "team_id": self._ids.get(("team", rota.team)),
        }  # fmt: skip

        def state(key: int) -> Any:
            found = schedules.schedule_by_id(self._actor, key)
            return [
                found.name,
                found.time_zone,
                found.team_id,
                [schedules.layer_facts(each) for each in found.layers.all()],
            ]

        self._take(
            "schedule", rota.ref, rota.name, schedules.schedules(self._actor), wanted,
            lambda: oncall.create_schedule(**values).pk,
            lambda key: oncall.update_schedule(schedule_id=key, **values), state,
        )  # fmt: skip
        self._stand_ins(rota)

    def _layer(self, turns: Any) -> oncall.LayerInput:
        found = [[self._ids["person", ref] for ref in turn if ("person", ref) in self._ids] for turn in turns.turns]
        missing = sum(("person", ref) not in self._ids for turn in turns.turns for ref in turn)
        if missing:
            why = _("%(n)s of its people are not in the export") % {"n": missing}
            self._said("layer", turns.name, CANNOT, why)
        return oncall.LayerInput(
            start=turns.start, turns=[turn for turn in found if turn], name=turns.name, priority=turns.priority,
            time_zone=turns.time_zone, unit=turns.unit, length=turns.length, handover_weekday=turns.handover_weekday,
            handover_time=turns.handover_time, windows=turns.windows, begins_at=turns.begins_at, ends_at=turns.ends_at,
        )  # fmt: skip

    def _stand_ins(self, rota: Rota) -> None:
        key = self._ids.get(("schedule", rota.ref))
        if key is None:
            return
        known = set(schedules.schedule_by_id(self._actor, key).overrides.values_list("user_id", "start_at", "end_at"))
        for each in rota.stand_ins:
            user = self._ids.get(("person", each.person))
            if user is None or each.end <= self._now or (user, each.start, each.end) in known:
                continue
            oncall.add_override(
                actor=self._actor, now=self._now, schedule_id=key, user_id=user, start_at=each.start, end_at=each.end,
                reason=_("taken over"),
            )  # fmt: skip
            self._said("override", rota.name, MAKE)

    def _ladder(self, ladder: Ladder) -> None:
        steps = [step for act in ladder.acts if (step := self._step(act, ladder.name)) is not None]
        if steps and steps[-1].kind != "wait":
            steps.append(oncall.StepInput("wait", wait_minutes=10))
        wanted = {"name": ladder.name, "repeat": ladder.repeat, "steps": [step.to_json() for step in steps]}
        values: dict[str, Any] = {
            "actor": self._actor, "now": self._now, "name": ladder.name, "steps": steps, "repeat": min(10, ladder.repeat),
            "team_id": self._ids.get(("team", ladder.team)),
        }  # fmt: skip

        def state(key: int) -> Any:
            found = schedules.policy_by_id(self._actor, key)
            return [found.name, found.repeat, found.team_id, found.version]

        self._take(
            "policy", ladder.ref, ladder.name, schedules.policies(self._actor), wanted,
            lambda: oncall.create_policy(**values).pk,
            lambda key: oncall.update_policy(policy_id=key, **values), state,
        )  # fmt: skip

    def _step(self, act: Act, policy: str) -> oncall.StepInput | None:
        if act.kind == "wait":
            return oncall.StepInput("wait", wait_minutes=min(1440, act.minutes))
        if act.kind == "turn_people":
            turn = tuple(self._ids["person", ref] for ref in act.people if ("person", ref) in self._ids)
            return oncall.StepInput(act.kind, people=turn, important=act.important)
        kind = {"notify_user": "person", "notify_team": "team"}.get(act.kind, "schedule")
        key = self._ids.get((kind, act.ref))
        if key is None:
            self._said("step", policy, CANNOT, _("whom it notifies is not in the export"))
            return None
        return oncall.StepInput(act.kind, key, important=act.important)

    def _take(
        self, kind: str, ref: str, name: str, ours: Any, wanted: Mapping[str, Any], make: Callable[[], int],
        change: Callable[[int], Any], state: Callable[[int], Any],
    ) -> None:  # fmt: skip
        """Make it, change it, or leave it alone; see README."""
        asked, known = _digest(wanted), self._known(kind, ref, ours)
        taken = self._taken.get((kind, ref))
        if known is None:
            found = ours.filter(name=name).first()
            if found is None:
                key = make()
                self._said(kind, name, MAKE)
                self._keep(kind, ref, key, asked, _digest(state(key)))
                return
            known, taken = found, None
        key = known.pk
        if taken is None and not self._force:
            self._said(kind, name, KEPT, _("there is one of this name already; it stays as it is"))
            self._keep(kind, ref, key, "", "")
            return
        by_hand = taken is not None and taken.made != _digest(state(key))
        if taken is not None and taken.wanted == asked and not (by_hand and self._force):
            why = _("changed here by hand; it stays as it is") if by_hand else ""
            self._said(kind, name, KEPT if by_hand else SAME, why)
            self._ids[kind, ref] = key
            return
        if by_hand and not self._force:
            self._said(kind, name, KEPT, _("changed there and here by hand; it stays as it is here"))
            self._ids[kind, ref] = key
            return
        change(key)
        self._said(kind, name, CHANGE)
        self._keep(kind, ref, key, asked, _digest(state(key)))

    def _known(self, kind: str, ref: str, ours: Any) -> Any:
        taken = self._taken.get((kind, ref))
        return ours.filter(pk=taken.record_id).first() if taken else None

    def _keep(self, kind: str, ref: str, key: int, wanted: str, made: str) -> None:
        self._ids[kind, ref] = key
        values = {"record_id": key, "wanted": wanted, "made": made, "taken_at": self._now}
        Taken.objects.update_or_create(source=self._source, kind=kind, ref=ref, defaults=values)

    def _said(self, kind: str, name: str, act: str, why: str = "") -> None:
        self._result.items.append(Item(kind, name, act, why))

    def _free_username(self, person: Person) -> str:
        base = re.sub(r"[^\w.+-]", "-", person.email.partition("@")[0] or person.name.lower())[:70] or "person"
        taken = {name.lower() for name in people.users(self._actor).values_list("username", flat=True)}
        number, name = 2, base
        while name.lower() in taken:
            name, number = f"{base}-{number}", number + 1
        return name

    def _compare(self, rota: Rota) -> Compared:
        """Who each would page in the next 30 days, as far as the other system rendered them."""
        key = self._ids.get(("schedule", rota.ref))
        ahead = [each for each in rota.entries if each.end > self._now]
        if key is None or not ahead:
            return Compared(rota.name, False)
        start = max(self._now, min(each.start for each in ahead))
        end = min(self._now + COMPARED, max(each.end for each in ahead))
        roster = schedules.roster_of(self._actor, key, start, end)
        names = {self._ids.get(("person", each.person)): each.person for each in ahead}
        called = {user.pk: str(user) for user in people.users(self._actor).filter(pk__in=[k for k in names if k])}
        theirs = [
            (each.start, each.end, called.get(self._ids.get(("person", each.person), 0), each.person)) for each in ahead
        ]
        ours = [(shift.start, shift.end, str(shift.user)) for shift in roster.between(start, end)]
        return Compared(rota.name, True, tuple(differences(theirs, ours, start, end)))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _zone(name: str) -> str:
    try:
        get_zone(name)
    except ZoneError:
        return "UTC"
    return name
