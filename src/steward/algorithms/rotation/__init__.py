"""Who is on call when: layers of rotations, overrides, and the shifts that they make."""

from steward.algorithms.rotation.parts import (
    Layer,
    Listed,
    Member,
    Override,
    RotationError,
    Shift,
    Span,
    Unit,
    Window,
)
from steward.algorithms.rotation.pieces import Piece, pieces
from steward.algorithms.rotation.resolve import at, gaps, handovers, resolve

__all__ = [
    "Layer",
    "Listed",
    "Member",
    "Override",
    "Piece",
    "RotationError",
    "Shift",
    "Span",
    "Unit",
    "Window",
    "at",
    "gaps",
    "handovers",
    "pieces",
    "resolve",
]
