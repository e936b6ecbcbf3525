"""Filters live in the address; what they do not understand they say."""

import pytest
from django.contrib.auth.models import Group
from django.http import QueryDict

from steward.foundation.ui.filters import BoolFilter, ChoiceFilter, FilterSet, Sort, TextFilter

STATES = [("open", "Open"), ("closed", "Closed"), ("new", "New")]


class Filters(FilterSet):
    q = TextFilter("Search", fields=("name",))
    state = ChoiceFilter(
        "State", choices=STATES, multiple=True, apply=lambda queryset, values: queryset.filter(name__in=values)
    )
    one = ChoiceFilter("One", choices=lambda: STATES, field="name")
    mine = BoolFilter("Mine", apply=lambda queryset: queryset.filter(name="mine"))
    sorts = {"newest": Sort("Newest", ("-id",)), "name": Sort("Name", ("name", "id"))}


class WithDefault(FilterSet):
    state = ChoiceFilter("State", choices=STATES, default="open", field="name")


def read(query, kind=Filters):
    return kind(QueryDict(query))


def test_nothing_asked_is_nothing_filtered():
    filters = read("")
    assert (filters.chips, filters.notes, filters.active, filters.sort) == ([], [], False, "newest")


def test_values_are_read():
    filters = read("q=+disk+&state=open&state=new&state=open&mine=1&sort=name")
    assert filters.values == {"q": "disk", "state": ["open", "new"], "one": [], "mine": True}
    assert filters.order == ("name", "id")
    assert filters.active


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("state=lost", "lost"),
        ("one=lost", "lost"),
        ("mine=perhaps", "perhaps"),
        ("sort=colour", "colour"),
        ("q=" + "x" * 300, "200"),
    ],
)
def test_unknown_values_are_ignored_and_said(query, word):
    filters = read(query)
    assert len(filters.notes) == 1
    assert word in filters.notes[0]


def test_a_single_choice_keeps_the_first_value():
    assert read("one=new&one=open").values["one"] == ["new"]


def test_nul_never_reaches_the_database():
    assert read("q=a%00b").values["q"] == "ab"


def test_each_chip_takes_only_its_own_filter_away_and_unpages():
    filters = read("q=disk&state=open&state=new&sort=name&after=abc")
    assert [(chip.name, str(chip.text)) for chip in filters.chips] == [
        ("q", "disk"),
        ("state", "Open"),
        ("state", "New"),
    ]
    assert filters.chips[0].remove_url == "?state=open&state=new&sort=name"
    assert filters.chips[1].remove_url == "?q=disk&state=new&sort=name"
    assert filters.clear_url == "?sort=name"


def test_a_default_applies_until_the_address_says_otherwise():
    assert read("", WithDefault).values["state"] == ["open"]
    assert read("state=", WithDefault).values["state"] == []
    assert read("state=new", WithDefault).values["state"] == ["new"]


def test_removing_a_default_keeps_it_away():
    filters = read("", WithDefault)
    assert filters.chips[0].remove_url == "?state="
    assert filters.clear_url == "?state="


def test_choices_can_be_given_per_request():
    filters = Filters(QueryDict("one=7"), choices={"one": ((number, f"Team {number}") for number in (7, 8))})
    assert filters.values["one"] == ["7"]
    assert [(option.value, option.label, option.selected) for option in filters.controls[2].options] == [
        ("7", "Team 7", True),
        ("8", "Team 8", False),
    ]


def test_a_closed_multiple_choice_says_what_is_chosen():
    def summary(query):
        return read(query).controls[1].summary

    assert summary("") == "any"
    assert summary("state=open&state=new") == "Open, New"
    assert summary("state=open&state=new&state=closed") == "3 chosen"


def test_one_way_to_sort_is_no_choice():
    assert len(read("").sort_options) == 2
    assert read("", WithDefault).sort_options == []
    assert read("", WithDefault).order == ("-pk",)


def test_subclasses_inherit_filters():
    class More(Filters):
        extra = BoolFilter("Extra", field="extra")

    assert list(More.filters) == ["q", "state", "one", "mine", "extra"]
    assert "extra" not in Filters.filters


def test_filters_narrow_the_rows(db):
    Group.objects.all().delete()
    Group.objects.bulk_create([Group(name=name) for name in ("open", "opening", "closed", "mine", "100%")])

    def found(query):
        return sorted(read(query).apply(Group.objects.all()).values_list("name", flat=True))

    assert found("q=OPEN") == ["open", "opening"]
    assert found("q=%25") == ["100%"]
    assert found("state=open&state=closed") == ["closed", "open"]
    assert found("one=closed") == ["closed"]
    assert found("mine=on") == ["mine"]
    assert found("q=open&state=open") == ["open"]
    assert len(found("")) == 5


def test_a_list_at_its_default_is_told_from_one_that_somebody_filtered():
    assert read("", WithDefault).at_default
    assert read("state=", WithDefault).at_default
    assert not read("state=new", WithDefault).at_default
    assert read("sort=name").at_default
    assert not read("q=disk").at_default
    assert not read("mine=1").at_default


@pytest.mark.parametrize(
    ("address", "want"),
    [
        ("", ""),
        ("q=&sort=&mine=0", ""),
        ("sort=first&state=open", "state=open"),
        ("sort=second&mine=on&q=+disk+&after=x&unknown=1", "q=disk&mine=1&sort=second"),
        ("state=closed&state=open&state=open&state=", "state=closed&state=open"),
        ("status=firing", ""),
        ("status=", "status="),
        ("status=resolved&status=firing", "status=firing&status=resolved"),
        ("sort=nonsense&q=a%00b", "q=ab"),
    ],
)
def test_addresses_of_the_same_list_have_one_form(address, want):
    class Things(FilterSet):
        q = TextFilter("Search")
        state = ChoiceFilter("State", choices=[("open", "open"), ("closed", "closed")], multiple=True)
        status = ChoiceFilter("Status", choices=[("firing", "f"), ("resolved", "r")], multiple=True, default=["firing"])
        mine = BoolFilter("Mine")
        sorts = {"first": Sort("First", ("id",)), "second": Sort("Second", ("-id",))}

    assert Things.canonical(QueryDict(address)) == want
    assert Things.canonical(QueryDict(want)) == want, "the one form is not stable"
    assert Things(QueryDict(address)).query == want


def test_links_take_along_what_is_carried_and_clearing_leaves_the_view():
    class Things(FilterSet):
        q = TextFilter("Search")

    filters = Things(QueryDict("q=x&after=y"))
    filters.carried["view"] = "12"
    assert filters.chips[0].remove_url == "?view=12"
    assert filters.clear_url == "?view="
