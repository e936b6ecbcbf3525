"""A database as it is after years: alerts with their changes and decisions, incidents with their timelines.

The rows are made inside PostgreSQL (generate_series), which is several times faster than sending them with COPY: a
million alerts with everything that hangs on them in a minute or two. Times are spread over the last 90 days.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg

SERVICES = 40
ITEMS = 300
PEOPLE = 60
SPREAD = "interval '90 days'"


@dataclass(frozen=True)
class Size:
    """How many rows. ``open_incidents`` are open or acknowledged, ``firing`` alerts still fire."""

    alerts: int = 1_000_000
    incidents: int = 200_000
    items: int = 20_000
    firing: int = 10_000
    open_incidents: int = 400

    def smaller(self, times: int) -> Size:
        return Size(self.alerts // times, self.incidents // times, self.items // times, self.firing // times, 100)


FULL = Size()
# %(name)s are the numbers of Size and of this module; i counts the rows.
ESTATE = (
    "INSERT INTO accounts_user (password, username, name, email, organisation_id, role, time_zone, language, is_active,"
    " created_at) SELECT '!', 'person' || i, 'Person ' || i, 'person' || i || '@example.org',"
    " (SELECT min(id) FROM accounts_organisation), 'responder', 'Europe/Berlin', 'en', true, now()"
    " FROM generate_series(1, %(people)s) i",
    "INSERT INTO alerts_source (name, kind, key_digest, key_prefix, enabled, resolve_timeout, created_at)"
    " SELECT 'Generated ' || i, 'alertmanager', md5('source' || i) || md5('key' || i), 'gen' || i, true, 86400, now()"
    " FROM generate_series(1, 4) i",
    "INSERT INTO configuration_service (name, slug, description, tier, links, match_labels, created_at)"
    " SELECT 'Service ' || i, 'service-' || i, 'Generated.', 1 + i %% 4, '[]',"
    " jsonb_build_object('service', 'service-' || i), now() FROM generate_series(1, %(services)s) i",
    "INSERT INTO configuration_configurationitem (type, name, environment, labels, service_id, created_at)"
    " SELECT (ARRAY['host','database','application','queue'])[1 + i %% 4], 'item-' || i, 'production',"
    " jsonb_build_object('instance', 'host-' || i), (SELECT id FROM configuration_service WHERE slug ="
    " 'service-' || (1 + i %% %(services)s)), now() FROM generate_series(1, %(items)s) i",
)
ALERTS = (
    "INSERT INTO alerts_alert (source_id, fingerprint, name, labels, annotations, severity, generator_url, status,"
    " starts_at, ends_at, first_seen_at, last_seen_at, changed_at, fire_count, due_at, service_id, item_id)"
    " SELECT (SELECT min(id) FROM alerts_source WHERE name LIKE 'Generated %%') + i %% 4,"
    " decode(md5('alert' || i), 'hex'), n, jsonb_build_object('alertname', n, 'severity', s, 'instance',"
    " 'host-' || (1 + i %% %(items)s), 'service', 'service-' || (1 + i %% %(services)s), 'n', i::text, 'env',"
    " 'production'), jsonb_build_object('summary', n || ' on host ' || i), s, '',"
    " CASE WHEN i <= %(firing)s THEN 'firing' ELSE 'resolved' END, t, CASE WHEN i > %(firing)s THEN t +"
    " interval '10 minutes' END, t, t, t, 1 + i %% 5, CASE WHEN i <= %(firing)s THEN now() + interval '2 days' END,"
    " (SELECT min(id) FROM configuration_service) + i %% %(services)s, NULL"
    " FROM (SELECT i, (ARRAY['DiskFull','HighLatency','ErrorRate','InstanceDown','QueueGrows','CertificateExpires',"
    "'ReplicationLag','MemoryPressure'])[1 + i %% 8] n, (ARRAY['critical','warning','info'])[1 + i %% 3] s,"
    " now() - random() * " + SPREAD + " t FROM generate_series(1, %(alerts)s) i) rows",
    "INSERT INTO alerts_alertchange (alert_id, at, status, starts_at, ends_at, reason) SELECT id, starts_at, 'firing',"
    ' starts_at, NULL, \'{"kind": "new"}\' FROM alerts_alert ORDER BY starts_at',
    "INSERT INTO alerts_alertchange (alert_id, at, status, starts_at, ends_at, reason) SELECT id, ends_at, 'resolved',"
    " starts_at, ends_at, '{\"kind\": \"sender resolved\"}' FROM alerts_alert WHERE status = 'resolved'"
    " ORDER BY ends_at",
)
INCIDENTS = (
    "INSERT INTO incidents_incident (number, title, description, status, severity, service_id, origin, unreached,"
    " opened_at, acknowledged_at, resolved_at, closed_at, reopened, alert_count, firing_count, updated_at, revision,"
    " due_at) SELECT nextval('incident_number'), 'Generated incident ' || i, '', st, 'SEV' || (1 + i %% 4),"
    ' (SELECT min(id) FROM configuration_service) + i %% %(services)s, \'{"kind": "route", "name": "Generated"}\','
    " false, t, CASE WHEN st <> 'open' THEN t + interval '3 minutes' END, CASE WHEN st = 'closed' THEN t +"
    " interval '20 minutes' END, CASE WHEN st = 'closed' THEN t + interval '1 day' END, 0, 3, 0, t, 0, NULL"
    " FROM (SELECT i, now() - (%(incidents)s - i) * " + SPREAD + " / %(incidents)s t, CASE WHEN i <= %(incidents)s -"
    " %(open_incidents)s THEN 'closed' WHEN i %% 2 = 0 THEN 'open' ELSE 'acknowledged' END st"
    " FROM generate_series(1, %(incidents)s) i) rows",
    "INSERT INTO incidents_timelineentry (incident_id, at, kind, actor_label, text, why, data) SELECT v.id,"
    " v.opened_at + k * interval '1 minute', (ARRAY['opened','alert','page','acknowledged','note'])[k], 'triage',"
    " 'Step ' || k, 'Generated to measure pages', '{}' FROM incidents_incident v, generate_series(1, 5) k"
    " WHERE v.title LIKE 'Generated %%'",
    "INSERT INTO incidents_incidentalert (incident_id, alert_id, joined_at, firing, reason) SELECT v.id,"
    " a.first + (v.n * 3 + k) %% %(alerts)s, v.opened_at, false, '{}' FROM (SELECT id, opened_at,"
    " row_number() OVER () n FROM incidents_incident WHERE title LIKE 'Generated %%') v, generate_series(0, 2) k,"
    " (SELECT min(id) first FROM alerts_alert) a",
    "INSERT INTO triage_decision (alert_id, change_id, at, outcome, reason, route_id, route_version, data) SELECT"
    " alert_id, id, at, 'recorded', 'Generated to measure pages', (SELECT min(id) FROM triage_route), 1, '{}'"
    " FROM alerts_alertchange WHERE status = 'firing'",
    "INSERT INTO notifications_page (key, user_id, subject_kind, subject_id, subject_label, title, body, reason, state,"
    " created_at, sent_at) SELECT 'generated:' || id, (SELECT min(id) FROM accounts_user), 'incident', id,"
    " 'INC-' || number, title, '', '{}', 'sent', opened_at, opened_at FROM incidents_incident"
    " WHERE title LIKE 'Generated %%'",
    "INSERT INTO notifications_delivery (page_id, channel, target, state, attempts_made) SELECT id, 'email',"
    " 'admin@example.org', 'sent', 1 FROM notifications_page",
    "INSERT INTO notifications_attempt (delivery_id, number, key, started_at, ended_at, outcome, answer)"
    " SELECT id, 1, 'generated:' || id, now(), now(), 'sent', '250 OK' FROM notifications_delivery",
    "INSERT INTO audit_auditentry (at, actor_kind, actor_label, action, subject_kind, subject_id, subject_label,"
    " before, after, request_id, address) SELECT opened_at, 'system', 'triage', 'incident.open', 'incident', id,"
    " 'INC-' || number, '{}', '{}', '', '' FROM incidents_incident",
)
# Filled first, indexed afterwards: an order of magnitude faster for the label index.
REBUILT = ("alerts_alert", "alerts_alertchange", "incidents_timelineentry", "triage_decision")


def fill(url: str, size: Size) -> float:
    """Fill a migrated database; returns the seconds it took."""
    started = time.monotonic()
    values = {"services": SERVICES, "people": PEOPLE, **size.__dict__}
    with psycopg.connect(url, autocommit=True) as connection:
        indexes = _drop_indexes(connection)
        for statement in (*ESTATE, *ALERTS, *INCIDENTS):
            connection.execute(statement, values)
        connection.execute("SET maintenance_work_mem = '256MB'")
        for definition in indexes:
            connection.execute(definition)
        connection.execute("VACUUM ANALYZE")
    return time.monotonic() - started


def _drop_indexes(connection: psycopg.Connection) -> list[str]:
    """Drop the plain indexes of the large tables; returns how to make them again."""
    rows = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes i WHERE tablename = ANY(%s) AND NOT EXISTS (SELECT 1 FROM"
        " pg_constraint c WHERE c.conname = i.indexname)",
        [list(REBUILT)],
    ).fetchall()
    for name, _definition in rows:
        connection.execute(f'DROP INDEX "{name}"')
    # That of a divided table is told without its parts, and made again with them.
    return [definition.replace(" ON ONLY ", " ON ") for _name, definition in rows]
