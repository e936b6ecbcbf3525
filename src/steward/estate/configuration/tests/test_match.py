"""Which service and item an alert belongs to."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from steward.estate.configuration import actions, queries
from steward.estate.configuration.tests.factories import ENGINE, NOW, ItemFactory, ServiceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh():
    queries.forget()
    yield
    queries.forget()


def one(**labels: str) -> queries.Match:
    return queries.match([labels])[0]


def test_all_labels_of_the_service_must_be_there():
    service = ServiceFactory(name="Claims", match_labels={"app": "claims", "env": "prod"})
    found = one(app="claims", env="prod", instance="a")
    assert (found.service_id, found.item_id) == (service.pk, None)
    assert found.why == "labels contain those of service Claims: app=claims, env=prod"
    for labels in ({"app": "claims"}, {"app": "claims", "env": "test"}, {"env": "prod"}, {}):
        assert one(**labels).service_id is None


def test_empty_labels_match_nothing():
    ServiceFactory(match_labels={})
    ItemFactory(labels={})
    for labels in ({}, {"a": "b"}):
        found = one(**labels)
        assert (found.service_id, found.item_id) == (None, None) and found.why


def test_the_most_labels_win_then_the_first_made():
    ServiceFactory(match_labels={"app": "claims"})
    second = ServiceFactory(match_labels={"app": "claims", "env": "prod"})
    ServiceFactory(match_labels={"app": "claims", "tier": "web"})
    assert one(app="claims", env="prod", tier="web").service_id == second.pk


def test_an_item_brings_its_service_unless_another_service_matches():
    own, other = ServiceFactory(), ServiceFactory(match_labels={"app": "search"})
    item = ItemFactory(name="db1", labels={"instance": "db1:9100"}, service=own)
    found = one(instance="db1:9100")
    assert (found.service_id, found.item_id, found.why) == (
        own.pk, item.pk, "labels contain those of item db1: instance=db1:9100",
    )  # fmt: skip
    found = one(instance="db1:9100", app="search")
    assert (found.service_id, found.item_id) == (other.pk, item.pk)


def test_label_text_is_compared_as_it_is():
    service = ServiceFactory(match_labels={"path": 'C:\\x "quoted" 值=1'})
    assert one(path='C:\\x "quoted" 值=1').service_id == service.pk
    assert one(path="c:\\x").service_id is None


def test_a_batch_costs_two_queries_and_then_none():
    for number in range(20):
        ServiceFactory(match_labels={"app": f"a{number}"})
    batch = [{"app": f"a{number % 25}"} for number in range(500)]
    with CaptureQueriesContext(connection) as first:
        found = queries.match(batch)
    assert len(first) == 2 and sum(each.service_id is not None for each in found) == 400
    with CaptureQueriesContext(connection) as second:
        assert queries.match(batch) == found
    assert len(second) == 0


def test_a_change_counts_at_once_in_this_process():
    service = ServiceFactory(match_labels={"app": "old"})
    assert one(app="old").service_id == service.pk
    actions.update_service(actor=ENGINE, now=NOW, service_id=service.pk, match_labels={"app": "new"})
    assert one(app="old").service_id is None and one(app="new").service_id == service.pk
