"""Receipts, and why a person was or was not paged."""

from steward.response.receipts.queries.people import Answer, Answers, HeldAlert, about_person, held_between
from steward.response.receipts.queries.receipts import Episode, Receipt, of_alert, of_incident, of_page

__all__ = [
    "Answer", "Answers", "Episode", "HeldAlert", "Receipt", "about_person", "held_between",
    "of_alert", "of_incident", "of_page",
]  # fmt: skip
