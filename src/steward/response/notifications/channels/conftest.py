"""What the tests of every channel use: a provider on a local port, and a person who is paged through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.test import Client

from steward.foundation.sealing import seal
from steward.response.notifications.channels.tests.paging import Paging
from steward.response.notifications.channels.tests.stand_in import Provider
from steward.response.notifications.tests.conftest import settings_env

__all__ = ["settings_env"]


@pytest.fixture
def provider(settings_env: Any, socket_enabled: None) -> Iterator[Provider]:
    made = Provider()
    settings_env(outbound_allow=("127.0.0.1/32",), url="https://ops.example.org")
    yield made
    made.close()


@pytest.fixture
def paging(provider: Provider) -> Paging:
    return Paging(provider)


@pytest.fixture
def calls(client: Client) -> Any:
    """Call Steward as a provider does."""

    def call(path: str, body: bytes, headers: Mapping[str, str], kind: str = "application/json") -> Any:
        return client.post(path, body, content_type=kind, headers=dict(headers))

    return call


@pytest.fixture
def sealed() -> Any:
    return seal
