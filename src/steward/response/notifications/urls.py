"""Addresses of contact methods, rules and channels, of the panels of this room, and of what providers call."""

from django.urls import path

from steward.response.notifications import callbacks
from steward.response.notifications.pages import channels, contacts, panels, personal, push

app_name = "notifications"
urlpatterns = [
    path("channels/<slug:channel>/<path:path>", callbacks.callback, name="callback"),
    path("service-worker.js", push.worker, name="worker"),
    path("profile/contacts", contacts.contacts, name="contacts"),
    path("profile/rules", personal.rules, name="rules"),
    path("profile/push/key", push.key, name="push-key"),
    path("profile/push", push.subscribe, name="push"),
    path("people/<int:user_id>/contacts", contacts.contacts, name="person-contacts"),
    path("people/<int:user_id>/rules", personal.rules, name="person-rules"),
    path("people/<int:user_id>/quiet-hours", personal.quiet, name="quiet-hours"),
    path("people/<int:user_id>/bundling", contacts.bundling, name="bundling"),
    path("panels/user/<int:user_id>/reach", panels.person_panel, name="person-panel"),
    path("contacts/<int:method_id>/change", contacts.contact_change, name="contact-change"),
    path("contacts/<int:method_id>/remove", contacts.contact_remove, name="contact-remove"),
    path("contacts/<int:method_id>/move", contacts.contact_move, name="contact-move"),
    path("contacts/<int:method_id>/code", contacts.contact_code, name="contact-code"),
    path("contacts/<int:method_id>/test", contacts.contact_test, name="contact-test"),
    path("contacts/tests/<int:page_id>", contacts.contact_test_state, name="contact-test-state"),
    path("settings/channels", channels.channels, name="channels"),
    path("settings/channels/<slug:channel>", channels.channel, name="channel"),
    path("settings/channels/<slug:channel>/clear", channels.channel_clear, name="channel-clear"),
    path(
        "panels/incident/<int:subject_id>/pages",
        panels.pages_panel,
        {"subject_kind": "incident"},
        name="incident-pages",
    ),
]
