"""Addresses of receipts."""

from django.urls import path

from steward.response.receipts import pages

app_name = "receipts"
urlpatterns = [
    path("receipts/", pages.why, name="why"),
    path("receipts/held", pages.held, name="held"),
    path("receipts/alerts/<int:alert_id>", pages.alert, name="alert"),
    path("receipts/incidents/<int:number>", pages.incident, name="incident"),
    path("receipts/pages/<int:page_id>", pages.one_page, name="page"),
    path("panels/alert/<int:alert_id>/receipt", pages.alert_panel, name="alert-panel"),
    path("panels/incident/<int:incident_id>/receipt", pages.incident_panel, name="incident-panel"),
    path("panels/home/<int:days>/held", pages.home_panel, name="home-panel"),
]
