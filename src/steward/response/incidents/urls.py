"""Addresses of incidents."""

from django.urls import path

from steward.response.incidents import moving_pages, pages

app_name = "incidents"
urlpatterns = [
    path("incidents/", pages.incident_list, name="list"),
    path("incidents/export.csv", pages.export, name="export"),
    path("incidents/declare", pages.declare, name="declare"),
    path("incidents/<int:number>/", pages.detail, name="detail"),
    path("incidents/<int:number>/live", pages.live, name="live"),
    path("incidents/<int:number>/assign", pages.assign, name="assign"),
    path("incidents/<int:number>/severity", pages.severity, name="severity"),
    path("incidents/<int:number>/merge", moving_pages.merge, name="merge"),
    path("incidents/<int:number>/split", moving_pages.split, name="split"),
    path("incidents/<int:number>/<slug:verb>", pages.act_on, name="verb"),
    path("services/<int:service_id>/incidents", pages.service_panel, name="service-panel"),
    path("act/<str:token>", pages.act, name="act"),
]
