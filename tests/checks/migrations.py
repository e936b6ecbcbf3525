"""Fails if a model changed without its migration (needs a database, so that the state is the real one)."""

from steward.foundation.testing import plugin  # isort: skip  # first: it sets the environment and starts the database

import django

assert plugin
django.setup()

from django.core.management import call_command  # noqa: E402

call_command("makemigrations", check=True, dry_run=True, verbosity=1)
