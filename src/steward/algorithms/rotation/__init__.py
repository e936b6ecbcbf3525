"""Who is on call when: layers of rotations, overrides, and the shifts that they make."""

from steward.algorithms.rotation.parts import Layer, Member, Override, RotationError, Shift, Unit, Window
from steward.algorithms.rotation.resolve import at, gaps, handovers, resolve

__all__ = [
    "Layer",
    "Member",
    "Override",
    "RotationError",
    "Shift",
    "Unit",
    "Window",
    "at",
    "gaps",
    "handovers",
    "resolve",
]
