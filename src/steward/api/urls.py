"""The API door: every room's router under one document."""

from django.urls import path

from steward.api.door import api

urlpatterns = [path("", api.urls)]
