"""Addresses of the pages: the home page's own, and what each room brings."""

from importlib.util import find_spec

from django.urls import include, path

from steward.web import pages

ROOMS = (
    "people.accounts",
    "people.views",
    "people.workforce",
    "people.audit",
    "estate.configuration",
    "signals.alerts",
    "response.notifications",
    "response.ledger",
    "response.oncall",
    "response.incidents",
    "response.suppression",
    "response.triage",
    "response.timemachine",
    "response.shadow",
    "response.debt",
    "response.receipts",
    "response.burden",
    "response.readiness",
    "response.moving",
)

own = (
    [
        path("", pages.now, name="now"),
        path("now/live", pages.now_live, name="now-live"),
        path("now/first-steps", pages.now_first_steps, name="now-first-steps"),
        path("search", pages.search, name="search"),
        path("healthz", pages.healthy, name="healthy"),
    ],
    "web",
)

urlpatterns = [
    path("", include(own)),
    *[path("", include(f"steward.{room}.urls")) for room in ROOMS if find_spec(f"steward.{room}.urls") is not None],
]
