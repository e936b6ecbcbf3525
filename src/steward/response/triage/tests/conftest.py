"""What every test of the room starts with."""

from __future__ import annotations

import pytest

from steward.estate.configuration import queries as configuration


@pytest.fixture(autouse=True)
def fresh_estate() -> None:
    """No service of the test before is remembered."""
    configuration.forget()
