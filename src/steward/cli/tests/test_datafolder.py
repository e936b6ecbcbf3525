"""The data folder belongs to one Steward at a time, of this version or newer."""

from __future__ import annotations

from pathlib import Path

import pytest

from steward import __version__
from steward.cli.datafolder import DataFolder
from steward.cli.trouble import Trouble


def test_taken_folders_say_who_has_them(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    first.take()
    with pytest.raises(Trouble, match="already runs on the data folder"):
        DataFolder(tmp_path).take()
    assert (tmp_path / "version").read_text().strip() == __version__


def test_a_newer_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("99.0.0\n")
    with pytest.raises(Trouble, match=r"written by steward 99\.0\.0, newer than"):
        DataFolder(tmp_path).take()
    assert (tmp_path / "version").read_text() == "99.0.0\n"


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match="cannot write to the data folder"):
        DataFolder(tmp_path / "file" / "data").take()
