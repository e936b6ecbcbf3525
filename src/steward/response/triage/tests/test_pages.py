"""Pages of routes: who gets in, what they show, and what their forms do."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from steward.response.triage.models import Route
from steward.response.triage.tests.factories import (
    default_route,
    fire,
    notify,
    policy,
    route,
    service,
    user,
    wait,
)

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
FORM: dict[str, Any] = {
    "name": "Tier 1", "matchers": 'tier="1"', "group_by": "alertname, service", "group_wait": "10",
    "group_interval": "300", "repeat_interval": "14400", "storm_groups": "50",
    "opens_incident": "on", "auto_resolve": "on", "enabled": "on", "reopen_minutes": "15",
    "severity_map": "critical = SEV1\n* = SEV3", "service": "", "policy": "",
}  # fmt: skip


def signed_in(role: str = "lead") -> Client:
    client = Client()
    client.force_login(user(role=role))
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"triage:{name}", args=args)


def test_nobody_gets_in_without_signing_in() -> None:
    made = route()
    for address in (url("list"), url("create"), url("edit", made.pk), url("try")):
        answer = Client().get(address)
        assert (answer.status_code, answer["Location"][:8]) == (302, "/sign-in")
    assert Client().post(url("delete", made.pk)).status_code == 302
    assert Route.objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize("role", ["supplier", "customer"])
def test_outsiders_do_not_see_routes(role: str) -> None:
    client, alert = signed_in(role), fire()
    for address in (url("list"), url("try"), url("alert-decisions", alert.alert_id)):
        assert client.get(address).status_code == 403


def test_a_viewer_reads_but_does_not_change() -> None:
    made, client = route(name="Mine"), signed_in("viewer")
    page = client.get(url("list"))
    assert b"Mine" in page.content
    assert url("create").encode() not in page.content
    assert b">Save<" not in client.get(url("edit", made.pk)).content
    assert client.get(url("create")).status_code == 403
    for name, values in (("edit", FORM), ("move", {}), ("switch", {}), ("delete", {})):
        assert client.post(url(name, made.pk), values).status_code == 403
    made.refresh_from_db()
    assert (made.name, made.version, made.enabled) == ("Mine", 1, True)


def test_the_list_shows_the_order_and_what_each_route_does() -> None:
    route('team="data"', name="Data", policy_id=policy(notify(user()), name="Data on call").pk)
    route(name="Quiet", opens_incident=False)
    text = signed_in().get(url("list")).content.decode()
    assert text.index("Data") < text.index("Quiet") < text.index("Everything else")
    assert "pages by Data on call" in text
    assert "only records" in text
    assert "team=&quot;data&quot;" in text


def test_a_route_is_made_with_the_form() -> None:
    answer = signed_in().post(url("create"), {**FORM, "policy": policy(notify(user())).pk, "service": service().pk})
    assert answer.status_code == 302
    made = Route.objects.get(name="Tier 1")
    assert made.matchers == [{"name": "tier", "op": "=", "value": "1"}]
    assert (made.group_by, made.group_wait) == (["alertname", "service"], 10)
    assert made.severity_map == {"critical": "SEV1", "*": "SEV3"}
    assert made.policy is not None
    assert made.service is not None
    assert (made.opens_incident, made.continues, made.reopen_minutes) == (True, False, 15)


@pytest.mark.parametrize(
    ("values", "field", "word"),
    [
        ({"matchers": 'tier=~"("'}, "matchers", "Column"),
        ({"matchers": "tier"}, "matchers", "operator"),
        ({"severity_map": "critical: SEV1"}, "severity_map", "critical: SEV1"),
        ({"severity_map": "critical = SEV7"}, "severity_map", "SEV7"),
        ({"group_wait": "soon"}, "group_wait", "whole number"),
        ({"group_wait": "-1"}, "group_wait", "0"),
        ({"name": ""}, "name", "required"),
        ({"name": "Everything else"}, "name", "Another route"),
        ({"group_by": "x" * 201}, "group_by", "200"),
        ({"policy": "99999"}, "policy", "valid choice"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(values: dict[str, str], field: str, word: str) -> None:
    answer = signed_in().post(url("create"), {**FORM, **values})
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert list(errors) == [field]
    assert word in " ".join(errors[field])
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert Route.objects.count() == 1


def test_a_wrong_matcher_is_explained_in_the_readers_language() -> None:
    chinese = {"Accept-Language": "zh-CN"}
    answer = signed_in().post(url("create"), {**FORM, "matchers": 'tier=~"("'}, headers=chinese)
    (error,) = answer.context["form"].errors["matchers"]
    assert error == "第 5 列：正则表达式 '(' 的第 1 个字符有误：此处的左括号没有闭合。"


def test_the_form_shows_a_route_so_that_saving_it_changes_nothing() -> None:
    made = route(
        'env=~"prod|stage", team!=""', severity_map={"critical": "SEV1", "*": "SEV3"}, group_by=["alertname", "env"],
        group_wait=45, reopen_minutes=7, auto_resolve=False, continues=True,
    )  # fmt: skip
    client = signed_in()
    form = client.get(url("edit", made.pk)).context["form"]
    shown = {name: value for name, value in form.initial.items() if value is not False}
    assert client.post(url("edit", made.pk), shown).status_code == 302
    made.refresh_from_db()
    assert made.version == 1


def test_a_change_is_saved_as_a_new_version() -> None:
    made = route(name="Mine")
    answer = signed_in().post(url("edit", made.pk), FORM, follow=True)
    assert "“Tier 1” is now version 2" in answer.content.decode()


def test_the_default_routes_form_has_no_matchers() -> None:
    default, client = default_route(), signed_in()
    page = client.get(url("edit", default.pk))
    assert set(page.context["form"].fields).isdisjoint({"matchers", "continues", "enabled"})
    assert b"Remove" not in page.content
    assert client.post(url("edit", default.pk), {**FORM, "name": "The rest"}).status_code == 302
    default.refresh_from_db()
    assert (default.name, default.matchers, default.enabled) == ("The rest", [], True)
    assert client.post(url("delete", default.pk)).status_code == 409


def test_moving_switching_and_removing() -> None:
    first, second = route(name="A"), route(name="B")
    client = signed_in()
    assert client.post(url("move", second.pk), {"direction": "up"}).status_code == 302
    assert list(Route.objects.filter(is_default=False).order_by("position")) == [second, first]
    client.post(url("move", second.pk), {"direction": "down"})
    assert list(Route.objects.filter(is_default=False).order_by("position")) == [first, second]
    client.post(url("switch", first.pk), {"enabled": "0"})
    first.refresh_from_db()
    assert first.enabled is False
    client.post(url("switch", first.pk), {"enabled": "1"})
    first.refresh_from_db()
    assert first.enabled is True
    client.post(url("delete", first.pk))
    assert not Route.objects.filter(pk=first.pk).exists()
    assert client.get(url("move", second.pk)).status_code == 405
    assert client.get(url("edit", first.pk)).status_code == 404


def test_trying_shows_the_route_its_matchers_and_who_would_be_paged() -> None:
    chosen = policy(notify(user("Ann Example")), wait(5), notify(user("Bob Example")))
    route('team="web"', name="Web")
    route('team="data", severity=~"crit.*"', name="Data", policy_id=chosen.pk, group_by=["team"])
    client = signed_in("viewer")
    labels = 'DiskFull{team="data", severity="critical"}'
    whole = client.get(url("try"), {"labels": labels})
    part = client.get(url("try"), {"labels": labels}, headers={"HX-Request": "true"})
    assert b"<html" in whole.content
    assert b"<html" not in part.content
    for text in (whole.content.decode(), part.content.decode()):
        assert "Ann Example" in text
        assert "Bob Example" in text
        assert "after 5 min" in text
        assert "SEV2" in text
        assert "severity=~&quot;crit.*&quot;" in text
        assert "the alert has “data”" in text


def test_trying_what_is_no_label_set_says_so() -> None:
    answer = signed_in().get(url("try"), {"labels": 'team=~"data"'}, headers={"HX-Request": "true"})
    assert "is not a label" in answer.content.decode()
    answer = signed_in().get(url("try"), {"labels": "a\0b"})
    assert answer.status_code == 200


def test_the_panel_on_an_alert_says_why() -> None:
    route('team="data"', name="Data")
    made = fire(team="data")
    text = signed_in("viewer").get(url("alert-decisions", made.alert_id)).content.decode()
    assert "Data" in text
    assert "at once: it has team=&quot;data&quot;" in text
    assert "INC-" in text
    assert signed_in().get(url("alert-decisions", made.alert_id + 1000)).status_code == 404


def test_pages_take_few_queries_however_many_routes_there_are() -> None:
    for number in range(30):
        route(f'n="{number}"', policy_id=policy(notify(user())).pk, service_id=service().pk)
    made = fire()
    client = signed_in()
    for address in (url("list"), url("create"), url("edit", default_route().pk), url("alert-decisions", made.alert_id)):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        assert len(queries) <= MOST_QUERIES, [query["sql"] for query in queries]
