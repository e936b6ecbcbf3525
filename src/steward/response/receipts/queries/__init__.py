"""Receipts, and why a person was or was not paged."""

from steward.response.receipts.queries.people import Answer, Answers, HeldAlert, about_person
from steward.response.receipts.queries.receipts import Episode, Receipt, of_alert, of_incident, of_page

__all__ = [
    "Answer", "Answers", "Episode", "HeldAlert", "Receipt", "about_person", "of_alert", "of_incident", "of_page",
]  # fmt: skip
