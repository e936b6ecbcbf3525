"""Addresses of shadow mode."""

from django.urls import path

from steward.response.shadow import pages

app_name = "shadow"
urlpatterns = [
    path("shadow/", pages.sources, name="list"),
    path("shadow/<int:source_id>", pages.detail, name="detail"),
    path("shadow/<int:source_id>/alert", pages.alert, name="alert"),
    path("shadow/<int:source_id>/export.csv", pages.export, name="export"),
    path("shadow/<int:source_id>/mode", pages.set_mode, name="mode"),
    path("shadow/<int:source_id>/receiver", pages.set_receiver, name="receiver"),
    path("panels/source/<int:source_id>/shadow", pages.source_panel, name="source-panel"),
    path("panels/incident/<int:incident_id>/shadow", pages.incident_panel, name="incident-panel"),
]
