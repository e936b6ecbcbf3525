"""Who is on call when: weekly rotations, overrides, and the shifts that they make."""

from steward.algorithms.rotation.resolve import at, gaps, resolve
from steward.algorithms.rotation.shifts import Member, Override, RotationError, Shift, WeeklyRotation

__all__ = ["Member", "Override", "RotationError", "Shift", "WeeklyRotation", "at", "gaps", "resolve"]
