from importlib import import_module

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    name = "steward.foundation.history"
    label = "history"

    def ready(self) -> None:
        import_module(f"{self.name}.due")
