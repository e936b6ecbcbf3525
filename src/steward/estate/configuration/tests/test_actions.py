"""Writes to the estate: who may, what is refused beside which field, what goes on record, and the second wall."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from django.db import connection

from steward.estate.configuration import actions, queries
from steward.estate.configuration.models import ConfigurationItem, Relation, Service
from steward.estate.configuration.tests.factories import (
    ENGINE,
    NOW,
    ItemFactory,
    OrganisationFactory,
    ServiceFactory,
    TeamFactory,
    actor,
)
from steward.foundation.database.rowsecurity import limited_to
from steward.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from steward.foundation.testing.races import race
from steward.people.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def make(**values) -> Service:
    return actions.create_service(actor=ENGINE, now=NOW, **{"name": "Claims", **values})


def change(service: Service, **values) -> Service:
    return actions.update_service(actor=ENGINE, now=NOW, service_id=service.pk, **values)


def relate(**values) -> Relation:
    return actions.add_relation(actor=ENGINE, now=NOW, **{"kind": "depends_on", **values})


WRITES = [
    lambda who: actions.create_service(actor=who, now=NOW, name="x"),
    lambda who: actions.update_service(actor=who, now=NOW, service_id=ServiceFactory().pk, name="x"),
    lambda who: actions.delete_service(actor=who, now=NOW, service_id=ServiceFactory().pk),
    lambda who: actions.create_item(actor=who, now=NOW, type="host", name="x"),
    lambda who: actions.update_item(actor=who, now=NOW, item_id=ItemFactory().pk, name="x"),
    lambda who: actions.delete_item(actor=who, now=NOW, item_id=ItemFactory().pk),
    lambda who: actions.add_relation(
        actor=who, now=NOW, kind="runs_on", source_service_id=ServiceFactory().pk, target_item_id=ItemFactory().pk
    ),
    lambda who: actions.remove_relation(
        actor=who, now=NOW,
        relation_id=relate(source_service_id=ServiceFactory().pk, target_service_id=ServiceFactory().pk).pk,
    ),
]  # fmt: skip


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("role", "may"), [("lead", True), ("responder", False), ("auditor", False), ("supplier", False)]
)
def test_only_who_manages_the_estate_writes(write, role, may):
    with nullcontext() if may else pytest.raises(Forbidden):
        write(actor(role))


def test_a_service_with_all_it_can_have():
    team, supplier = TeamFactory(), OrganisationFactory(kind="supplier")
    made = make(
        description="Pays claims", tier=1, owner_team_id=team.pk, supplier_id=supplier.pk,
        links=[{"title": "Wiki", "url": "https://wiki/claims"}], match_labels={"app": "claims"},
    )  # fmt: skip
    assert (made.slug, made.tier, made.owner_team, made.match_labels) == ("claims", 1, team, {"app": "claims"})
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject_kind, entry.subject_id, entry.before) == (
        "service.create",
        "service",
        made.pk,
        {},
    )
    assert entry.after["match_labels"] == {"app": "claims"}


def test_short_names_are_made_from_any_name():
    assert [make(name=name).slug for name in ("理赔", "报销", "Claims!", "Claims?")] == [
        "service", "service-2", "claims", "claims-2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"slug": "no slug!"}, "slug"),
        ({"slug": "taken"}, "slug"),
        ({"name": "Taken"}, "name"),
        ({"tier": 0}, "tier"),
        ({"tier": 5}, "tier"),
        ({"match_labels": {"app": ""}}, "match_labels"),
        ({"match_labels": {"app": "a\0"}}, "match_labels"),
        ({"links": [{"title": "x", "url": "javascript:alert(1)"}]}, "links"),
        ({"owner_team_id": 999_999}, "owner_team_id"),
        ({"supplier_id": 999_999}, "supplier_id"),
    ],
)
def test_what_a_service_cannot_be_is_told_beside_the_field(values, field):
    ServiceFactory(name="Taken", slug="taken")
    own = ServiceFactory()
    for write in (lambda: make(**values), lambda: change(own, **values)):
        with pytest.raises(Invalid) as refused:
            write()
        assert list(refused.value.fields) == [field]
    assert Service.objects.count() == 2


def test_teams_and_suppliers_must_be_what_they_are_called():
    supplier = OrganisationFactory(kind="supplier")
    with pytest.raises(Invalid):
        make(supplier_id=OrganisationFactory().pk)
    with pytest.raises(Invalid):
        make(owner_team_id=TeamFactory(organisation=supplier).pk)


def test_an_update_changes_and_records_only_what_differs():
    service = ServiceFactory(name="Claims", tier=3)
    change(service, name="Claims", tier=1)
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"tier": 3}, {"tier": 1})
    with pytest.raises(Invalid):
        change(service, created_at=NOW)
    with pytest.raises(NotFound):
        actions.update_service(actor=ENGINE, now=NOW, service_id=0, tier=1)


def test_removing_a_service_keeps_its_items():
    service = ServiceFactory()
    item = ItemFactory(service=service)
    relate(source_service_id=service.pk, target_item_id=item.pk)
    actions.delete_service(actor=ENGINE, now=NOW, service_id=service.pk)
    item.refresh_from_db()
    assert item.service is None and not Relation.objects.exists()
    assert AuditEntry.objects.order_by("-pk")[0].before["name"] == service.name


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"type": ""}, "type"),
        ({"name": ""}, "name"),
        ({"environment": "x" * 41}, "environment"),
        ({"labels": {"a": ""}}, "labels"),
        ({"service_id": 999_999}, "service_id"),
    ],
)
def test_what_an_item_cannot_be(values, field):
    with pytest.raises(Invalid) as refused:
        actions.create_item(actor=ENGINE, now=NOW, **{"type": "host", "name": "db1", **values})
    assert list(refused.value.fields) == [field]


def test_two_items_differ_in_type_name_or_environment():
    def add(environment: str) -> ConfigurationItem:
        return actions.create_item(actor=ENGINE, now=NOW, type="host", name="db1", environment=environment)

    add("production"), add("test")
    with pytest.raises(Invalid):
        add("test")


def test_a_relation_is_made_once_and_reads_both_ways():
    service, item = ServiceFactory(), ItemFactory()
    first = relate(kind="runs_on", source_service_id=service.pk, target_item_id=item.pk)
    assert relate(kind="runs_on", source_service_id=service.pk, target_item_id=item.pk) == first
    assert AuditEntry.objects.filter(action="relation.add").count() == 1
    who = actor("viewer")
    assert queries.relations(who, service_id=service.pk) == ([first], [])
    assert queries.relations(who, item_id=item.pk) == ([], [first])
    actions.remove_relation(actor=ENGINE, now=NOW, relation_id=first.pk)
    with pytest.raises(NotFound):
        actions.remove_relation(actor=ENGINE, now=NOW, relation_id=first.pk)


def test_relations_that_make_no_sense():
    service, item = ServiceFactory(), ItemFactory()
    both = {"source_service_id": service.pk, "source_item_id": item.pk, "target_item_id": item.pk}
    for values in (
        {"source_service_id": service.pk, "target_service_id": service.pk},
        {"source_service_id": service.pk},
        {"target_item_id": item.pk},
        both,
        {"kind": "likes", "source_service_id": service.pk, "target_item_id": item.pk},
    ):
        with pytest.raises(Invalid):
            relate(**values)
    with pytest.raises(NotFound):
        relate(source_service_id=service.pk, target_item_id=0)


def _visible(who) -> tuple[set[int], set[int], set[int]]:
    relations = {each.pk for each in Relation.objects.visible_to(who)}
    return {s.pk for s in queries.services(who)}, {i.pk for i in queries.items(who)}, relations


def test_a_supplier_sees_theirs_only_by_filter_and_by_the_wall():
    supplier = OrganisationFactory(kind="supplier", slug="acme")
    mine, other = ServiceFactory(supplier=supplier), ServiceFactory()
    my_item, other_item = ItemFactory(service=mine), ItemFactory(service=other)
    inside = relate(source_service_id=mine.pk, target_item_id=my_item.pk)
    relate(source_service_id=mine.pk, target_service_id=other.pk)
    relate(source_item_id=other_item.pk, target_item_id=my_item.pk)
    theirs = ({mine.pk}, {my_item.pk}, {inside.pk})
    assert _visible(actor("supplier", organisation=supplier)) == theirs
    assert _visible(actor("customer")) == (set(), set(), set())
    assert [len(found) for found in _visible(actor("viewer"))] == [2, 2, 3]
    with limited_to(supplier.pk), connection.cursor() as cursor:
        for table, keys in zip(("service", "configurationitem", "relation"), theirs, strict=True):
            cursor.execute(f"SELECT id FROM configuration_{table}")
            assert {row[0] for row in cursor.fetchall()} == keys
            cursor.execute(f"SELECT count(*) FROM configuration_{table}event")
            assert cursor.fetchone() == (0,)
    assert [len(found) for found in _visible(actor("viewer"))] == [2, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_the_same_relation_added_at_once_is_one():
    service, item = ServiceFactory(), ItemFactory()
    made = race(*[lambda: relate(source_service_id=service.pk, target_item_id=item.pk)] * 6)
    assert Relation.objects.count() == 1
    assert [each.pk for each in made] == [Relation.objects.get().pk] * 6
    assert AuditEntry.objects.filter(action="relation.add").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_name_taken_at_once_is_taken_by_one():
    made = race(*[lambda: make(name="Claims")] * 6)
    assert [type(each) for each in made].count(Service) == 1
    assert all(isinstance(each, Service | Invalid | Conflict) for each in made), made
    assert Service.objects.count() == 1 and AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_changes_of_different_fields_at_once_are_both_kept():
    service = ServiceFactory(tier=3)
    for _ in range(5):
        Service.objects.update(tier=3, description="")
        race(lambda: change(service, tier=1), lambda: change(service, description="new"))
        service.refresh_from_db()
        assert (service.tier, service.description) == (1, "new")
