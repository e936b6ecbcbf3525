"""Alertmanager's time intervals: which moments are in them, and when that changes next.

prometheus.io/docs/alerting/latest/configuration, section "time_interval"; the meaning follows ``timeinterval`` there.
"""

from steward.algorithms.intervals.reading import IntervalError, parse
from steward.algorithms.intervals.spans import Interval, Span

__all__ = ["Interval", "IntervalError", "Span", "contains", "next_change", "parse"]

contains = Interval.contains
next_change = Interval.next_change
