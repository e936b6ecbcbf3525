"""Addresses of saved views."""

from django.urls import path

from steward.people.views import pages

app_name = "views"

urlpatterns = [
    path("views/new", pages.create, name="new"),
    path("views/<int:view_id>/edit", pages.edit, name="edit"),
    path("views/<int:view_id>/replace", pages.replace, name="replace"),
    path("views/<int:view_id>/first", pages.first, name="first"),
    path("views/<int:view_id>/delete", pages.delete, name="delete"),
]
