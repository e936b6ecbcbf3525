"""Steward: the operations team's own platform."""

__version__ = "0.1.0"
