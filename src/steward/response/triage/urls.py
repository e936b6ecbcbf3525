"""Addresses of routes and of the decisions on an alert."""

from django.urls import path

from steward.response.triage import interval_pages, pages, pipeline_pages

app_name = "triage"
urlpatterns = [
    path("routes/", pages.route_list, name="list"),
    path("routes/new", pages.create, name="create"),
    path("routes/try", pages.try_out, name="try"),
    path("routes/inhibitions", pipeline_pages.inhibitions, name="inhibitions"),
    path("routes/inhibitions/new", pipeline_pages.create_inhibition, name="inhibition-create"),
    path("routes/inhibitions/<int:rule_id>/", pipeline_pages.edit_inhibition, name="inhibition"),
    path("routes/inhibitions/<int:rule_id>/delete", pipeline_pages.delete_inhibition, name="inhibition-delete"),
    path("routes/pipeline", pipeline_pages.pipeline, name="pipeline"),
    path("routes/times/new", interval_pages.create_interval, name="interval-create"),
    path("routes/times/<int:interval_id>/", interval_pages.edit_interval, name="interval"),
    path("routes/times/<int:interval_id>/delete", interval_pages.delete_interval, name="interval-delete"),
    path("routes/<int:route_id>/", pages.edit, name="edit"),
    path("routes/<int:route_id>/move", pages.move, name="move"),
    path("routes/<int:route_id>/switch", pages.switch, name="switch"),
    path("routes/<int:route_id>/delete", pages.delete, name="delete"),
    path("maintenance/<int:window_id>/meanwhile", pipeline_pages.window_panel, name="window-meanwhile"),
    path("alerts/<int:alert_id>/decisions", pages.alert_panel, name="alert-decisions"),
]
