"""Pages of services, items and relations."""

from __future__ import annotations

import pytest
from django.urls import reverse

from steward.estate.configuration import actions
from steward.estate.configuration.models import ConfigurationItem, Relation, Service
from steward.estate.configuration.tests.factories import (
    ENGINE,
    NOW,
    ItemFactory,
    OrganisationFactory,
    ServiceFactory,
    TeamFactory,
)
from steward.foundation.testing.pages import (
    check_anonymous,
    check_hidden_outside,
    check_permission,
    check_queries,
    signed_in,
)

pytestmark = pytest.mark.django_db
SERVICE = {"name": "Claims", "tier": "1", "match_labels": "app=claims\nenv=prod", "links": "Wiki https://wiki/claims"}
ITEM = {"type": "host", "name": "db1", "environment": "test", "labels": "instance=db1:9100"}


@pytest.fixture
def service() -> Service:
    return ServiceFactory(name="Zebra service", slug="zebra", match_labels={"app": "zebra"})


@pytest.fixture
def item(service) -> ConfigurationItem:
    return ItemFactory(name="zebra-db", service=service, labels={"instance": "zebra-db"})


def url(name: str, *args) -> str:
    return reverse(f"configuration:{name}", args=args)


def test_doors_of_pages_that_show(service, item):
    for path in (url("services"), url("services-export"), url("service", "zebra"), url("items"), url("items-export"),
                 url("item", item.pk)):  # fmt: skip
        check_anonymous(path)
        check_permission(path, "estate.view")


def test_doors_of_pages_that_change(service, item):
    for path in (url("service-new"), url("service-edit", "zebra"), url("item-new"), url("item-edit", item.pk),
                 url("relation-ends")):  # fmt: skip
        check_anonymous(path)
        check_permission(path, "estate.manage")
    for path in (url("service-relate", "zebra"), url("item-relate", item.pk)):
        check_permission(path, "estate.manage", method="post")
    for path in (url("service-delete", "zebra"), url("item-delete", item.pk), url("relation-remove", "item", 1, 1)):
        assert signed_in().get(path).status_code == 405
        for role in ("responder", "auditor", "supplier", "customer"):
            assert signed_in(role).post(path).status_code == 403
    assert Service.objects.exists() and ConfigurationItem.objects.exists()


def test_other_organisations_see_nothing_of_it(service, item):
    for path, text in (
        (url("services"), "Zebra service"), (url("service", "zebra"), "Zebra service"),
        (url("items"), "zebra-db"), (url("item", item.pk), "zebra-db"),
    ):  # fmt: skip
        check_hidden_outside(path, [text])
    assert signed_in("supplier").get(url("service", "zebra")).status_code == 404


def test_a_supplier_sees_their_service_and_no_relation_that_leads_away(service, item):
    supplier = OrganisationFactory(kind="supplier")
    theirs = ServiceFactory(name="Network", slug="network", supplier=supplier)
    for target in (service.pk, ServiceFactory(name="Wide area", supplier=supplier).pk):
        actions.add_relation(
            actor=ENGINE, now=NOW, kind="depends_on", source_service_id=theirs.pk, target_service_id=target
        )
    text = signed_in("supplier").get(url("service", "network")).content.decode()
    assert "Wide area" in text and "Zebra" not in text and 'id="id_other"' not in text


def test_lists_and_pages_ask_little(service, item):
    for number in range(60):
        other = ServiceFactory(owner_team=TeamFactory(), supplier=OrganisationFactory(kind="supplier"))
        ItemFactory(service=other if number % 2 else service, labels={"n": str(number)})
        actions.add_relation(
            actor=ENGINE, now=NOW, kind="depends_on", source_service_id=other.pk, target_service_id=service.pk
        )
    client = signed_in("lead")
    for path in (url("services"), url("service", "zebra"), url("items"), url("item", item.pk), url("item-new"),
                 url("service-edit", "zebra")):  # fmt: skip
        check_queries(client, path)


def test_a_service_is_made_changed_and_removed():
    client = signed_in("lead")
    response = client.post(url("service-new"), SERVICE)
    assert response["Location"] == "/services/claims/"
    made = Service.objects.get()
    assert (made.tier, made.match_labels) == (1, {"app": "claims", "env": "prod"})
    assert made.links == [{"title": "Wiki", "url": "https://wiki/claims"}]
    form = client.get(url("service-edit", "claims")).content.decode()
    assert "app=claims\nenv=prod" in form and "Wiki https://wiki/claims" in form
    client.post(url("service-edit", "claims"), {**SERVICE, "name": "Claims desk", "match_labels": ""})
    made.refresh_from_db()
    assert (made.name, made.slug, made.match_labels) == ("Claims desk", "claims", {})
    assert client.post(url("service-delete", "claims"))["Location"] == "/services/"
    assert not Service.objects.exists()


@pytest.mark.parametrize(
    ("values", "field", "text"),
    [
        ({"match_labels": "app"}, "match_labels", "Line 1"),
        ({"match_labels": "a=1\na=2"}, "match_labels", "twice"),
        ({"match_labels": f"a={'x' * 600}"}, "match_labels", "too long"),
        ({"links": "Wiki javascript:alert(1)"}, "links", "http or https"),
        ({"name": ""}, "name", "required"),
        ({"name": "Taken"}, "name", "already exists"),
        ({"tier": "9"}, "tier", "valid choice"),
    ],
)
def test_errors_stand_beside_their_fields(values, field, text):
    ServiceFactory(name="Taken")
    response = signed_in("lead").post(url("service-new"), {**SERVICE, **values})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert text in response.context["form"].errors[field][0]
    assert Service.objects.count() == 1


def test_labels_of_any_text_are_shown_as_text():
    ServiceFactory(name="<b>S</b>", slug="s", match_labels={"<i>": '"><script>alert(1)</script>'})
    for path in (url("service", "s"), url("services"), url("service-edit", "s")):
        text = signed_in().get(path).content.decode()
        assert "<script>alert" not in text and "<i>" not in text and "<b>S</b>" not in text


def test_an_item_is_made_changed_and_removed(service):
    client = signed_in("lead")
    form = client.get(url("item-new") + f"?service={service.pk}").content.decode()
    assert f'value="{service.pk}" selected' in form
    made = client.post(url("item-new"), {**ITEM, "service_id": service.pk})
    found = ConfigurationItem.objects.get()
    assert made["Location"] == url("item", found.pk)
    assert (found.labels, found.service) == ({"instance": "db1:9100"}, service)
    assert client.post(url("item-new"), ITEM).status_code == 422  # the same type, name and environment
    client.post(url("item-edit", found.pk), {**ITEM, "name": "db2", "service_id": ""})
    found.refresh_from_db()
    assert (found.name, found.service) == ("db2", None)
    assert client.post(url("item-delete", found.pk))["Location"] == "/items/"
    assert not ConfigurationItem.objects.exists()


@pytest.mark.parametrize(
    ("kind", "stored", "outgoing"),
    [
        ("depends_on", "depends_on", True),
        ("runs_on", "runs_on", True),
        ("needed_by", "depends_on", False),
        ("carries", "runs_on", False),
    ],
)
def test_a_relation_is_added_either_way_and_removed_from_both_ends(service, item, kind, stored, outgoing):
    client = signed_in("lead")
    response = client.post(url("service-relate", "zebra"), {"kind": kind, "other": "zebra-db (host, production)"})
    assert response["Location"] == "/services/zebra/"
    made = Relation.objects.get()
    ends = (made.source_service, made.target_item) if outgoing else (made.target_service, made.source_item)
    assert (made.kind, ends) == (stored, (service, item))
    for path, side, key in ((url("service", "zebra"), "service", service.pk), (url("item", item.pk), "item", item.pk)):
        remove = url("relation-remove", side, key, made.pk)
        assert remove in client.get(path).content.decode()
    assert client.post(remove)["Location"] == url("item", item.pk)
    assert not Relation.objects.exists()


def test_the_other_end_is_found_by_name_or_the_form_says_why_not(service, item):
    client = signed_in("lead")
    ItemFactory(name="twin", environment="test")
    ItemFactory(name="twin", environment="production")

    def send(other: str):
        return client.post(url("item-relate", item.pk), {"kind": "runs_on", "other": other})

    assert send("ZEBRA SERVICE").status_code == 302 and send("zebra").status_code == 302
    assert send("twin (host, test)").status_code == 302
    assert Relation.objects.count() == 2
    for other, text in (
        ("nothing", "called “nothing”"), ("twin", "twin (host, production)"), ("zebra-db", "relates to itself"), ("", ""),
    ):  # fmt: skip
        response = send(other)
        assert response.status_code == 422
        assert text in response.context["relation_form"].errors["other"][0]
    assert Relation.objects.count() == 2


def test_names_are_offered_while_typing(service, item):
    client = signed_in("lead")
    text = client.get(url("relation-ends") + "?other=ZEB").content.decode()
    assert text.split("\n")[0] == (
        '<option value="Zebra service"></option><option value="zebra-db (host, production)"></option>'
    )
    assert "<option" not in client.get(url("relation-ends") + "?other=%00").content.decode()


def names(path: str) -> list[str]:
    return [each.name for each in signed_in().get(path).context["page"].items]


def test_filters_of_services(service):
    team = TeamFactory()
    ServiceFactory(name="Alpha", tier=1, owner_team=team)
    assert names(url("services")) == ["Alpha", "Zebra service"]
    assert names(url("services") + "?q=zeb") == ["Zebra service"]
    assert names(url("services") + "?tier=1") == ["Alpha"]
    assert names(url("services") + f"?team={team.pk}") == ["Alpha"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?labels=dc=north", ["a", "b"]),
        ("?labels=dc=north rack=1", ["a"]),
        ("?labels=owner=two words", ["b"]),
        ("?labels=nonsense", ["a", "b"]),
        ("?type=database", ["b"]),
        ("?environment=test", ["b"]),
        ("?environment=unknown", ["a", "b"]),
        ("?q=A", ["a"]),
    ],
)
def test_filters_of_items(query, found):
    ItemFactory(name="a", labels={"dc": "north", "rack": "1"})
    ItemFactory(name="b", type="database", environment="test", labels={"dc": "north", "owner": "two words"})
    assert names(url("items") + query) == found


def test_exports_are_narrowed_and_hold_what_the_reader_sees(service, item):
    ServiceFactory(name="Other", match_labels={"app": "other"})
    text = b"".join(signed_in().get(url("services-export") + "?q=zebra").streaming_content).decode()
    assert "Zebra service,zebra,3" in text and "app=zebra" in text and "Other" not in text
    assert "zebra-db" in b"".join(signed_in().get(url("items-export")).streaming_content).decode()
    assert "zebra" not in b"".join(signed_in("supplier").get(url("items-export")).streaming_content).decode()


def test_empty_pages_teach_and_offer_only_what_one_may():
    for path, new in ((url("services"), url("service-new")), (url("items"), url("item-new"))):
        assert new in signed_in("lead").get(path).content.decode()
        assert new not in signed_in("viewer").get(path).content.decode()
