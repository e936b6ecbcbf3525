"""Addresses of people, teams, organisations, keys, sign-in, profile and settings."""

from django.urls import path

from steward.people.accounts.pages import session

app_name = "accounts"

urlpatterns = [
    path("sign-in", session.sign_in, name="sign-in"),
    path("sign-out", session.sign_out, name="sign-out"),
]
