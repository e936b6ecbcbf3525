"""The room's lists: narrowed and ordered in the address, and exported as they are narrowed."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client

from steward.foundation import clock
from steward.foundation.testing.pages import check_anonymous, check_permission, signed_in
from steward.people.accounts.models import ApiKey
from steward.people.accounts.tests.factories import NOW, OrganisationFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
EXPORTS = {
    "/people/export.csv": "people.view",
    "/teams/export.csv": "people.view",
    "/organisations/export.csv": "people.view",
    "/api-keys/export.csv": "apikeys.manage",
}


def rows(url: str, client: Client | None = None) -> list[list[str]]:
    """The lines of an export without its header."""
    response = (client or signed_in()).get(url)
    assert response.status_code == 200 and response["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))[1:]


def key(name: str, **fields: object) -> ApiKey:
    values = {"prefix": "stw_" + name, "digest": name, "role": "viewer", "created_at": NOW}
    return ApiKey.objects.create(name=name, organisation=OrganisationFactory(), **{**values, **fields})


@pytest.mark.parametrize(("url", "permission"), EXPORTS.items())
def test_doors(url: str, permission: str) -> None:
    check_anonymous(url)
    check_permission(url, permission)


def test_people_are_exported_as_filtered_and_sorted() -> None:
    ana = UserFactory(name="Ana", role="lead", email="ana@example.org")
    TeamFactory(name="Network", members=[ana])
    TeamFactory(name="Applications", members=[ana])
    UserFactory(name="Ben", role="lead")
    UserFactory(name="Cy", role="lead", is_active=False)
    UserFactory(name="Dee", role="viewer")
    found = rows("/people/export.csv?role=lead&sort=newest")
    assert [row[0] for row in found] == ["Ben", "Ana"]
    assert found[1][2:7] == ["ana@example.org", "lead", "Home", "Applications, Network", "active"]
    assert [row[0] for row in rows("/people/export.csv?role=lead&state=")] == ["Ana", "Ben", "Cy"]


def test_teams_are_exported_with_their_members() -> None:
    TeamFactory(name="Network", members=[UserFactory(name="Ana"), UserFactory(name="Ben")])
    TeamFactory(name="Nobody yet")
    TeamFactory(name="Other")
    found = [(row[0], row[3]) for row in rows("/teams/export.csv?q=n")]
    assert sorted(found) == [("Network", "Ana"), ("Network", "Ben"), ("Nobody yet", "")]
    page = signed_in().get("/teams/?q=network").content.decode()
    assert "Network" in page and "Nobody yet" not in page
    assert "No team fits these filters" in signed_in().get("/teams/?q=nothing").content.decode()


def test_organisations_are_narrowed_by_kind() -> None:
    for kind, slug in (("supplier", "acme"), ("customer", "zoo")):
        OrganisationFactory(kind=kind, slug=slug)
    assert [row[:3] for row in rows("/organisations/export.csv?kind=supplier")] == [["Acme", "acme", "supplier"]]
    page = signed_in().get("/organisations/?kind=supplier").content.decode()
    assert "Acme" in page and "Zoo" not in page
    newest = rows("/organisations/export.csv?kind=supplier&kind=customer&sort=newest")
    assert [row[1] for row in newest] == ["zoo", "acme"]


def test_keys_are_in_use_or_over() -> None:
    now = clock.now()
    key("open")
    key("later", expires_at=now + timedelta(days=1))
    key("expired", expires_at=now - timedelta(days=1))
    key("revoked", revoked_at=now)
    key("both", revoked_at=now, expires_at=now + timedelta(days=1))
    by = "/api-keys/export.csv?sort=name&state="
    assert [row[0] for row in rows(f"{by}active")] == ["later", "open"]
    assert [row[0] for row in rows(f"{by}over")] == ["both", "expired", "revoked"]
    assert len(rows(by)) == 5
    assert "digest" not in str(rows(by)) and "No key fits" in signed_in().get("/api-keys/?q=nothing").content.decode()
