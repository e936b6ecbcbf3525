"""Fails if a model changed without its migration (needs a database, so that the state is the real one)."""

import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
runpy.run_path(str(Path(__file__).resolve().parents[2] / "conftest.py"))

import django  # noqa: E402 - the environment comes first

django.setup()

from django.core.management import call_command  # noqa: E402

call_command("makemigrations", check=True, dry_run=True, verbosity=1)
