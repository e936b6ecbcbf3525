from django.apps import AppConfig


class DueConfig(AppConfig):
    name = "steward.foundation.due"
    label = "due"
