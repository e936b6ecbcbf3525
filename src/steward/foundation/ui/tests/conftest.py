"""Registries of the kit are global; a test that registers gets its own."""

import pytest

from steward.foundation.ui import navigation, panels


@pytest.fixture
def registry(monkeypatch):
    held = navigation._Registry()
    monkeypatch.setattr(navigation, "_registry", held)
    return held


@pytest.fixture
def panel_registry(monkeypatch):
    held = {}
    monkeypatch.setattr(panels, "_panels", held)
    return held
