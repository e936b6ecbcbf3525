"""Views are kept, changed, shared and removed by whom they belong to."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from steward.foundation.actors import ANONYMOUS, Actor, system
from steward.foundation.database.rowsecurity import limited_to
from steward.foundation.errors import Forbidden, NotFound, StewardError
from steward.foundation.testing.races import race
from steward.people.accounts.permissions import permissions_of
from steward.people.accounts.tests.factories import OrganisationFactory
from steward.people.audit.models import AuditEntry
from steward.people.views import actions, queries
from steward.people.views.errors import BadView, NameTaken, TooManyViews, ViewNotFound
from steward.people.views.models import FirstView, SavedView
from steward.people.views.tests.factories import NOW, actor, saved

pytestmark = pytest.mark.django_db


def program(role: str = "administrator") -> Actor:
    """The actor that an API key of the home organisation is."""
    home = OrganisationFactory()
    return Actor("apikey", "script", 1, role, permissions_of(role), home.pk)


def names(by: Actor, list_key: str = "people") -> list[str]:
    return [view.name for view in queries.views_of(by, list_key)]


def firsts(by: Actor, list_key: str = "people") -> list[str]:
    return [view.name for view in queries.views_of(by, list_key) if view.is_first]


def change(view: SavedView, by: Actor, **changes: Any) -> SavedView:
    return actions.update_view(actor=by, now=NOW, view_id=view.pk, **changes)


def test_a_view_keeps_the_one_form_of_what_the_list_knows() -> None:
    view = saved(actor("viewer"), "  Leads \n and   more ", query="?sort=newest&role=viewer&role=lead&state=active&q=")
    assert (view.name, view.query) == ("Leads and more", "role=lead&role=viewer&sort=newest")
    entry = AuditEntry.objects.get(action="view.create")
    assert entry.after == {"list": "people", "name": view.name, "query": view.query, "shared": False}
    assert (entry.subject_kind, entry.subject_id) == ("view", view.pk)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " \0 "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"list_key": "nothing"}, "list"),
        ({"query": "role=lead&colour=red"}, "query"),
        ({"query": "after=xyz"}, "query"),
        ({"query": "q=" + "x" * 2000}, "query"),
        ({"query": "&".join(["role=lead"] * 1100)}, "query"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_field(changes: dict[str, Any], field: str) -> None:
    by = actor("viewer")
    with pytest.raises(BadView) as caught:
        saved(by, **{"name": "Mine", **changes})
    assert list(caught.value.fields) == [field]
    assert not SavedView.objects.exists() and not AuditEntry.objects.exists()


def test_private_is_private_and_shared_is_for_the_organisation() -> None:
    lead, viewer = actor("lead"), actor("viewer")
    saved(lead, "Private")
    saved(lead, "For all", shared=True)
    customer, supplier = actor("customer"), actor("supplier")
    saved(supplier, "Theirs", list_key="services", query="")
    assert names(lead) == ["For all", "Private"]
    assert names(viewer) == names(program()) == ["For all"]
    assert names(customer) == names(supplier) == names(ANONYMOUS) == []
    assert names(supplier, "services") == ["Theirs"] and names(lead, "services") == []


def test_a_view_of_a_list_that_one_may_not_open_is_not_there() -> None:
    lead, viewer = actor("lead"), actor("viewer")
    view = saved(lead, "Sign-ins", list_key="audit", query="action=sign-in", shared=True)
    assert names(lead, "audit") == ["Sign-ins"]
    assert names(viewer, "audit") == []
    with pytest.raises(ViewNotFound):
        queries.view_by_id(viewer, view.pk)
    with pytest.raises(Forbidden):
        saved(viewer, list_key="audit", query="")


@pytest.mark.parametrize("role", ["responder", "agent", "viewer", "auditor", "supplier"])
def test_only_leads_and_administrators_share(role: str) -> None:
    by = actor(role)
    with pytest.raises(Forbidden, match=r"views\.share"):
        saved(by, list_key="services", query="", shared=True)
    mine = saved(by, list_key="services", query="")
    with pytest.raises(Forbidden, match=r"views\.share"):
        change(mine, by, shared=True)


def test_a_shared_view_is_changed_by_who_may_share_and_a_private_one_by_its_owner() -> None:
    lead, other, viewer = actor("lead"), actor("administrator"), actor("viewer")
    shared, private = saved(lead, "For all", shared=True), saved(lead, "Private")
    assert change(shared, other, name="For everybody").name == "For everybody"
    for act in (lambda: change(shared, viewer, name="x"), lambda: delete(shared, viewer)):
        with pytest.raises(Forbidden, match=r"views\.share"):
            act()
    for act in (lambda: change(private, other, name="x"), lambda: delete(private, other)):
        with pytest.raises(NotFound):
            act()
    assert change(private, lead, query="q=ana").query == "q=ana"


def delete(view: SavedView, by: Actor) -> None:
    actions.delete_view(actor=by, now=NOW, view_id=view.pk)


def test_a_change_of_nothing_leaves_no_trace() -> None:
    by = actor("viewer")
    view = saved(by)
    change(view, by, name="Mine", query=view.query + "&state=active", shared=False)
    assert AuditEntry.objects.exclude(action="view.create").count() == 0


def test_names_are_taken_whatever_their_case_but_private_and_shared_are_two() -> None:
    lead = actor("lead")
    saved(lead, "Night shift")
    saved(lead, "Night shift", shared=True)
    saved(lead, "Night shift", list_key="teams", query="")
    saved(actor("viewer"), "Night shift")
    for shared in (False, True):
        with pytest.raises(NameTaken) as caught:
            saved(lead, "NIGHT  shift", shared=shared)
        assert "name" in caught.value.fields
    other = saved(lead, "Day shift")
    with pytest.raises(NameTaken):
        change(other, lead, name="night shift")
    with pytest.raises(NameTaken):
        change(SavedView.objects.get(name="Night shift", shared=True), lead, shared=False)


def test_there_is_a_limit_on_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_PRIVATE", 2)
    monkeypatch.setattr(actions, "MOST_SHARED", 1)
    lead = actor("lead")
    for name in ("A", "B"):
        saved(lead, name)
    with pytest.raises(TooManyViews):
        saved(lead, "C")
    saved(lead, "Shared", shared=True)
    with pytest.raises(TooManyViews):
        change(SavedView.objects.get(name="A"), lead, shared=True)
    assert change(SavedView.objects.get(name="A"), lead, name="D").name == "D"


@pytest.mark.django_db(transaction=True)
def test_two_at_once_cannot_have_one_name_or_pass_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    lead, admin = actor("lead"), actor("administrator")
    results = race(*[lambda by=by: saved(by, "Same", shared=True) for by in (lead, admin)])
    assert sorted(type(each).__name__ for each in results) == ["NameTaken", "SavedView"]
    monkeypatch.setattr(actions, "MOST_SHARED", 2)
    results = race(*[lambda n=n: saved(lead, f"N{n}", shared=True) for n in range(4)])
    assert sorted(type(each).__name__ for each in results) == ["SavedView", *["TooManyViews"] * 3]


def test_the_database_holds_what_the_action_checks() -> None:
    lead = actor("lead")
    view = saved(lead, "A")
    again = {"organisation_id": view.organisation_id, "list": "people", "created_at": NOW, "updated_at": NOW}
    for wrong in (
        {"name": "a", "owner_id": lead.id, "shared": False},
        {"name": "b", "owner_id": None, "shared": False},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            SavedView.objects.create(**again, **wrong)


def test_a_list_opens_with_one_view_of_each_reader() -> None:
    lead, viewer = actor("lead"), actor("viewer")
    one = saved(lead, "One", shared=True, first=True)
    two = saved(lead, "Two", shared=True)
    assert (firsts(lead), firsts(viewer)) == (["One"], [])
    for by in (lead, viewer):
        actions.set_first_view(actor=by, now=NOW, list_key="people", view_id=two.pk)
        actions.set_first_view(actor=by, now=NOW, list_key="people", view_id=two.pk)
    assert (firsts(lead), firsts(viewer)) == (["Two"], ["Two"])
    assert AuditEntry.objects.filter(action="view.first").count() == 3
    actions.set_first_view(actor=lead, now=NOW, list_key="people", view_id=None)
    assert (firsts(lead), firsts(viewer)) == ([], ["Two"])
    with pytest.raises(BadView):
        actions.set_first_view(actor=lead, now=NOW, list_key="teams", view_id=one.pk)
    with pytest.raises(StewardError):
        actions.set_first_view(actor=program(), now=NOW, list_key="people", view_id=one.pk)


def test_taking_a_view_back_or_deleting_it_opens_nobodys_list_any_more() -> None:
    lead, viewer = actor("lead"), actor("viewer")
    back, gone = saved(lead, "Back", shared=True), saved(lead, "Gone", list_key="teams", query="", shared=True)
    for by in (lead, viewer):
        for view in (back, gone):
            actions.set_first_view(actor=by, now=NOW, list_key=view.list, view_id=view.pk)
    change(back, lead, shared=False)
    assert (firsts(lead), firsts(viewer)) == (["Back"], [])
    assert list(FirstView.objects.filter(list="people").values_list("user_id", flat=True)) == [lead.id]
    delete(gone, lead)
    assert not FirstView.objects.filter(list="teams").exists()
    assert AuditEntry.objects.get(action="view.delete").before["name"] == "Gone"


def test_a_program_keeps_shared_views_only() -> None:
    by = program()
    with pytest.raises(BadView):
        saved(by, "Private")
    view = saved(by, "Shared", shared=True)
    assert view.owner is None
    with pytest.raises(BadView):
        change(view, by, shared=False)
    with pytest.raises(Forbidden):
        saved(program("viewer"), "Other", shared=True)
    assert saved(system("test"), "By Steward", shared=True).organisation_id == by.organisation_id


def test_the_second_wall_hides_views_of_others() -> None:
    ours = saved(actor("lead"), "Ours", shared=True, first=True)
    by = actor("supplier")
    theirs = saved(by, "Theirs", list_key="services", query="", first=True)
    with limited_to(by.organisation_id):
        assert list(SavedView.objects.values_list("pk", flat=True)) == [theirs.pk]
        assert list(FirstView.objects.values_list("view_id", flat=True)) == [theirs.pk]
        assert SavedView.objects.filter(pk=ours.pk).update(name="x") == 0
        with pytest.raises(ProgrammingError), transaction.atomic():
            FirstView.objects.create(user_id=by.id, list="people", view_id=ours.pk)
