"""Addresses of routes and of the decisions on an alert."""

from django.urls import path

from steward.response.triage import pages

app_name = "triage"
urlpatterns = [
    path("routes/", pages.route_list, name="list"),
    path("routes/new", pages.create, name="create"),
    path("routes/try", pages.try_out, name="try"),
    path("routes/<int:route_id>/", pages.edit, name="edit"),
    path("routes/<int:route_id>/move", pages.move, name="move"),
    path("routes/<int:route_id>/switch", pages.switch, name="switch"),
    path("routes/<int:route_id>/delete", pages.delete, name="delete"),
    path("alerts/<int:alert_id>/decisions", pages.alert_panel, name="alert-decisions"),
]
