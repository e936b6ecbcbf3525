"""Addresses of the ledger."""

from django.urls import path

from steward.response.ledger import pages

app_name = "ledger"

urlpatterns = [
    path("ledger/", pages.ledger, name="list"),
    path("ledger/export.csv", pages.export, name="export"),
]
