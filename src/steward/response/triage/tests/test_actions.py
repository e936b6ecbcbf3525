"""Routes made, changed, moved and removed by people."""

from __future__ import annotations

from typing import Any

import pytest

from steward.foundation.errors import Forbidden
from steward.people.audit.models import AuditEntry
from steward.response.triage import actions, queries
from steward.response.triage.errors import BadRoute, DefaultRoute, RouteNotFound
from steward.response.triage.models import Decision, Route
from steward.response.triage.tests.factories import (
    ADMIN,
    NOW,
    actor,
    decisions,
    default_route,
    fire,
    notify,
    policy,
    route,
    service,
    user,
)

pytestmark = pytest.mark.django_db


def order() -> list[str]:
    return [each.name for each in queries.routes(ADMIN)]


def test_a_new_route_comes_before_the_default_one() -> None:
    route(name="A")
    route(name="B")
    assert order() == ["A", "B", "Everything else"]


def test_matchers_are_stored_parsed_and_shown_as_written() -> None:
    made = route('env=~"prod|stage", team!=""')
    assert made.matchers == [
        {"name": "env", "op": "=~", "value": "prod|stage"}, {"name": "team", "op": "!=", "value": ""},
    ]  # fmt: skip
    assert queries.matchers_text(made) == 'env=~"prod|stage", team!=""'


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "Everything else"}, "name"),
        ({"matchers": 'env=~"("'}, "matchers"),
        ({"matchers": "env"}, "matchers"),
        ({"matchers": [{"name": "env"}]}, "matchers"),
        ({"severity_map": {"critical": "SEV9"}}, "severity_map"),
        ({"group_wait": -1}, "group_wait"),
        ({"group_wait": actions.LONGEST_WAIT + 1}, "group_wait"),
        ({"reopen_minutes": -1}, "reopen_minutes"),
        ({"group_by": ["alertname", ""]}, "group_by"),
        ({"service_id": 987654}, "service_id"),
        ({"policy_id": 987654}, "policy_id"),
    ],
)
def test_wrong_values_are_refused_beside_their_field(values: dict[str, Any], field: str) -> None:
    made = route(name="Mine")
    for attempt in (lambda: route(**values), lambda: change(made, **values)):
        with pytest.raises(BadRoute) as caught:
            attempt()
        assert list(caught.value.fields) == [field]
    assert order() == ["Mine", "Everything else"]


def change(made: Route, **values: Any) -> Route:
    return actions.update_route(actor=ADMIN, now=NOW, route_id=made.pk, **values)


def test_a_change_makes_a_new_version_and_the_audit_names_it() -> None:
    made = route(name="Mine", severity_map={"Critical": "SEV1"})
    assert made.severity_map == {"critical": "SEV1"}
    saved = change(made, group_wait=60, service_id=service().pk, policy_id=policy(notify(user())).pk)
    assert (saved.version, saved.group_wait) == (2, 60)
    made.refresh_from_db()
    assert (made.version, made.group_wait, made.service_id) == (2, 60, saved.service_id)
    # Saving without a change is no new version.
    assert change(made, group_wait=60).version == 2
    entry = AuditEntry.objects.filter(action="route.update").get()
    assert entry.after["group_wait"] == 60
    assert "name" not in entry.after


def test_a_move_swaps_neighbours_and_both_get_a_new_version() -> None:
    first, second, third = route(name="A"), route(name="B"), route(name="C")
    actions.move_route(actor=ADMIN, now=NOW, route_id=third.pk, up=True)
    assert order() == ["A", "C", "B", "Everything else"]
    assert list(Route.objects.filter(is_default=False).order_by("name").values_list("version", flat=True)) == [1, 2, 2]
    actions.move_route(actor=ADMIN, now=NOW, route_id=first.pk, up=False)
    assert order() == ["C", "A", "B", "Everything else"]
    # At either end nothing happens.
    actions.move_route(actor=ADMIN, now=NOW, route_id=third.pk, up=True)
    actions.move_route(actor=ADMIN, now=NOW, route_id=second.pk, up=False)
    assert order() == ["C", "A", "B", "Everything else"]


def test_the_default_route_stays_what_it_is() -> None:
    default = default_route()
    for values in ({"matchers": 'a="b"'}, {"enabled": False}, {"continues": True}):
        with pytest.raises(DefaultRoute):
            change(default, **values)
    with pytest.raises(DefaultRoute):
        actions.delete_route(actor=ADMIN, now=NOW, route_id=default.pk)
    with pytest.raises(RouteNotFound):
        actions.move_route(actor=ADMIN, now=NOW, route_id=default.pk, up=True)
    assert change(default, name="The rest", group_wait=0).version == 2


def test_a_removed_routes_decisions_stay_on_record() -> None:
    made = route(name="Gone")
    alert = fire()
    actions.delete_route(actor=ADMIN, now=NOW, route_id=made.pk)
    assert decisions(alert) == [("opened", "")]
    assert Decision.objects.get().route_version == 1
    assert AuditEntry.objects.filter(action="route.delete", subject_label="Gone").exists()
    with pytest.raises(RouteNotFound):
        change(made, group_wait=1)


@pytest.mark.parametrize("role", ["responder", "agent", "viewer", "auditor", "supplier", "customer"])
def test_only_who_may_manage_routes_changes_them(role: str) -> None:
    made, somebody = route(name="Mine"), actor(role=role)
    attempts = (
        lambda: actions.create_route(actor=somebody, now=NOW, name="New"),
        lambda: actions.update_route(actor=somebody, now=NOW, route_id=made.pk, name="Other"),
        lambda: actions.enable_route(actor=somebody, now=NOW, route_id=made.pk, enabled=False),
        lambda: actions.move_route(actor=somebody, now=NOW, route_id=made.pk, up=True),
        lambda: actions.delete_route(actor=somebody, now=NOW, route_id=made.pk),
    )
    for attempt in attempts:
        with pytest.raises(Forbidden):
            attempt()
    assert order() == ["Mine", "Everything else"]


def test_suppliers_and_customers_see_no_routes_and_no_decisions() -> None:
    route()
    made = fire()
    for role in ("supplier", "customer"):
        somebody = actor(role=role)
        assert list(queries.routes(somebody)) == []
        assert list(queries.decisions_on(somebody, made.alert_id)) == []
    assert len(queries.decisions_on(actor(role="viewer"), made.alert_id)) == 1
