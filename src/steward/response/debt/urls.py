"""Addresses of what alerts cost."""

from django.urls import path

from steward.response.debt import pages

app_name = "debt"
urlpatterns = [
    path("alert-debt/", pages.debt_list, name="list"),
    path("alert-debt/export.csv", pages.export, name="export"),
    path("alert-debt/alert", pages.detail, name="detail"),
    path("alert-debt/rebuild", pages.rebuild, name="rebuild"),
    path("alert-debt/progress", pages.progress, name="progress"),
    path("alert-debt/incidents/<int:incident_id>", pages.judge, name="judge"),
    path("panels/incident/<int:incident_id>/worth", pages.worth_panel, name="worth-panel"),
    path("panels/alert/<int:alert_id>/debt", pages.alert_panel, name="alert-panel"),
    path("panels/home/<int:days>/debt", pages.home_panel, name="home-panel"),
]
