"""One of everything (or several), so that every endpoint has something to answer with. The word MARK is in each text."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

from steward.algorithms.matching import Matcher
from steward.estate.configuration import actions as estate
from steward.foundation import clock
from steward.foundation.actors import system
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import actions as accounts
from steward.people.views import actions as views
from steward.people.workforce import actions as workforce
from steward.response.burden.models import ShiftReport
from steward.response.incidents import actions as incidents
from steward.response.incidents.models import Incident
from steward.response.notifications import actions as notifications
from steward.response.notifications.models import Confirmation
from steward.response.oncall import actions as oncall
from steward.response.suppression import actions as suppression
from steward.response.timemachine import actions as timemachine
from steward.response.timemachine.models import ConfigurationVersion
from steward.response.triage import actions as triage
from steward.response.triage.models import Decision
from steward.signals.alerts import actions as alerts
from steward.signals.alerts import mapping, rulebook, tables
from steward.signals.alerts.models import Alert, AlertChange, LastPayload, ParkedPayload, Payload

MARK = "quokka"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
# Later: nobody pages people on leave, and others here ask them.
AWAY = NOW.date() + timedelta(days=40)
SYSTEM = system("test")
PASSWORD = "copper lantern over the harbour"


class World:
    """``ids`` fills the braces of paths; everything is made ``number`` times, the ids are those of the first."""

    def __init__(self, number: int = 1) -> None:
        self.ids: dict[str, Any] = {}
        self._given: dict[str, Any] = {"actor": SYSTEM, "now": NOW}
        for n in range(number):
            self._people(f"{MARK} {n}")
            self._estate(f"{MARK} {n}")
            self._oncall(f"{MARK} {n}")
            self._signals(f"{MARK} {n}")
            self._response(f"{MARK} {n}")
            self._suppression(f"{MARK} {n}")
            self._timemachine(f"{MARK} {n}")

    def path(self, template: str) -> str:
        """The path with keys of real records."""
        parts = [
            str(self.ids[part[1:-1]]) if part.startswith("{") and part.endswith("}") else part
            for part in template.split("/")
        ]
        return "/".join(parts)

    def _keep(self, **found: Any) -> None:
        for name, value in found.items():
            self.ids.setdefault(name, value)

    def _people(self, name: str) -> None:
        supplier = accounts.create_organisation(**self._given, name=f"{name} works", kind="supplier")
        self.user = accounts.create_user(
            **self._given, username=name.replace(" ", "-"), name=name, role="responder", email=f"{MARK}@example.org"
        )
        deputy = accounts.create_user(
            **self._given, username=f"{name}-deputy".replace(" ", "-"), name=f"{name} deputy", role="responder",
            email=f"{MARK}-deputy@example.org",
        )  # fmt: skip
        away = workforce.add_leave(**self._given, user_id=deputy.pk, first_day=AWAY, last_day=AWAY, note=MARK)
        self._keep(deputy_id=deputy.pk, leave_id=away.pk, channel="slack")
        team = accounts.create_team(**self._given, name=name, description=MARK, member_ids=[self.user.pk])
        key, _raw = accounts.create_api_key(**self._given, name=name, role="viewer")
        view = views.create_view(**self._given, list_key="incidents", name=name, query="severity=SEV1", shared=True)
        self._keep(user_id=self.user.pk, team_id=team.pk, organisation_id=supplier.pk, key_id=key.pk, view_id=view.pk)

    def _estate(self, name: str) -> None:
        self.service = estate.create_service(**self._given, name=name, owner_team_id=self.ids["team_id"])
        other = estate.create_service(**self._given, name=f"{name} behind")
        item = estate.create_item(**self._given, type="host", name=name, labels={"host": name})
        relation = estate.add_relation(
            **self._given, kind="depends_on", source_service_id=self.service.pk, target_item_id=item.pk
        )
        self._keep(service=other.slug, service_id=other.pk, item_id=item.pk, relation_id=relation.pk)

    def _oncall(self, name: str) -> None:
        rotation = {
            "time_zone": "Europe/Berlin",
            "layers": [oncall.LayerInput(start=date(2026, 3, 2), turns=[[self.user.pk]])],
        }  # fmt: skip
        used = oncall.create_schedule(**self._given, name=f"{name} used", **rotation)
        free = oncall.create_schedule(**self._given, name=name, **rotation)
        override = oncall.add_override(
            **self._given, schedule_id=free.pk, user_id=self.user.pk, start_at=NOW, end_at=NOW + timedelta(days=1),
            reason=MARK,
        )  # fmt: skip
        later = datetime(2096, 3, 5, 8, tzinfo=UTC)
        swap = oncall.ask_for_cover(
            **self._given, schedule_id=free.pk, user_id=self.user.pk, start_at=later, end_at=later + timedelta(hours=8),
            note=MARK, offered_to_id=self.ids["deputy_id"],
        )  # fmt: skip
        report = ShiftReport.objects.create(
            schedule=free, user=self.user, start_at=NOW - timedelta(days=1), end_at=NOW, asked_at=NOW, comment=MARK
        )
        file = oncall.CalendarInput(
            name=name, content="BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"
        )
        calendar = oncall.add_calendar(**self._given, schedule_id=free.pk, calendar=file)
        self._keep(swap_id=swap.pk, report_id=report.pk, calendar_id=calendar.pk)
        steps = [oncall.StepInput("notify_schedule", used.pk), oncall.StepInput("wait", wait_minutes=5)]
        self.policy = oncall.create_policy(**self._given, name=f"{name} used", steps=steps)
        policy = oncall.create_policy(**self._given, name=name, steps=steps)
        self._keep(
            schedule_id=free.pk, schedule_slug=free.slug, override_id=override.pk, policy_id=policy.pk,
            policy_slug=policy.slug, layer_id=free.layers.get().pk,
        )  # fmt: skip

    def _signals(self, name: str) -> None:
        source, _key = alerts.create_source(**self._given, name=name, kind="events", resolve_timeout=300)
        times = dict.fromkeys(("starts_at", "first_seen_at", "last_seen_at", "changed_at"), NOW)
        self.alert = Alert.objects.create(
            source=source, name=name, labels={"alertname": name}, fingerprint=source.pk.to_bytes(16, "big"),
            service=self.service, **times,
        )  # fmt: skip
        document = {"labels": {"alertname": "name"}, "annotations": {"summary": MARK}}
        mapping.save_mapping(**self._given, source_id=source.pk, document=document, note=MARK)
        used = tables.save_table(**self._given, name=f"used-{source.pk}", text="host,owner\nweb-1,shop\n")
        asked = {"table": used.table.name, "keys": {"host": "instance"}, "columns": {"owner": "owner"}}
        given = {"name": name, "kind": "lookup", "target": "labels", **asked}
        rule = rulebook.save_rule(**self._given, given=given, note=MARK)
        table = tables.save_table(**self._given, name=f"free-{source.pk}", text=f"host,note\n1,{MARK}\n", note=MARK)
        raw = f'{{"name": "{MARK}", "status": "firing"}}'.encode()
        request = {"source": source, "at": NOW, "endpoint": "events", "size": len(raw), "body": raw}
        Payload.objects.create(id=source.pk, **request)
        LastPayload.objects.create(**request)
        self.change = AlertChange.objects.create(
            alert=self.alert, at=NOW, status="firing", starts_at=NOW, reason={"text": MARK}, payload_id=source.pk
        )
        parked = ParkedPayload.objects.create(source=source, received_at=NOW, endpoint="events", error=MARK, raw=raw)
        self._keep(
            alert_id=self.alert.pk,
            source_id=source.pk,
            parked_id=parked.pk,
            change_id=self.change.pk,
            mapping_version=1,
            enrichment_version=rulebook.version(self._given["actor"]),
            table_id=table.table_id,
            lookup_version=table.number,
            enrichment_id=rule["id"],
            rule_kind="lookup",
        )

    def _moved(self, name: str, joining: incidents.JoiningAlert, incident: Incident) -> None:
        """An incident of several alerts, what was split off it, and what was merged into it."""
        opening: dict[str, Any] = {"severity": "SEV4", "service_id": None, "policy_id": None, "origin": {}, "why": MARK}
        extra = [self._twin(f"{name} {n}") for n in range(2)]
        members = [joining, *(incidents.JoiningAlert(each.pk, each.name, "", True, {}, MARK) for each in extra)]
        twin = incidents.open_incident(**self._given, title=f"{name} twin", alerts=members, **opening)
        part = incidents.split(
            **self._given, incident_id=twin.pk, alert_ids=[extra[0].pk], title=name, severity="SEV4", pages=False
        )
        merged = incidents.open_incident(**self._given, title=f"{name} merged", **opening)
        incidents.merge(**self._given, incident_id=merged.pk, into_id=twin.pk)
        self._keep(
            twin=twin.ref, part=part.ref, merged=merged.ref, part_id=extra[1].pk, main=incident.ref
        )  # fmt: skip

    def _twin(self, name: str) -> Alert:
        """Another alert like the first."""
        found = Alert.objects.get(pk=self.alert.pk)
        found.pk, found.name, found.labels = None, name, {**found.labels, "alertname": name}
        found.fingerprint = name.encode()[-16:].rjust(16, b".")
        found._state.adding = True
        found.save(force_insert=True)
        return found

    def _asked(self, incident_id: int) -> None:
        """Somebody is asked to take over, and somebody to help."""
        deputy = self.ids["deputy_id"]
        handover = incidents.ask_handover(**self._given, incident_id=incident_id, to_id=deputy, note=MARK)
        (call,) = incidents.ask_help(**self._given, incident_id=incident_id, people=[deputy], why=MARK)
        self._keep(
            handover_id=handover.pk, call_id=call.pk, tomorrow=(clock.now() + timedelta(days=1)).isoformat()
        )  # fmt: skip

    def _response(self, name: str) -> None:
        # Two, so that each can be moved up; new ones are the last before the default route.
        triage.create_route(**self._given, name=f"{name} first", matchers=f'team="{MARK}"')
        route = triage.create_route(**self._given, name=name, matchers=f'team="{MARK}"', policy_id=self.policy.pk)
        rule = triage.save_inhibition(**self._given, name=name, source=f'team="{MARK}"', target='severity="none"')
        joining = incidents.JoiningAlert(self.alert.pk, self.alert.name, "", True, {}, MARK)
        interval = triage.save_interval(**self._given, name=name, spec=[{"weekdays": ["monday"]}])
        incident = incidents.open_incident(
            **self._given, title=name, severity="SEV2", service_id=self.service.pk, policy_id=self.policy.pk,
            origin={"kind": "route", "id": route.pk, "name": route.name, "version": 1}, alerts=[joining], why=MARK,
        )  # fmt: skip
        over = incidents.open_incident(
            **self._given, title=f"{name} over", severity="SEV4", service_id=None, policy_id=None, origin={}, why=MARK
        )
        incidents.resolve(**self._given, incident_id=over.pk)
        self._asked(incident.pk)
        Decision.objects.create(
            alert=self.alert, change=self.change, at=NOW, outcome="opened", reason=MARK, route=route, incident=incident
        )
        notifications.set_channel(**self._given, channel="slack", values={"token": f"xoxb-{MARK}", "signing": MARK})
        method = notifications.add_contact_method(
            **self._given, user_id=self.user.pk, channel="email", target=f"{self.user.username}@example.org"
        )
        page = notifications.page(
            **self._given, user_id=self.user.pk, key=name, subject=SubjectRef("incident", incident.pk),
            subject_label=name, title=name, body=MARK, reason={"why": MARK},
        )  # fmt: skip
        self.over: Incident = over
        self._moved(name, joining, incident)
        digest = hashlib.sha256(f"{method.pk}|{method.target}|123456".encode()).hexdigest()
        Confirmation.objects.update_or_create(
            method=method, defaults={"digest": digest, "expires_at": datetime(2096, 1, 1, tzinfo=UTC)}
        )
        self._keep(
            incident_id=incident.pk,
            route_id=route.pk,
            rule_id=rule.pk,
            interval_id=interval.pk,
            ref=incident.ref,
            over=over.ref,
            method_id=method.pk,
            page_id=page.page_id,
        )

    def _suppression(self, name: str) -> None:
        plan = suppression.Plan(NOW, datetime(2099, 1, 1, tzinfo=UTC))
        wish = suppression.Wish((Matcher("team", "=", MARK),), name, plan)
        work = suppression.Work(name, plan, service_ids=[self.service.pk], reason=MARK)
        silence = suppression.create_silence(**self._given, wish=wish)
        window = suppression.create_window(**self._given, work=work)
        self._keep(silence_id=silence.pk, window_id=window.pk)

    def _timemachine(self, name: str) -> None:
        draft = timemachine.create_draft(**self._given, name=name)
        text = draft.text.replace("changes: 6", "changes: 7")
        timemachine.save_draft(**self._given, draft_id=draft.pk, revision=1, text=text)
        replay = timemachine.ask_replay(
            **self._given, draft_id=draft.pk, start=NOW - timedelta(days=1), end=NOW
        )  # fmt: skip
        self._keep(replay_id=replay.pk)
        first = ConfigurationVersion.objects.order_by("number")[0]
        self._keep(draft_id=draft.pk, version_number=first.number)
