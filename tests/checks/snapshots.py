"""Writes what tests compare: the OpenAPI document and the configuration page (``make snapshot``)."""

from steward.foundation.testing import plugin  # isort: skip  # first: it sets the environment and starts the database

import json
from pathlib import Path

import django

assert plugin
django.setup()

from steward.api.door import api  # noqa: E402
from steward.config.document import document  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
schema = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"), default=str))
(ROOT / "docs" / "openapi.json").write_text(json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
(ROOT / "docs" / "configuration.md").write_text(document())
