"""Says plainly what the tests will leave out on this machine; fails where nothing may be left out."""

import os
import shutil
import sys

PARTS = {
    "prometheus": ("end-to-end with a real Prometheus", "prometheus"),
    "prometheus-alertmanager": ("end-to-end with a real Alertmanager", "prometheus-alertmanager"),
    "chromium": ("pages in a real browser", "chromium"),
    "xgettext": ("whether the sources say anything that the catalogue lacks", "gettext"),
}
missing = [told for program, told in PARTS.items() if not shutil.which(program)]
for part, package in missing:
    print(f"LEFT OUT: {part} (install the Debian package {package})")
if missing and os.environ.get("STEWARD_TEST_EVERYTHING"):
    sys.exit("Nothing may be left out here (STEWARD_TEST_EVERYTHING is set).")
