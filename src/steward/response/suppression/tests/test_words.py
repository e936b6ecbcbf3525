"""How something repeats, in words."""

import pytest

from steward.response.suppression.forms.plans import recurrence_words
from steward.response.suppression.models import MaintenanceWindow


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", ""),
        ("FREQ=DAILY", "every day, clock times of Europe/Dublin"),
        ("FREQ=WEEKLY;BYDAY=SU", "every Sun, clock times of Europe/Dublin"),
        ("rrule: FREQ=WEEKLY;BYDAY=mo,th", "every Mon, Thu, clock times of Europe/Dublin"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU, clock times of Europe/Dublin"),
    ],
)
def test_a_recurrence_in_words(rule: str, said: str) -> None:
    assert recurrence_words(MaintenanceWindow(rrule=rule, time_zone="Europe/Dublin")) == said
