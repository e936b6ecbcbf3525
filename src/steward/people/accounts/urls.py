"""Addresses of people, teams, organisations, keys, sign-in, profile and settings."""

from django.urls import path

from steward.people.accounts.pages import keys, organisations, own, people, session, teams

app_name = "accounts"

urlpatterns = [
    path("sign-in", session.sign_in, name="sign-in"),
    path("sign-out", session.sign_out, name="sign-out"),
    path("profile/", own.profile, name="profile"),
    path("settings/", own.settings, name="settings"),
    path("people/", people.people, name="people"),
    path("people/export.csv", people.export, name="people-export"),
    path("people/new", people.new_person, name="person-new"),
    path("people/<int:user_id>/", people.person, name="person"),
    path("people/<int:user_id>/edit", people.edit_person, name="person-edit"),
    path("people/<int:user_id>/active", people.switch_person, name="person-active"),
    path("people/<int:user_id>/password", people.person_password, name="person-password"),
    path("teams/", teams.teams, name="teams"),
    path("teams/export.csv", teams.export, name="teams-export"),
    path("teams/new", teams.new_team, name="team-new"),
    path("teams/<int:team_id>/edit", teams.edit_team, name="team-edit"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/export.csv", organisations.export, name="organisations-export"),
    path("organisations/new", organisations.new_organisation, name="organisation-new"),
    path("organisations/<int:organisation_id>/edit", organisations.edit_organisation, name="organisation-edit"),
    path("api-keys/", keys.keys, name="api-keys"),
    path("api-keys/export.csv", keys.export, name="api-keys-export"),
    path("api-keys/new", keys.new_key, name="api-key-new"),
    path("api-keys/<int:key_id>/revoke", keys.revoke_key, name="api-key-revoke"),
]
