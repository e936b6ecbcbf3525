"""Events of Kubernetes: its warnings."""

from steward.signals.alerts.ingest.sources.kind import Kind
from steward.signals.alerts.ingest.sources.kubernetes.parser import parse

KIND = Kind("kubernetes", "Kubernetes", {"kubernetes": parse})
