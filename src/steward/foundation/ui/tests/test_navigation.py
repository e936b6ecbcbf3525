"""The shell shows what rooms have registered, to those who may open it."""

import pytest

from steward.foundation.actors import Actor
from steward.foundation.ui import navigation, panels
from steward.foundation.ui.navigation import MenuItem, NavItem

pytestmark = pytest.mark.urls("steward.foundation.ui.tests.urls_for_tests")

ACTOR = Actor(kind="user", label="App engineer", permissions=frozenset({"incidents.view"}))
HOME = NavItem("home", "Now", "home", "activity", "operate", 0, phone=True)
INCIDENTS = NavItem(
    "incidents", "Incidents", "incidents:list", "urgent", "operate", 10, "incidents.view", lambda actor: 3, True
)
AUDIT = NavItem("audit", "Audit", "alerts", "history", "administer", 1, "audit.view")


@pytest.fixture
def filled(registry):
    for item in (AUDIT, INCIDENTS, HOME):
        navigation.register(item)


def test_groups_come_in_their_order_and_only_when_something_is_in_them(filled):
    groups = navigation.groups_for(ACTOR)
    assert [(group.key, [entry.key for entry in group.entries]) for group in groups] == [
        ("operate", ["home", "incidents"])
    ]


def test_an_entry_carries_its_badge_address_and_shortcut(filled):
    home, incidents = navigation.groups_for(ACTOR)[0].entries
    assert (incidents.url, incidents.badge, incidents.shortcut) == ("/incidents/", 3, "i")
    assert (home.badge, home.shortcut) == (None, "h")


def test_a_badge_of_zero_is_no_badge(registry):
    navigation.register(NavItem("a", "A", "home", "x", badge=lambda actor: 0))
    assert navigation.groups_for(ACTOR)[0].entries[0].badge is None


def test_a_page_that_is_not_mounted_has_no_entry(registry):
    navigation.register(NavItem("gone", "Gone", "nowhere:list", "x"))
    assert navigation.groups_for(ACTOR) == []


def test_an_unknown_group_is_refused(registry):
    with pytest.raises(ValueError, match="elsewhere"):
        navigation.register(NavItem("a", "A", "home", "x", group="elsewhere"))


def test_registering_again_replaces(registry):
    navigation.register(HOME)
    navigation.register(HOME)
    assert len(navigation.items()) == 1


def test_the_phone_gets_four_tabs_at_most(registry):
    for number in range(6):
        navigation.register(NavItem(f"n{number}", f"{number}", "home", "x", position=number, phone=True))
    assert [entry.key for entry in navigation.phone_tabs(navigation.groups_for(ACTOR))] == ["n0", "n1", "n2", "n3"]


@pytest.mark.parametrize(
    ("path", "namespace", "want"),
    [
        ("/", "", "home"),
        ("/incidents/", "incidents", "incidents"),
        ("/incidents/7/", "incidents", "incidents"),
        ("/incidents/new/", "incidents", "new"),
        ("/incidents-archive/", "", ""),
        ("/INC-7", "incidents", "incidents"),
        ("/elsewhere", "other", ""),
    ],
)
def test_the_open_page_is_the_longest_address_above_it(path, namespace, want):
    candidates = [
        ("home", "/", "home"),
        ("incidents", "/incidents/", "incidents:list"),
        ("new", "/incidents/new/", "intake:new"),
    ]
    assert navigation.current_key(path, namespace, candidates) == want


def test_no_entry_is_lit_for_a_page_of_a_room_with_several_or_of_the_home_page():
    candidates = [
        ("now", "/", "web:now"),
        ("people", "/people/", "accounts:people"),
        ("teams", "/teams/", "accounts:teams"),
    ]
    assert navigation.current_key("/profile/", "accounts", candidates) == ""
    assert navigation.current_key("/search", "web", candidates) == ""
    assert navigation.current_key("/teams/4/edit", "accounts", candidates) == "teams"


def test_the_user_menu_is_ordered_and_guarded(registry):
    navigation.register_menu(MenuItem("out", "Sign out", "logout", "logout", 90, post=True))
    navigation.register_menu(MenuItem("me", "Profile", "home", "user", 10))
    navigation.register_menu(MenuItem("secret", "Secret", "home", "key", 20, permission="secret.view"))
    assert [(entry.key, entry.post) for entry in navigation.menu_for(ACTOR)] == [("me", False), ("out", True)]


def test_panels_come_in_order_to_those_who_may_see_them(panel_registry):
    panels.register("incident", "later", "levels:panel", 20)
    panels.register("incident", "first", "incidents:detail", 10, "incidents.view")
    panels.register("incident", "hidden", "levels:panel", 5, "levels.view")
    panels.register("alert", "other", "levels:panel")
    panels.register("incident", "unmounted", "nowhere:panel")
    assert [(slot.name, slot.url) for slot in panels.slots_for("incident", 7, ACTOR)] == [
        ("first", "/incidents/7/"),
        ("later", "/levels/panel/7/"),
    ]
    assert [slot.name for slot in panels.slots_for("incident", 7, None)] == ["later"]
