from django.apps import AppConfig


class DatabaseConfig(AppConfig):
    name = "steward.foundation.database"
    label = "database"

    def ready(self) -> None:
        """Make the lookup known."""
        from steward.foundation.database import lookups  # noqa: F401 - imported for what it registers
