"""Whose turn it is when a step pages one of several people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def in_turn(people: Sequence[int], served: Mapping[int, int]) -> list[int]:
    """The people in the order in which they are asked: those who have not had a turn first, as listed, then by how long
    ago their last one was. ``served`` has the number of each one's last turn."""
    return sorted(dict.fromkeys(people), key=lambda person: served.get(person, 0))
