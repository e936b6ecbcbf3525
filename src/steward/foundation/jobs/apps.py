from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "steward.foundation.jobs"
    label = "jobs"
