"""What every test of the room starts with: no remembered estate, a real mail server on loopback where asked for."""

from __future__ import annotations

import pytest

from steward.estate.configuration import queries as configuration
from steward.response.notifications.tests.conftest import mails, settings_env

__all__ = ["mails", "settings_env"]


@pytest.fixture(autouse=True)
def fresh_estate() -> None:
    """No service of the test before is remembered."""
    configuration.forget()
