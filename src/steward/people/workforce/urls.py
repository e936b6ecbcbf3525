"""Addresses of leave."""

from django.urls import path

from steward.people.workforce import pages

app_name = "workforce"

urlpatterns = [
    path("profile/leave", pages.leave, name="leave"),
    path("people/<int:user_id>/leave", pages.leave, name="person-leave"),
    path("people/<int:user_id>/workplace", pages.workplace, name="workplace"),
    path("people/leave/<int:leave_id>/remove", pages.remove, name="leave-remove"),
    path("panels/user/<int:user_id>/leave", pages.panel, name="panel"),
]
