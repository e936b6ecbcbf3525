"""Named times on pages: filled in as people write them, stored as Alertmanager has them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from steward.algorithms.intervals import parse
from steward.response.triage.intervals import MONTHS, WEEKDAYS, fields_of, span_of, words
from steward.response.triage.models import TimeInterval
from steward.response.triage.tests.factories import route, user

FIELDS = ("times", "days_of_month", "months", "years", "location")


def client(role: str = "lead") -> Client:
    made = Client()
    made.force_login(user(role=role))
    return made


def posted(*spans: dict[str, Any], name: str = "nights") -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "span-TOTAL_FORMS": len(spans), "span-INITIAL_FORMS": 0}
    for number, span in enumerate(spans):
        found |= {f"span-{number}-{field}": "" for field in FIELDS}
        found |= {f"span-{number}-{field}": value for field, value in span.items()}
    return found


@pytest.mark.django_db
def test_times_are_named_and_found_again() -> None:
    lead = client()
    weekdays = ["monday", "tuesday", "wednesday", "saturday"]
    first = {"weekdays": weekdays, "times": "9:00-17:00, 22:00-06:00", "location": "Europe/Berlin"}
    answer = lead.post(
        reverse("triage:interval-create"), posted(first, {"days_of_month": "1:3, -1", "years": "2027"}, {})
    )
    assert answer.status_code == 302
    made = TimeInterval.objects.get()
    assert made.spec == [
        {
            "weekdays": ["monday:wednesday", "saturday"], "location": "Europe/Berlin",
            "times": [
                {"start_time": "09:00", "end_time": "17:00"}, {"start_time": "22:00", "end_time": "24:00"},
                {"start_time": "00:00", "end_time": "06:00"},
            ],
        },
        {"days_of_month": ["1:3", "-1"], "years": ["2027"], "location": "UTC"},
    ]  # fmt: skip
    page = lead.get(reverse("triage:pipeline")).content.decode()
    assert "Mon–Wed, Sat 09:00–17:00, 22:00–24:00, 00:00–06:00 Europe/Berlin" in page
    assert "on days 1 to 3, -1 of the month 2027 UTC" in page
    form = lead.get(reverse("triage:interval", args=[made.pk]))
    assert form.context["spans"][0].initial["weekdays"] == weekdays


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("span", "said"),
    [
        ({"times": "nine"}, "are no times"),
        ({"times": "09:00-25:00"}, "not a time of day"),
        ({"months": "brumaire"}, "not a month"),
        ({"days_of_month": "40"}, "not a day of the month"),
        ({"times": "09:00-10:00", "location": "Mars/Base"}, "no time zone"),
        ({"weekdays": ["monkday"]}, "not one of the available choices"),
        ({}, "Fill in days"),
    ],
)
def test_what_cannot_be_read_is_said(span: dict[str, Any], said: str) -> None:
    answer = client().post(reverse("triage:interval-create"), posted(span))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not TimeInterval.objects.exists()


@pytest.mark.django_db
def test_a_name_is_taken_once_and_does_not_change() -> None:
    lead, span = client(), {"times": "09:00-10:00"}
    assert lead.post(reverse("triage:interval-create"), posted(span)).status_code == 302
    again = lead.post(reverse("triage:interval-create"), posted(span))
    assert (again.status_code, "have this name" in again.content.decode()) == (422, True)
    made = TimeInterval.objects.get()
    assert (
        lead.post(reverse("triage:interval", args=[made.pk]), posted({"times": "1:00-2:00"}, name="x")).status_code
        == 302
    )
    made.refresh_from_db()
    assert (made.name, made.version, made.spec[0]["times"]) == (
        "nights", 2, [{"start_time": "01:00", "end_time": "02:00"}]
    )  # fmt: skip


@pytest.mark.django_db
def test_times_that_a_route_uses_stay() -> None:
    lead = client()
    lead.post(reverse("triage:interval-create"), posted({"times": "09:00-10:00"}))
    made = TimeInterval.objects.get()
    taken = route(mute_times=["nights"])
    page = lead.get(reverse("triage:interval", args=[made.pk])).content.decode()
    assert taken.name in page and "interval-delete" not in page
    lead.post(reverse("triage:interval-delete", args=[made.pk]))
    assert TimeInterval.objects.exists()
    taken.delete()
    assert lead.post(reverse("triage:interval-delete", args=[made.pk])).status_code == 302
    assert not TimeInterval.objects.exists()


RANGES = st.integers(1, 28).flatmap(lambda low: st.integers(low, 28).map(lambda high: f"{low}:{high}"))
SPANS = st.fixed_dictionaries(
    {"location": st.sampled_from(["UTC", "Asia/Shanghai"])},
    optional={
        "weekdays": st.lists(st.sampled_from([*WEEKDAYS, "monday:friday", "Tuesday:tuesday"]), min_size=1),
        "times": st.lists(st.just({"start_time": "00:30", "end_time": "24:00"}), min_size=1, max_size=2),
        "days_of_month": st.lists(RANGES, min_size=1, max_size=3),
        "months": st.lists(st.sampled_from([*MONTHS, "2", "march:5"]), min_size=1),
        "years": st.lists(st.sampled_from(["2026", "2026:2030"]), min_size=1),
    },
)


@given(SPANS)
def test_an_entry_survives_its_form(span: dict[str, Any]) -> None:
    """What Alertmanager's file may say is the same interval after somebody saved it in the form."""
    if len(span) == 1:
        assert span_of(fields_of(span)) == {}
        return
    kept = span_of(fields_of(span))
    before, after = parse([span]).spans[0], parse([kept]).spans[0]
    days = [{day for low, high in each.weekdays for day in range(low, high + 1)} for each in (before, after)]
    assert days[0] == days[1]
    for name in ("times", "days_of_month", "months", "years", "location"):
        assert getattr(before, name) == getattr(after, name)
    with translation.override("en"):
        assert words([span])[0].endswith(span["location"])
