"""Addresses of silences and maintenance."""

from django.urls import path

from steward.response.suppression.pages import silences, windows

app_name = "suppression"
urlpatterns = [
    path("silences/", silences.silence_list, name="silences"),
    path("silences/export.csv", silences.export, name="silences-export"),
    path("silences/new", silences.create, name="silence-new"),
    path("silences/preview", silences.preview, name="silence-preview"),
    path("silences/<int:silence_id>/", silences.detail, name="silence"),
    path("silences/<int:silence_id>/edit", silences.edit, name="silence-edit"),
    path("silences/<int:silence_id>/expire", silences.expire, name="silence-expire"),
    path("silences/<int:silence_id>/extend", silences.extend, name="silence-extend"),
    path("silences/of-alert/<int:alert_id>", silences.alert_panel, name="alert-silences"),
    path("silences/of-incident/<int:incident_id>", silences.incident_panel, name="incident-silences"),
    path("silences/of-source/<int:source_id>", silences.source_panel, name="source-silences"),
    path("silences/of-source/<int:source_id>/allow", silences.allow_source, name="source-allow"),
    path("maintenance/", windows.window_list, name="windows"),
    path("maintenance/new", windows.create, name="window-new"),
    path("maintenance/preview", windows.preview, name="window-preview"),
    path("maintenance/<int:window_id>/", windows.detail, name="window"),
    path("maintenance/<int:window_id>/edit", windows.edit, name="window-edit"),
    path("maintenance/<int:window_id>/end", windows.end, name="window-end"),
    path("maintenance/<int:window_id>/extend", windows.extend, name="window-extend"),
    path("maintenance/<int:window_id>/scope", windows.scope_panel, name="window-scope"),
    path("maintenance/of-service/<int:service_id>", windows.service_panel, name="service-windows"),
]
