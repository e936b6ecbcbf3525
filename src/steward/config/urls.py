"""The root of all addresses; the doors bring their own."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("steward.api.urls")),
    path("", include("steward.web.urls")),
]
