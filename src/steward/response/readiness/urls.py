"""Addresses of readiness."""

from django.urls import path

from steward.response.readiness import pages

app_name = "readiness"

urlpatterns = [path("panels/schedule/<int:schedule_id>/readiness", pages.panel, name="panel")]
