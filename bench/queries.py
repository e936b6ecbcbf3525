"""Counts the queries of pages, in the process of the bench's Steward: ``python -m bench.queries PATH…`` prints JSON."""

from __future__ import annotations

import json
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "steward.config.django_settings"

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django must be set up before its models are imported
from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402


def main(paths: list[str]) -> None:
    """Ask for each page twice (the first fills caches) and count the second time."""
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client()
    client.force_login(get_user_model()._default_manager.get(username="admin"))
    found = {}
    for path in paths:
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        found[path] = len(captured.captured_queries)
        if os.environ.get("BENCH_SQL"):
            for query in captured.captured_queries:
                print(path, query["time"], query["sql"][:2000], file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
