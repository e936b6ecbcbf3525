from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    name = "steward.foundation.database"
    label = "database"
