"""Addresses of the pages: each room brings its own."""

from importlib.util import find_spec

from django.urls import include, path

ROOMS = (
    "people.accounts",
    "people.audit",
    "estate.configuration",
    "signals.alerts",
    "response.notifications",
    "response.oncall",
    "response.incidents",
    "response.triage",
)

urlpatterns = [
    path("", include(f"steward.{room}.urls")) for room in ROOMS if find_spec(f"steward.{room}.urls") is not None
]
