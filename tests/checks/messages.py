"""Brings the catalogue up to date with the sources and compiles it (``make messages``; needs gettext's xgettext).

Django's own extraction runs on a copy, because it writes files beside the templates it reads. Translations are kept
by message and never guessed: a new message is empty until somebody translates it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "steward"
CATALOGUE = PACKAGE / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
METADATA = {
    "Project-Id-Version": "Steward",
    "Language": "zh_Hans",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}
# Wrapped lines would change whenever a sentence does.
WIDTH = 100_000
LEFT_OUT = ("tests", "testing", "migrations", "static", "locale", "__pycache__")


def extract() -> polib.POFile:
    """Every message of the sources, in their order, without translations."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "steward"
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        (copy / "locale").mkdir()
        command = [
            sys.executable, "-m", "django", "makemessages", "--locale=zh_Hans", "--keep-pot",
            "--add-location=file", "--no-wrap", "--verbosity=0",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        return polib.pofile(str(copy / "locale" / "django.pot"))


def merge(template: polib.POFile, known: polib.POFile) -> polib.POFile:
    """The template's messages with the translations that are known; what the sources no longer say is dropped."""
    translations = {(entry.msgctxt, entry.msgid): entry for entry in known}
    made = polib.POFile(wrapwidth=WIDTH)
    made.metadata = dict(METADATA)
    for entry in template:
        old = translations.get((entry.msgctxt, entry.msgid))
        if old is not None and bool(old.msgid_plural) == bool(entry.msgid_plural):
            entry.msgstr, entry.msgstr_plural, entry.tcomment = old.msgstr, old.msgstr_plural, old.tcomment
        elif entry.msgid_plural:
            entry.msgstr_plural = {0: ""}
        made.append(entry)
    return made


def compiled(catalogue: polib.POFile) -> bytes:
    """What ``django.mo`` holds."""
    return catalogue.to_binary()


def main() -> None:
    if not shutil.which("xgettext"):
        sys.exit("xgettext is missing: install the Debian package gettext.")
    known = polib.pofile(str(CATALOGUE)) if CATALOGUE.exists() else polib.POFile()
    made = merge(extract(), known)
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_text(f"{made}\n", encoding="utf-8")
    CATALOGUE.with_suffix(".mo").write_bytes(compiled(made))
    empty = made.untranslated_entries()
    print(f"{len(made)} messages, {len(empty)} not translated")
    for entry in empty:
        print(f"  {entry.msgid!r} ({', '.join(path for path, _line in entry.occurrences)})")


if __name__ == "__main__":
    main()
