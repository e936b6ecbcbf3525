from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class ReadinessConfig(AppConfig):
    name = "steward.response.readiness"
    label = "readiness"

    def ready(self) -> None:
        # Registrations only: event subscribers, due kinds, jobs, navigation and panels.
        for part in ("subscribers", "due", "jobs", "registrations"):
            if find_spec(f"{self.name}.{part}"):
                import_module(f"{self.name}.{part}")
