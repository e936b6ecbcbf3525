"""The Django app of the UI kit."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Templates, tags and static files that every page of Steward uses."""

    name = "steward.foundation.ui"
    label = "ui"
    default = True
