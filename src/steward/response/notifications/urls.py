"""Addresses of contact methods and of the panels of this room."""

from django.urls import path

from steward.response.notifications import pages

app_name = "notifications"
urlpatterns = [
    path("profile/contacts", pages.contacts, name="contacts"),
    path("people/<int:user_id>/contacts", pages.contacts, name="person-contacts"),
    path("people/<int:user_id>/bundling", pages.bundling, name="bundling"),
    path("panels/user/<int:user_id>/reach", pages.person_panel, name="person-panel"),
    path("contacts/<int:method_id>/change", pages.contact_change, name="contact-change"),
    path("contacts/<int:method_id>/remove", pages.contact_remove, name="contact-remove"),
    path("contacts/<int:method_id>/test", pages.contact_test, name="contact-test"),
    path("contacts/tests/<int:page_id>", pages.contact_test_state, name="contact-test-state"),
    path(
        "panels/incident/<int:subject_id>/pages", pages.pages_panel, {"subject_kind": "incident"}, name="incident-pages"
    ),
]
