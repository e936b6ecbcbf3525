"""Pytest plugin, loaded before Django.

Tests run on a real PostgreSQL: the one DATABASE_URL names, or an embedded server in a scratch data folder.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from steward.foundation.testing import emptying

# The environment is parsed once, so it must be right before anything of Steward is imported.
os.environ.setdefault("STEWARD_DATA", str(Path(tempfile.gettempdir()) / f"steward-tests-{os.getuid()}"))
os.environ.setdefault("STEWARD_DATABASE_POOL", "0")
os.environ.setdefault("STEWARD_SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "steward.config.django_settings")
os.environ.setdefault("STEWARD_URL", "http://testserver")
# Tests count messages by page; those of bundling say so.
os.environ.setdefault("STEWARD_BUNDLE_SECONDS", "0")

# Where the server is ours, the databases of tests are copies of a migrated one.
if "DATABASE_URL" not in os.environ:
    from steward.foundation.testing import prepared

    os.environ["DATABASE_URL"] = prepared.server(prepared.root()).url
    os.environ["STEWARD_TEST_TEMPLATE"] = "steward"


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    if template := os.environ.get("STEWARD_TEST_TEMPLATE"):
        from django.db import connection  # Django's settings are there by now

        connection.settings_dict["TEST"]["TEMPLATE"] = template


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    """Build the middleware once: each client of Django's builds its own, and looks through all static files for that,
    which took as long as answering. A test that changes settings gets its own."""
    from django import conf
    from django.test.client import ClientHandler

    emptying.install()
    handlers: list[ClientHandler] = []
    build = ClientHandler.load_middleware

    def load_middleware(handler: ClientHandler, is_async: bool = False) -> None:
        if isinstance(vars(conf.settings)["_wrapped"], conf.UserSettingsHolder):
            build(handler, is_async)
            return
        if not handlers:
            build(handler, is_async)
            handlers.append(handler)
        vars(handler).update({name: value for name, value in vars(handlers[0]).items() if name.startswith("_")})

    setattr(ClientHandler, build.__name__, load_middleware)


@pytest.fixture(autouse=True)
def _in_no_language_of_the_test_before() -> Iterator[None]:
    """A request of the test client leaves its reader's language behind in the thread."""
    yield
    translation.deactivate()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole processes first: the long tests must not be what the last worker is still busy with."""
    items.sort(key=lambda item: not (item.get_closest_marker("e2e") or item.get_closest_marker("browser")))
