"""What holds for kinds of sources: who may send, what is kept of a request, set-up pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from steward.foundation import clock
from steward.foundation.actors import system
from steward.foundation.sealing import Broken, seal, unseal
from steward.foundation.testing.pages import signed_in
from steward.signals.alerts import actions, storing
from steward.signals.alerts.errors import BadSource
from steward.signals.alerts.ingest import sources
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.sources import KINDS, Kind, Parsed, Received, Unreadable, reader_of
from steward.signals.alerts.ingest.sources.reading import alert
from steward.signals.alerts.models import Alert, ParkedPayload, Source
from steward.signals.alerts.tests.factories import call, with_door
from steward.signals.alerts.tests.kinds import check_set_up

ACTOR = system("test")


def pairs(**headers: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]


def _parse(received: Received) -> Parsed:
    if received.header("x-event-kind") != "alarm":
        raise Unreadable("Only alarms are understood.")
    value = json.loads(received.body)
    return Parsed(
        [alert({"alertname": value["name"], "q": received.parameter("q")}, {}, resolved=False, now=received.now)]
    )


def _verify(received: Received, secret: str) -> str:
    return "" if received.header("x-token") == secret else "The token is not this source's."


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> Kind:
    kind = Kind(
        "signed", "Signed", {"signed/*/alarms": _parse}, verify=_verify, answer=lambda _r, p: (202, {"n": len(p.good)})
    )
    monkeypatch.setitem(KINDS, "signed", kind)
    monkeypatch.setattr(sources, "_PATTERNS", [*sources._PATTERNS, (["signed", "*", "alarms"], (kind, _parse))])
    return kind


def test_a_star_stands_for_one_part_of_a_path(signed: Kind) -> None:
    assert reader_of("signed/any/alarms") == (signed, _parse)
    for path in ("signed/alarms", "signed/a/b/alarms", "signed/*", "", "grafana/x"):
        assert reader_of(path) is None, path


def test_every_kind_has_a_set_up_page() -> None:
    for name in KINDS:
        check_set_up(name)


def test_sealed_secrets_open_only_with_the_installations_own(settings: Any) -> None:
    sealed = seal("s3cret")
    assert "s3cret" not in sealed and unseal(sealed) == "s3cret" and seal("") == unseal("") == ""
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(Broken, match="Enter it again"):
        unseal(sealed)


@pytest.mark.django_db(transaction=True)
def test_with_a_secret_only_what_proves_it_is_taken(signed: Kind) -> None:
    _source, key = actions.create_source(actor=ACTOR, now=clock.now(), name="S", kind="signed", secret="s3cret")
    path = f"/in/{key}/signed/eu/alarms"
    alarm = {"x_event_kind": "alarm"}

    async def story(app: Application) -> list[int]:
        answers = [
            await call(app, path, {"name": "A"}, headers=pairs(**alarm, x_token="wrong")),
            await call(app, path, {"name": "A"}, headers=pairs(**alarm)),
            await call(app, f"/in/{key}/events", [{"name": "A"}]),
            await call(app, path, {"name": "A"}, headers=pairs(**alarm, x_token="s3cret")),
        ]
        return [answer.status for answer in answers]

    assert with_door(story) == [403, 403, 403, 202]
    assert Alert.objects.count() == 1 and not ParkedPayload.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_secret_that_cannot_be_opened_any_more_says_so(signed: Kind) -> None:
    made, key = actions.create_source(actor=ACTOR, now=clock.now(), name="S", kind="signed", secret="s3cret")
    Source.objects.filter(pk=made.pk).update(secret="sealed under another key")

    async def story(app: Application) -> Any:
        return await call(app, f"/in/{key}/signed/eu/alarms", {"name": "A"}, headers=pairs(x_token="s3cret"))

    answer = with_door(story)
    assert answer.status == 503 and b"Enter it again" in answer.body
    assert not Alert.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_parked_request_keeps_what_its_parser_reads_and_nothing_that_proves_who_sent_it(signed: Kind) -> None:
    _source, key = actions.create_source(actor=ACTOR, now=clock.now(), name="S", kind="signed", secret="s3cret")
    headers = pairs(
        x_event_kind="test", x_token="s3cret", authorization="Bearer s3cret", content_type="application/json"
    )

    async def story(app: Application) -> int:
        return (await call(app, f"/in/{key}/signed/eu/alarms", {"name": "A"}, headers=headers, query=b"q=1")).status

    assert with_door(story) == 400
    parked = ParkedPayload.objects.get()
    assert parked.context == {"query": "q=1", "headers": {"x-event-kind": "test", "content-type": "application/json"}}
    ParkedPayload.objects.update(context={**parked.context, "headers": {"x-event-kind": "alarm"}})
    assert actions.replay_parked(actor=ACTOR, now=clock.now(), parked_id=parked.pk) == 1
    assert Alert.objects.get().labels == {"alertname": "A", "q": "1"}


def test_a_token_in_the_address_is_not_kept() -> None:
    kept = {
        query: storing.kept(Received(b"", clock.now(), query=query))["query"]
        for query in ("auth_token=s3cret&q=1&r=", "a=%20b&Token=s3cret", "identifierType=alias", "token", "x+y&&")
    }
    assert list(kept.values()) == ["q=1&r=", "a=+b", "identifierType=alias", "", "x+y&&"]


@pytest.mark.django_db
def test_a_secret_for_what_is_never_signed_is_refused() -> None:
    with pytest.raises(BadSource, match="not signed"):
        actions.create_source(actor=ACTOR, now=clock.now(), name="S", kind="events", secret="x")


@pytest.mark.django_db
def test_the_form_keeps_changes_and_forgets_a_secret(signed: Kind) -> None:
    made, _key = actions.create_source(actor=ACTOR, now=clock.now(), name="S", kind="signed", secret="one")
    client: Client = signed_in()

    def save(**values: str) -> str:
        data = {"name": "S", "resolve_timeout": "300", "enabled": "on", **values}
        assert client.post(f"/sources/{made.pk}/edit", data).status_code == 302
        return unseal(Source.objects.get(pk=made.pk).secret)

    assert save() == "one"
    assert save(secret="two") == "two"
    assert save(forget_secret="on") == ""
    assert "two" not in client.get(f"/sources/{made.pk}/edit").content.decode()


@pytest.mark.django_db
def test_the_form_asks_for_a_secret_only_where_the_kind_has_one() -> None:
    client: Client = signed_in()

    def asked(**query: str) -> str:
        return client.get("/sources/new", query).content.decode()

    assert 'name="secret"' not in asked() and 'name="secret"' not in asked(kind="events")
    found = asked(kind="github", name="Builds", resolve_timeout="60")
    assert 'name="secret"' in found and "Its name at GitHub: Webhook secret." in found
    assert 'value="Builds"' in found and 'value="60"' in found and 'value="github" selected' in found
    assert 'name="secret"' not in asked(kind="<nothing>")
    data = {"name": "S", "kind": "github", "resolve_timeout": "300", "secret": "x"}
    assert client.post("/sources/new", data).status_code == 200
    assert unseal(Source.objects.get().secret) == "x"
    made, _key = actions.create_source(actor=ACTOR, now=clock.now(), name="E", kind="events")
    page = client.get(f"/sources/{made.pk}/edit").content.decode()
    assert 'name="secret"' not in page and 'name="forget_secret"' not in page
    data = {"name": "E2", "resolve_timeout": "300", "enabled": "on", "secret": "x"}
    assert client.post(f"/sources/{made.pk}/edit", data).status_code == 302
    assert Source.objects.get(name="E2").secret == ""


@pytest.mark.django_db
def test_only_shipped_files_are_given_out() -> None:
    client = signed_in()
    for path in ("grafana/parser.py", "grafana/..%2Fparser.py", "nothing/x"):
        assert client.get(f"/sources/kinds/{path}").status_code == 404
