"""What decides is pure: `steward.algorithms` and every room's rules import with Django blocked."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import SRC, modules

_PROBE = """
import importlib, json, sys

class BlockDjango:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "django":
            raise ImportError("Django is blocked in this test")
        return None

sys.meta_path.insert(0, BlockDjango())
failures = {}
for name in json.load(sys.stdin):
    try:
        importlib.import_module(name)
    except Exception as error:
        failures[name] = repr(error)
print(json.dumps(failures))
"""


def failures_without_django(names: list[str], folder: Path = SRC) -> dict[str, str]:
    """Import the modules in a fresh interpreter without Django; return those that failed and how."""
    done = subprocess.run(
        [sys.executable, "-c", _PROBE],
        input=json.dumps(names),
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    failures: dict[str, str] = json.loads(done.stdout)
    return failures


def test_pure_modules_import_without_django() -> None:
    pure = [
        module.name
        for module in modules()
        if not module.is_test and (module.name.startswith("steward.algorithms") or "rules" in module.parts)
    ]
    assert "steward.algorithms.rotation.resolve" in pure
    assert failures_without_django(pure) == {}


def test_the_probe_catches_direct_and_indirect_imports(tmp_path: Path) -> None:
    (tmp_path / "direct.py").write_text("import django.conf\n")
    (tmp_path / "indirect.py").write_text("import direct\n")
    (tmp_path / "clean.py").write_text("import json\n")
    assert set(failures_without_django(["direct", "indirect", "clean"], tmp_path)) == {"direct", "indirect"}
