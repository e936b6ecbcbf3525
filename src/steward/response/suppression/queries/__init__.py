"""Reads of silences and maintenance windows, and what holds alerts just now."""

from steward.response.suppression.queries.standing import Standing, forget, standing

__all__ = ["Standing", "forget", "standing"]
