"""Addresses of the audit trail."""

from django.urls import path

from steward.people.audit import pages

app_name = "audit"

urlpatterns = [
    path("audit/", pages.entries, name="list"),
    path("audit/export.csv", pages.export, name="export"),
]
