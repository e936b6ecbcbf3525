"""The templates of the shell, drawn with and without somebody signed in."""

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.shortcuts import render
from django.template import loader
from django.test import RequestFactory

from steward.foundation.actors import ANONYMOUS, Actor
from steward.foundation.ui import navigation, panels
from steward.foundation.ui.context_processors import shell
from steward.foundation.ui.filters import BoolFilter, ChoiceFilter, FilterSet, Sort, TextFilter
from steward.foundation.ui.navigation import Health, MenuItem, NavItem
from steward.foundation.ui.paging import KeysetPage

pytestmark = pytest.mark.urls("steward.foundation.ui.tests.urls_for_tests")
ACTOR = Actor(kind="user", label="App <engineer>", permissions=frozenset({"incidents.view"}))


def request(path="/incidents/7/", actor=ACTOR, **cookies):
    made = RequestFactory().get(path)
    made.session = SessionStore()
    made.COOKIES.update(cookies)
    if actor is not None:
        made.actor = actor
    return made


def draw(template, made=None, **context):
    return render(made or request(), template, context).content.decode()


@pytest.fixture(autouse=True)
def filled(registry):
    navigation.register(NavItem("home", "Now", "home", "activity", phone=True))
    navigation.register(
        NavItem(
            "incidents",
            "Incidents",
            "incidents:list",
            "urgent",
            "operate",
            200,
            "incidents.view",
            lambda actor: 3,
            True,
        )
    )
    navigation.register_menu(MenuItem("out", "Sign out", "logout", "logout", post=True))
    navigation.register_health(lambda actor: Health("degraded", "Engine is late", "/"))
    navigation.register_presence(lambda actor: "On call until 09:00")
    navigation.register_search("search")


def test_the_page_has_navigation_tabs_health_and_the_reader():
    html = draw("ui/page.html")
    assert html.count('aria-current="page"') == 2  # rail and tab bar
    assert 'href="/incidents/" class="on" aria-current="page" data-go="i"' in html
    assert "<b>3</b>" in html
    assert "Engine is late" in html
    assert "On call until 09:00" in html
    assert "App &lt;engineer&gt;" in html
    assert "App <engineer>" not in html
    assert 'action="/search"' in html
    assert '<meta name="csrf-token"' in html


@pytest.mark.parametrize("actor", [None, ANONYMOUS])
def test_nobody_sees_no_navigation(actor):
    html = draw("ui/page.html", request(actor=actor))
    assert "Incidents" not in html
    assert "Sign out" not in html


def test_signing_out_is_a_form_with_a_token():
    html = draw("ui/top.html")
    assert '<form method="post" action="/sign-out"><input type="hidden" name="csrfmiddlewaretoken"' in html


def test_the_shell_costs_a_fragment_nothing(registry):
    def fail(actor):
        raise AssertionError("asked for a badge")

    navigation.register(NavItem("costly", "Costly", "home", "x", badge=fail))
    navigation.register_health(fail)
    assert shell(request())["actor"] is ACTOR


@pytest.mark.parametrize(
    ("cookie", "want"), [("dark", 'data-bs-theme="dark"'), ('pink"><', 'data-bs-theme="light" data-theme-auto')]
)
def test_the_theme_comes_from_the_cookie_if_it_is_one(cookie, want):
    assert want in draw("ui/page.html", request(steward_theme=cookie))


def test_messages_are_toasts():
    html = draw("ui/page.html", messages=[Message(constants.ERROR, "No <channel>.")])
    assert "toast-error" in html
    assert "No &lt;channel&gt;." in html


@pytest.mark.parametrize("name", ["403.html", "404.html", "500.html", "error.html"])
def test_error_pages_need_no_request(name):
    html = loader.get_template(name).render()
    assert "<h1>" in html
    assert 'href="/"' in html


def test_a_forbidden_page_says_why():
    assert "out of date" in draw("403.html", message="This form is out of date.")


def test_an_empty_list_teaches():
    html = draw("ui/empty.html", icon="plug", title="No sources", text="Add <one>.", url="/new", label="Add a source")
    assert "Add &lt;one&gt;." in html
    assert '<a class="btn btn-primary" href="/new">Add a source</a>' in html
    assert "btn" not in draw("ui/empty.html", title="No sources")


def test_the_pager_keeps_the_filters():
    page = KeysetPage([1, 2], "NEXT", "PREV")
    html = draw("ui/pager.html", request("/incidents/?q=a&after=x"), page=page)
    assert 'href="?q=a&amp;after=NEXT"' in html
    assert 'href="?q=a&amp;before=PREV"' in html
    assert "2 rows" in html


def test_a_single_page_has_no_pager():
    assert draw("ui/pager.html", page=KeysetPage([1], None, None)).strip() == ""


class Filters(FilterSet):
    q = TextFilter("Search", fields=("name",), placeholder="Title or number")
    state = ChoiceFilter("State", choices=[("open", "Open"), ("new", "New")], multiple=True)
    kind = ChoiceFilter("Kind", choices=[("a", "A")], default="a")
    mine = BoolFilter("Mine", field="mine")
    sorts = {"newest": Sort("Newest", ("-id",)), "name": Sort("Name", ("name",))}


def test_the_filter_bar_shows_what_is_applied():
    made = request("/incidents/?q=%3Cb%3E&state=open&kind=zz&mine=1&sort=name")
    html = draw("ui/filters.html", made, filters=Filters(made.GET))
    assert 'value="&lt;b&gt;"' in html
    assert 'name="state" value="open" checked' in html
    assert 'name="mine" value="1" checked' in html
    assert '<option value="name" selected>' in html
    assert '<select name="kind" data-keep>' in html
    assert html.count('class="chip"') == 3
    assert "it was ignored" in html


def test_panels_are_slots_that_load_themselves(panel_registry):
    panels.register("incident", "sla", "levels:panel")
    from django.template import Context, Template

    html = Template('{% load ui %}{% panels "incident" 7 %}').render(Context({"actor": ACTOR}))
    assert 'hx-get="/levels/panel/7/" hx-trigger="load, refreshPanels from:body"' in html
