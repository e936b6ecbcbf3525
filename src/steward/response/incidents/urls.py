"""Addresses of incidents."""

from django.urls import path

from steward.response.incidents import moving_pages, pages, teamwork_pages

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
    path("incidents/<int:number>/terms", teamwork_pages.terms, name="terms"),
    path("incidents/<int:number>/snooze", teamwork_pages.snooze, name="snooze"),
    path("incidents/<int:number>/handover", teamwork_pages.handover, name="handover"),
    path("incidents/<int:number>/help", teamwork_pages.more_hands, name="help"),
    path(
        "incidents/<int:number>/handovers/<int:handover_id>/<slug:answer>",
        teamwork_pages.answer_handover,
        name="handover-answer",
    ),
    path("incidents/<int:number>/help/<int:call_id>/<slug:answer>", teamwork_pages.answer_help, name="help-answer"),
    path("incidents/<int:number>/<slug:verb>", pages.act_on, name="verb"),
    path("services/<int:service_id>/incidents", pages.service_panel, name="service-panel"),
    path("act/<str:token>", pages.act, name="act"),
]
