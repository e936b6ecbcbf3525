"""The API door: every room's router under one document."""

from django.urls import path, re_path

from steward.api.door import api, not_found

urlpatterns = [path("", api.urls), re_path("", not_found)]
