"""Says plainly what the tests will leave out on this machine; fails where nothing may be left out."""

import os
import shutil
import sys

PARTS = {
    "prometheus": "end-to-end with a real Prometheus",
    "prometheus-alertmanager": "end-to-end with a real Alertmanager",
    "chromium": "pages in a real browser",
}
missing = {program: part for program, part in PARTS.items() if not shutil.which(program)}
for program, part in missing.items():
    print(f"LEFT OUT: {part} (install the Debian package {program})")
if missing and os.environ.get("STEWARD_TEST_EVERYTHING"):
    sys.exit("Nothing may be left out here (STEWARD_TEST_EVERYTHING is set).")
