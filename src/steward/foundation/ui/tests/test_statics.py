"""Static files: versions in addresses, long caching of the right version only, gzip twins made once."""

from __future__ import annotations

import gzip
import os
import re
import time
import warnings
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.templatetags.static import static
from django.test import Client

from steward.foundation.ui import statics
from steward.foundation.ui.vendoring import STATIC

CSS = "ui/steward.css"


@pytest.fixture
def folder(tmp_path: Path, settings) -> Path:
    """A data folder of this test's own, and files that no test before has prepared."""
    settings.STATIC_TWINS = str(tmp_path / "static")
    statics.prepare.cache_clear()
    yield tmp_path / "static"
    statics.prepare.cache_clear()


def get(address: str, client: Client | None = None, **headers: str) -> HttpResponse:
    """The answer, read to its end."""
    response = (client or Client()).get(address, headers=headers)
    # The client's own wrapper closes the file at the end of the content, without touching the database.
    return HttpResponse(response.getvalue(), status=response.status_code, headers=dict(response.items()))


def test_an_address_names_the_content(folder: Path) -> None:
    address = static(CSS)
    assert re.fullmatch(r"/static/ui/steward\.css\?v=[0-9a-f]{12}", address)
    assert address.endswith(statics.digest_of((STATIC / "steward.css").read_bytes())[:12])
    assert static("ui/no-such-file.css") == "/static/ui/no-such-file.css"


def test_while_debugging_addresses_have_no_version(settings) -> None:
    settings.DEBUG = True
    assert static(CSS) == "/static/ui/steward.css"


def test_only_the_right_version_is_kept_for_a_year(folder: Path) -> None:
    assert get(static(CSS))["Cache-Control"] == statics.YEAR
    assert get("/static/ui/steward.css?v=000000000000")["Cache-Control"] == statics.ASK_AGAIN
    assert get("/static/ui/steward.css")["Cache-Control"] == statics.HOUR
    assert "max-age" not in get("/static/ui/none.css?v=000000000000").headers.get("Cache-Control", "")
    assert get("/sign-in?v=000000000000")["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["ui/steward.css", "ui/vendor/tabler.min.css", "ui/icons.svg", "ui/steward.js"])
def test_text_goes_compressed_to_who_can_read_it(name: str, folder: Path) -> None:
    whole = Path(finders.find(name)).read_bytes()
    packed, plain = get(static(name), accept_encoding="gzip, br"), get(static(name), accept_encoding="identity")
    assert packed["Content-Encoding"] == "gzip" and packed["Vary"] == "Accept-Encoding"
    sent = packed.content
    assert len(sent) == int(packed["Content-Length"]) < len(whole)
    assert gzip.decompress(sent) == whole == plain.content
    assert "Content-Encoding" not in plain.headers
    assert packed["Content-Type"] == plain["Content-Type"]


@pytest.mark.parametrize("name", ["ui/vendor/inter-latin.woff2", "ui/theme.js"])
def test_fonts_and_small_files_go_as_they_are(name: str, folder: Path) -> None:
    response = get(static(name), accept_encoding="gzip")
    assert "Content-Encoding" not in response.headers
    assert response["Cache-Control"] == statics.YEAR


def test_what_the_browser_has_is_not_sent_again(folder: Path) -> None:
    first = get("/static/ui/steward.css")
    again = get("/static/ui/steward.css", if_none_match=first["ETag"])
    assert again.status_code == 304 and not again.content


def test_twins_are_made_once_and_old_ones_go(folder: Path) -> None:
    get(static(CSS))
    made = {path: path.stat().st_ino for path in folder.iterdir()}
    assert made and all(path.suffix == ".gz" for path in made)
    left, younger = folder / f"{'0' * 64}.gz", folder / ".tmphalf"
    for path, days in ((left, 31), (younger, 29)):
        path.write_bytes(b"x")
        os.utime(path, (time.time() - days * 86_400,) * 2)
    used = next(iter(made))
    os.utime(used, (time.time() - 90 * 86_400,) * 2)
    statics.prepare.cache_clear()
    get(static(CSS))
    assert {path: path.stat().st_ino for path in folder.iterdir() if path != younger} == made
    assert younger.exists()


def test_a_folder_that_cannot_be_written_costs_bytes_only(folder: Path, settings, caplog) -> None:
    folder.write_text("a file is in the way")
    response = get(static(CSS), accept_encoding="gzip")
    assert response.status_code == 200 and "Content-Encoding" not in response.headers
    assert response.content == (STATIC / "steward.css").read_bytes()
    assert "sent uncompressed" in caplog.text


def test_twins_that_vanish_while_steward_runs_are_done_without(folder: Path) -> None:
    client = Client()
    get(static(CSS), client)
    for path in folder.iterdir():
        path.unlink()
    response = get(static(CSS), client, accept_encoding="gzip")
    assert response.content == (STATIC / "steward.css").read_bytes()


def test_a_start_says_nothing_about_folders(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        statics.StaticFiles(lambda request: None)


def test_the_style_sheet_asks_for_the_fonts_that_the_page_has_loaded() -> None:
    """Otherwise a browser would load the preloaded font twice."""
    fonts = re.findall(r'url\("(vendor/[^"]+\.woff2[^"]*)"\)', (STATIC / "steward.css").read_text())
    assert len(fonts) == 2
    for font in fonts:
        assert f"/static/ui/{font}" == static(f"ui/{font.partition('?')[0]}")
