"""What being on call costs people, and who should take the next turns."""

from steward.algorithms.burden.fairness import Key, Person, Proposal, Turn, fairness, propose
from steward.algorithms.burden.weighing import NIGHT, WEEKEND, Home, Weight, is_night, weigh

__all__ = [
    "NIGHT", "WEEKEND", "Home", "Key", "Person", "Proposal", "Turn", "Weight", "fairness", "is_night", "propose", "weigh",
]  # fmt: skip
