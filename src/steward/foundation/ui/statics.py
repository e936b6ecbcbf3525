"""Static files: addresses that change with the content, so that browsers keep them for a year, and few bytes on the wire.

Nothing is collected or built before a start. The address gets a version from the file's digest, and what is text gets a
gzip twin in the data folder, made by the first start that sees this content.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

log = logging.getLogger(__name__)
TEXT = {".css", ".js", ".json", ".svg", ".txt"}
VERSION_LENGTH = 12
# Below this the answer's headers weigh more than what could be saved.
SMALLEST = 1_000
YEAR = "public, max-age=31536000, immutable"
HOUR = "public, max-age=3600"
ASK_AGAIN = "public, no-cache"
# Twins of contents that no start has asked for this long belong to versions that are not coming back.
UNUSED_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known of a file's content: its digest, and where its gzip twin is (empty: it has none)."""

    digest: str
    twin: str = ""

    @property
    def version(self) -> str:
        return self.digest[:VERSION_LENGTH]


class VersionedStorage(StaticFilesStorage):
    """What ``{% static %}`` asks for addresses."""

    def url(self, name: str | None) -> str:
        address = super().url(name)
        # While somebody works on the files, a version computed once would be that of yesterday's content.
        version = "" if settings.DEBUG or not name else version_of(name)
        return f"{address}?v={version}" if version else address


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise has no types
    """Serves the files where they are installed, compressed for browsers that can read it.

    At an address with the right version they may be kept for a year. At one with another version they may not: during an
    upgrade a page of the newer Steward asks a process of the older one.
    """

    def __init__(self, get_response: Any = None) -> None:
        self.versions: dict[str, str] = {}
        super().__init__(get_response)
        tidy(settings.STATIC_TWINS)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = super().__call__(request)
        version, asked = self.versions.get(request.path_info), request.GET.get("v")
        if version and asked:
            response["Cache-Control"] = YEAR if asked == version else ASK_AGAIN
        return response

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> Any:
        try:
            return WhiteNoiseMiddleware.serve(static_file, request)
        except FileNotFoundError:
            # Somebody emptied the folder of twins under us: the file itself is still there.
            request.META["HTTP_ACCEPT_ENCODING"] = ""
            return WhiteNoiseMiddleware.serve(static_file, request)

    def get_static_file(self, path: str, url: str, stat_cache: dict[str, os.stat_result] | None = None) -> StaticFile:
        """The file with its headers. Without known stats it is looked up at each request (DEBUG), and may change."""
        if stat_cache is None:
            return super().get_static_file(path, url)
        known = stat_cache[path]
        found = prepare(path, known.st_mtime_ns, known.st_size, settings.STATIC_TWINS)
        self.versions[url] = found.version
        headers = Headers([("Cache-Control", HOUR), ("ETag", f'"{found.digest[:32]}"')])
        self.add_mime_headers(headers, path, url)
        if not found.twin:
            return StaticFile(path, headers.items(), stat_cache=stat_cache)
        stat_cache[found.twin] = Path(found.twin).stat()
        return StaticFile(path, headers.items(), stat_cache=stat_cache, encodings={"gzip": found.twin})


@lru_cache(maxsize=1024)
def version_of(name: str) -> str:
    """The version of a static file by its name, as in ``ui/steward.css``; empty if there is no such file."""
    path = finders.find(name)
    return Prepared(digest_of(Path(path).read_bytes())).version if isinstance(path, str) else ""


@lru_cache(maxsize=1024)
def prepare(path: str, _changed: int, _size: int, folder: str) -> Prepared:
    """Read a file and make sure of its twin; once a process for as long as the file has this time and size."""
    content = Path(path).read_bytes()
    digest = digest_of(content)
    if Path(path).suffix not in TEXT or len(content) < SMALLEST:
        return Prepared(digest)
    try:
        return Prepared(digest, _twin(content, Path(folder) / f"{digest}.gz"))
    except OSError as error:
        log.warning("static files are sent uncompressed: %s", error)
        return Prepared(digest)


def _twin(content: bytes, twin: Path) -> str:
    if twin.exists():
        os.utime(twin)
        return str(twin)
    packed = gzip.compress(content, 9, mtime=0)
    if len(packed) >= len(content):
        return ""
    twin.parent.mkdir(parents=True, exist_ok=True)
    # Several workers start at once: each writes its own file, and the last one that is moved into place stays.
    with tempfile.NamedTemporaryFile(dir=twin.parent, prefix=".", delete=False) as file:
        file.write(packed)
    Path(file.name).replace(twin)
    return str(twin)


def tidy(folder: str) -> None:
    """Remove twins that no start has used for long, and halves of ones that were being written."""
    limit = time.time() - UNUSED_SECONDS
    try:
        for entry in Path(folder).iterdir():
            if entry.stat().st_mtime < limit:
                entry.unlink()
    except OSError as error:
        log.debug("twins of static files were not tidied: %s", error)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
