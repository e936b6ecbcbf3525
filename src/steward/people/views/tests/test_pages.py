"""Saved views above a list, and the pages that keep them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

import steward
from steward.foundation.testing.pages import (
    check_anonymous,
    check_hidden_outside,
    check_queries,
    signed_in,
)
from steward.foundation.ui import lists
from steward.people.accounts.models import User
from steward.people.accounts.queries import actor_for_user
from steward.people.views.models import FirstView, SavedView
from steward.people.views.tests.factories import actor, saved

pytestmark = pytest.mark.django_db
PEOPLE = "/people/"
NEW = "/views/new?list=people&query=role%3Dlead"


def reader(role: str = "viewer") -> tuple[Client, Any]:
    """A signed-in browser and the actor it is."""
    client = signed_in(role)
    return client, actor_for_user(User.objects.latest("pk"))


def html(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode()


def tabs(page: str) -> dict[str, str]:
    """Name and address of each tab; the open one is marked."""
    nav = re.search(r'<nav class="subnav" aria-label="Saved views">(.*?)</nav>', page, re.DOTALL)
    found = re.findall(r'<a href="([^"]+)"( aria-current="page")?[^>]*>(?:<span>)?([^<]+)', nav[1] if nav else "")
    return {("*" if current else "") + name.strip(): url.replace("&amp;", "&") for url, current, name in found}


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


@pytest.mark.parametrize("page", lists.lists(), ids=lambda page: page.key)
def test_every_list_can_be_saved_and_opened_with_one_more_query(page: lists.ListPage) -> None:
    client, by = reader("administrator")
    bare = html(client, page.url)
    assert not tabs(bare) and "/views/new" not in bare
    name, sort = next(iter(page.filters.filters)), list(page.filters.sorts)[-1]
    assert len(page.filters.sorts) > 1, f"{page.key} can be sorted in one way only"
    filtered = f"{page.url}?{name}=x&sort={sort}"
    assert f"/views/new?list={page.key}" in html(client, filtered)
    assert re.search(r"export\.csv\?", html(client, filtered)), f"{page.key} has no export"
    view = saved(by, "One of mine", list_key=page.key, query=f"{name}=x&sort={sort}")
    saved(by, "For all", list_key=page.key, query="", shared=True)
    address = page.address(view.query, view.pk)
    assert tabs(html(client, address)) == {
        "Standard": page.url, "*One of mine": address, "For all": page.address("", view.pk + 1),
    }  # fmt: skip
    check_queries(client, address)


def test_pages_that_show_filters_are_registered_lists() -> None:
    """A new list with filters but without saved views would be forgotten otherwise."""
    root = Path(str(steward.__file__)).parent
    using = [str(path) for path in root.rglob("templates/**/*.html") if '"ui/filters.html"' in path.read_text()]
    assert len(using) == len(lists.lists()), sorted(using)


def test_a_view_is_saved_from_the_dialog_and_the_address_says_all() -> None:
    client, by = reader()
    dialog = client.get(NEW, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in dialog and 'name="query" value="role=lead"' in dialog
    assert 'name="shared"' not in dialog, "who may not share is not asked"
    page = html(client, NEW)
    assert "<html" in page and 'href="/people/?role=lead"' in page
    response = client.post("/views/new", {"list": "people", "query": "role=lead", "name": "Leads", "first": "on"})
    view = SavedView.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/people/?role=lead&view={view.pk}")
    assert (view.owner_id, view.shared) == (by.id, False)
    assert FirstView.objects.get().view == view


def test_what_is_wrong_stands_beside_its_field() -> None:
    client, by = reader()
    saved(by, "Leads")
    response = client.post("/views/new", {"list": "people", "query": "role=lead", "name": "leads"})
    assert response.status_code == 422
    assert "There is a view with this name already." in response.content.decode()
    assert client.post("/views/new", {"list": "people", "query": "x=y", "name": "A"}).status_code == 422
    assert client.get("/views/new?list=nothing").status_code == 404
    assert client.get("/views/new?list=audit").status_code == 404


def test_a_bare_address_opens_the_first_view_and_standard_is_still_there() -> None:
    client, by = reader()
    view = saved(by, "Leads", first=True)
    response = client.get(PEOPLE)
    assert (response.status_code, response["Location"]) == (302, f"/people/?role=lead&sort=newest&view={view.pk}")
    assert client.get(PEOPLE, headers={"HX-Request": "true"}).status_code == 200
    assert client.get(f"{PEOPLE}?role=viewer").status_code == 200
    plain = tabs(html(client, f"{PEOPLE}?view="))
    assert plain == {"*Standard": "/people/?view=", "Leads": response["Location"]}
    assert 'name="view" value=""' in html(client, f"{PEOPLE}?view="), "the next filter would be lost to the first view"


def test_changed_filters_offer_to_replace_and_to_go_back() -> None:
    client, by = reader()
    view = saved(by, "Leads")
    same = html(client, f"{PEOPLE}?sort=newest&role=lead&view={view.pk}")
    assert "Replace view" not in same and "Save as new view" not in same
    changed = html(client, f"{PEOPLE}?role=viewer&view={view.pk}")
    assert "*Leads" in tabs(changed)
    for words in ("Replace view", "Save as new view", "Back to the view"):
        assert words in changed
    response = client.post(f"/views/{view.pk}/replace", {"query": "role=viewer"})
    assert response["Location"] == f"/people/?role=viewer&view={view.pk}"
    view.refresh_from_db()
    assert view.query == "role=viewer"


def test_taking_filters_away_keeps_the_view_and_clearing_leaves_it() -> None:
    client, by = reader()
    view = saved(by, "Leads", first=True)
    page = html(client, f"{PEOPLE}?role=lead&sort=newest&view={view.pk}").replace("&amp;", "&")
    chips = re.findall(r'<a class="chip" href="([^"]+)"', page)
    assert chips and all(query(url)["view"] == str(view.pk) for url in chips)
    clear = re.search(r'<a class="chip-clear" href="([^"]+)"', page)
    assert clear and query(clear[1])["view"] == ""


def test_the_same_filters_from_a_colleagues_link_open_the_tab() -> None:
    client, by = reader()
    saved(by, "Leads")
    assert "*Leads" in tabs(html(client, f"{PEOPLE}?sort=newest&role=lead&view=999999"))
    assert "*Standard" in tabs(html(client, f"{PEOPLE}?role=viewer&view=nonsense"))


def test_the_menu_follows_what_the_reader_may_do() -> None:
    lead = actor("lead")
    view = saved(lead, "Shared by a lead", shared=True)
    address = f"{PEOPLE}?role=lead&sort=newest&view={view.pk}"
    viewer, admin = html(signed_in("viewer"), address), html(signed_in("administrator"), address)
    for words in (f"/views/{view.pk}/edit", f"/views/{view.pk}/delete"):
        assert words in admin and words not in viewer
    assert f"/views/{view.pk}/first" in viewer and lead.label in viewer
    assert "for everybody?" in admin


def test_renaming_sharing_first_and_deleting() -> None:
    client, by = reader("lead")
    view = saved(by, "Leads")
    assert 'name="shared"' in html(client, f"/views/{view.pk}/edit")
    client.post(f"/views/{view.pk}/edit", {"name": "Our leads", "shared": "on"})
    view.refresh_from_db()
    assert (view.name, view.shared) == ("Our leads", True)
    client.post(f"/views/{view.pk}/first", {"on": "1"})
    assert FirstView.objects.get().view == view
    client.post(f"/views/{view.pk}/first", {"on": "0"})
    assert not FirstView.objects.exists()
    assert client.get(f"/views/{view.pk}/delete").status_code == 405
    response = client.post(f"/views/{view.pk}/delete")
    assert (response["Location"], SavedView.objects.count()) == (PEOPLE, 0)


def test_who_may_not_share_renames_without_taking_back() -> None:
    client, by = reader("viewer")
    view = saved(by, "Mine")
    assert client.post(f"/views/{view.pk}/edit", {"name": "Still mine", "shared": "on"}).status_code == 302
    view.refresh_from_db()
    assert (view.name, view.shared) == ("Still mine", False)


@pytest.mark.parametrize("verb", ["replace", "first", "delete"])
def test_others_find_nothing_behind_the_addresses(verb: str) -> None:
    private = saved(actor("lead"), "Private")
    shared = saved(actor("lead"), "Shared", shared=True)
    assert signed_in("administrator").post(f"/views/{private.pk}/{verb}", {"on": "1"}).status_code == 404
    for role in ("customer", "supplier"):
        assert signed_in(role).post(f"/views/{shared.pk}/{verb}", {"on": "1"}).status_code == 404
    if verb != "first":
        assert signed_in("viewer").post(f"/views/{shared.pk}/{verb}", {"query": ""}).status_code == 403
    assert SavedView.objects.count() == 2


def test_doors() -> None:
    view = saved(actor("lead"), "Zebra crossing", list_key="services", query="", shared=True)
    for url in (NEW, reverse("views:edit", args=[view.pk])):
        check_anonymous(url)
    check_hidden_outside("/services/", ["Zebra crossing"])
    check_hidden_outside(reverse("views:edit", args=[view.pk]), ["Zebra crossing"])
