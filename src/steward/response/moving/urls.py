"""Addresses of moving in."""

from django.urls import path

from steward.response.moving import pages

app_name = "moving"

urlpatterns = [
    path("moving-in/", pages.move, name="move"),
    path("moving-in/apply", pages.apply, name="apply"),
]
