"""Fills an empty Steward with the demo's organisation, through the same actions that pages and API call."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from django.db import transaction

from steward.algorithms import rotation
from steward.algorithms.matching import parse_matchers
from steward.cli.demo import estate, history
from steward.cli.trouble import Trouble
from steward.config.environment import Environment
from steward.estate.configuration import actions as configuration
from steward.estate.configuration import queries as estate_queries
from steward.foundation import clock
from steward.foundation.actors import Actor, system
from steward.foundation.database.locks import lock_in_transaction
from steward.people.accounts import actions as accounts
from steward.people.accounts import queries as people
from steward.people.workforce import actions as workforce
from steward.response.incidents import actions as incidents
from steward.response.oncall import actions as oncall
from steward.response.oncall import queries as oncall_queries
from steward.response.suppression import actions as suppression
from steward.response.triage import actions as triage
from steward.signals.alerts import actions as alerts

ACTOR = system("demo")
SHOWN = ("maeve", "ines", "aoife", "oskar", "fernway-noc")
SEVERITIES = {"emergency": "SEV1", "critical": "SEV2", "warning": "SEV3", "*": "SEV4"}


@dataclass(frozen=True, slots=True)
class State:
    """What the demo must remember, because Steward does not keep it: kept in the data folder, for its owner only."""

    password: str
    alerts_key: str
    events_key: str


@dataclass(slots=True)
class _Made:
    """Keys of the records made so far, by the names of the plan."""

    users: dict[str, int]
    teams: dict[str, int]
    organisations: dict[str, int]
    services: dict[str, int]
    policies: dict[str, int]


def ensure(env: Environment) -> State:
    """Fill the database if that has not been done, and say how to sign in."""
    path = env.data / "demo.json"
    with transaction.atomic():
        lock_in_transaction("steward.demo")
        if people.organisations(ACTOR).filter(slug="cobaltridge").exists():
            return _remembered(path)
        if people.users(ACTOR).count() > 1 or estate_queries.services(ACTOR).exists():
            raise Trouble("this database already holds an organisation; the demo wants an empty one (set STEWARD_DATA)")
        print("steward: filling the demo's organisation in, this takes some seconds", flush=True)
        state = _fill(clock.now(), env.admin_password or secrets.token_urlsafe(9))
        # Written before the commit: a file without its records does no harm, records without their keys would.
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(state)))
    print(f"steward: the demo's people sign in with password {state.password}: {', '.join(SHOWN)}", flush=True)
    return state


def _remembered(path: Path) -> State:
    try:
        state = State(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise Trouble(f"{path} with the demo's keys is missing; remove the data folder and start again") from error
    print(f"steward: the demo's people sign in with password {state.password}: {', '.join(SHOWN)}", flush=True)
    return state


def _fill(now: datetime, password: str) -> State:
    made = _Made({}, {}, {}, {}, {})
    _people(made, now, password)
    _estate(made, now)
    _on_call(made, now)
    _away(made, now)
    _routes(made, now)
    _held(made, now)
    _past(made, now)
    _, alerts_key = alerts.create_source(actor=ACTOR, now=now, name="Prometheus (data centres)", kind="alertmanager")
    _, events_key = alerts.create_source(actor=ACTOR, now=now, name="Branch monitor", kind="events")
    return State(password, alerts_key, events_key)


def _people(made: _Made, now: datetime, password: str) -> None:
    home = people.home_organisation()
    if home is not None:
        accounts.update_organisation(actor=ACTOR, now=now, organisation_id=home.pk, name=estate.NAME)
    for kind, plans in (("supplier", estate.SUPPLIERS), ("customer", estate.CUSTOMERS)):
        for slug, name in plans.items():
            organisation = accounts.create_organisation(actor=ACTOR, now=now, name=name, kind=kind, slug=slug)
            made.organisations[slug] = organisation.pk
    for person in estate.PEOPLE:
        user = accounts.create_user(
            actor=ACTOR, now=now, username=person.username, name=person.name, role=person.role, email=person.email,
            password=password, organisation_id=made.organisations.get(person.organisation), time_zone=person.time_zone,
        )  # fmt: skip
        made.users[person.username] = user.pk
    for plan in estate.TEAMS:
        members = [made.users[person.username] for person in estate.PEOPLE if person.team == plan.slug]
        team = accounts.create_team(
            actor=ACTOR, now=now, name=plan.name, slug=plan.slug, description=plan.description, member_ids=members
        )
        made.teams[plan.slug] = team.pk


def _estate(made: _Made, now: datetime) -> None:
    for plan in estate.SERVICES:
        service = configuration.create_service(
            actor=ACTOR, now=now, name=plan.name, slug=plan.slug, description=plan.description, tier=plan.tier,
            owner_team_id=made.teams[plan.team], supplier_id=made.organisations.get(plan.supplier),
            links=[{"title": "Handbook", "url": f"https://handbook.{estate.DOMAIN}/{plan.slug}"}],
            match_labels={"service": plan.slug},
        )  # fmt: skip
        made.services[plan.slug] = service.pk
    items: dict[str, int] = {}
    for item in estate.items():
        found = configuration.create_item(
            actor=ACTOR, now=now, type=item.type, name=item.name, environment=item.environment,
            labels={"instance": item.name}, service_id=made.services[item.service],
        )  # fmt: skip
        items[item.name] = found.pk
    for plan in estate.SERVICES:
        for other in plan.depends_on:
            configuration.add_relation(
                actor=ACTOR, now=now, kind="depends_on", source_service_id=made.services[plan.slug],
                target_service_id=made.services[other],
            )  # fmt: skip
    for item in estate.items():
        if item.runs_on:
            configuration.add_relation(
                actor=ACTOR,
                now=now,
                kind="runs_on",
                source_item_id=items[item.name],
                target_item_id=items[item.runs_on],
            )


def _on_call(made: _Made, now: datetime) -> None:
    monday = (now - timedelta(days=now.weekday(), weeks=4)).date()
    for number, plan in enumerate(estate.TEAMS):
        rota = [p for p in estate.PEOPLE if p.team == plan.slug and p.role == "responder"]
        rota += [p for p in estate.PEOPLE if p.team == plan.slug and p.role == "lead"]
        members = [made.users[person.username] for person in rota]
        schedule = oncall.create_schedule(
            actor=ACTOR, now=now, name=plan.name, time_zone=plan.time_zone, team_id=made.teams[plan.slug],
            layers=_layers(members, monday, number),
        )  # fmt: skip
        notify = oncall.StepInput("notify_schedule", schedule.pk)
        everyone = oncall.StepInput("notify_team", made.teams[plan.slug])
        lead = oncall.StepInput("notify_user", made.users["maeve"])
        first, later = (oncall.StepInput("wait", wait_minutes=minutes) for minutes in (plan.wait_minutes, 10))
        policy = oncall.create_policy(
            actor=ACTOR, now=now, name=f"{plan.name} around the clock", repeat=2, team_id=made.teams[plan.slug],
            steps=[notify, first, everyone, later, lead, later],
        )  # fmt: skip
        made.policies[plan.slug] = policy.pk
        if number in {1, 3}:
            start = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
            away = oncall_queries.who(schedule.pk, start)
            stand_in = next(member for member in members if member not in {shift.user.pk for shift in away})
            oncall.add_override(
                actor=ACTOR, now=now, schedule_id=schedule.pk, user_id=stand_in, start_at=start,
                end_at=start + timedelta(hours=10), reason="training day",
            )  # fmt: skip


def _away(made: _Made, now: datetime) -> None:
    """Somebody is on leave during a shift, and asks a colleague to take the next one."""
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=9)
    for name, plan in (("Integration", "leave"), ("Network", "cover")):
        schedule = oncall_queries.schedules(ACTOR).filter(name=name).first()
        shift = next(iter(oncall_queries.who(schedule.pk, start)), None) if schedule else None
        if schedule is None or shift is None:
            continue
        if plan == "leave":
            workforce.add_leave(
                actor=ACTOR, now=now, user_id=shift.user.pk, first_day=start.date(),
                last_day=(start + timedelta(days=2)).date(), note="long weekend",
            )  # fmt: skip
        else:
            oncall.ask_for_cover(
                actor=ACTOR, now=now, schedule_id=schedule.pk, user_id=shift.user.pk, start_at=start,
                end_at=start + timedelta(hours=12), note="school play",
            )  # fmt: skip


def _layers(members: list[int], monday: date, number: int) -> list[oncall.LayerInput]:
    """Weeks for everybody; one team has its nights by turns of days on top."""
    weekly = oncall.LayerInput(start=monday, handover_weekday=number % 2, turns=[[member] for member in members])
    if number != 1:
        return [weekly]
    hours = [rotation.Window(frozenset(range(5)), time(20), time(6))]
    nights = oncall.LayerInput(
        start=monday, unit="day", length=2, handover_time=time(12), windows=hours, priority=10, name="Nights",
        turns=[[member] for member in reversed(members)],
    )  # fmt: skip
    return [replace(weekly, name="Weeks"), nights]


def _routes(made: _Made, now: datetime) -> None:
    quiet = {"group_wait": 5, "policy_id": None, "severity_map": {"*": "SEV4"}, "reopen_minutes": 30}
    triage.create_route(
        actor=ACTOR, now=now, name="Staging and training: only record", matchers='{env=~"staging|training"}',
        group_by=["service"], opens_incident=False, **quiet,
    )  # fmt: skip
    triage.create_route(
        actor=ACTOR, now=now, name="Information: only record", matchers='{severity="info"}', group_by=["alertname"],
        opens_incident=False, **quiet,
    )  # fmt: skip
    for plan in estate.TEAMS:
        triage.create_route(
            actor=ACTOR, now=now, name=plan.name, matchers=f'{{team="{plan.slug}"}}', group_by=list(plan.group_by),
            group_wait=10, policy_id=made.policies[plan.slug], severity_map=SEVERITIES, auto_resolve=True,
            reopen_minutes=5,
        )  # fmt: skip


def _held(made: _Made, now: datetime) -> None:
    """What keeps alerts from paging: a rule, named times, a silence that somebody set this morning, planned work."""
    triage.save_inhibition(
        actor=ACTOR, now=now, name="Slow storage explains the rest",
        source='alertname="StorageLatencyHigh", severity="critical"',
        target='alertname=~"QueueGrowing|UploadErrors", severity="warning"', equal=["env"],
    )  # fmt: skip
    night = [{"start_time": "22:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}]
    triage.save_interval(actor=ACTOR, now=now, name="nights", spec=[{"times": night, "location": "Europe/Dublin"}])
    triage.save_interval(
        actor=ACTOR, now=now, name="month end", spec=[{"days_of_month": ["-2:-1"], "location": "Europe/Dublin"}]
    )
    suppression.create_silence(
        actor=_acting(made, "wei"), now=now - timedelta(hours=3),
        wish=suppression.Wish(
            parse_matchers('alertname="CapacityLow", severity="warning"'),
            "Two hosts are out for new memory; the third comes back on Friday.",
            suppression.Plan(now - timedelta(hours=3), now + timedelta(hours=45)), notice_minutes=60,
        ),
    )  # fmt: skip
    sunday = (now + timedelta(days=6 - now.weekday())).replace(hour=2, minute=0, second=0, microsecond=0)
    suppression.create_window(
        actor=ACTOR, now=now,
        work=suppression.Work(
            "Patches of the telephony routers",
            suppression.Plan(sunday, None, "FREQ=WEEKLY;BYDAY=SU", timedelta(hours=3), "Europe/Dublin"),
            service_ids=[made.services["telephony"]], reason="The supplier patches every Sunday night.",
        ),
    )  # fmt: skip


def _past(made: _Made, now: datetime) -> None:
    """Incidents of the days before. All of each happens in this transaction, so no engine pages anybody for it."""
    for past in history.PAST:
        plan = estate.service(past.service)
        opened = now - timedelta(hours=past.hours_ago)
        members = [person for person in estate.PEOPLE if person.team == plan.team and person.role != "agent"]
        responder = _acting(made, members[int(past.hours_ago) % len(members)].username)
        incident = incidents.declare(
            actor=_acting(made, "aoife" if past.hours_ago % 2 < 1 else "bruno"), now=opened, title=past.title,
            severity=past.severity, service_id=made.services[past.service], policy_id=made.policies[plan.team],
        )  # fmt: skip
        at = opened + timedelta(minutes=past.acknowledged)
        incidents.acknowledge(actor=responder, now=at, incident_id=incident.pk)
        gap = timedelta(minutes=(past.resolved - past.acknowledged) / (len(past.notes) + 1))
        for note in past.notes:
            at += gap
            incidents.add_note(actor=responder, now=at, incident_id=incident.pk, text=note)
        incidents.resolve(
            actor=responder, now=opened + timedelta(minutes=past.resolved), incident_id=incident.pk, why=past.notes[-1]
        )


def _acting(made: _Made, username: str) -> Actor:
    user = people.person(made.users[username])
    if user is None:  # made a moment ago, in this transaction
        raise Trouble(f"{username} is missing")
    return people.actor_for_user(user)
