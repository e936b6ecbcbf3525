"""The file that knows what was taken before the database does."""

import os
from pathlib import Path

import pytest

from steward.response.notifications import journal
from steward.response.notifications.journal import Journal


def test_another_process_finds_what_was_noted(tmp_path: Path) -> None:
    Journal(tmp_path).note("page-1-1-ab/1", "250 2.0.0\r\nqueued")
    assert Journal(tmp_path).taken("page-1-1-ab/1") == "250 2.0.0 queued"
    assert Journal(tmp_path).taken("page-1-1-ab/11") is None
    assert Journal(tmp_path).taken("page-1-1-ab") is None


def test_a_line_that_was_cut_off_harms_nothing(tmp_path: Path) -> None:
    (tmp_path / "1.taken").write_bytes(b"page-1/1 250 ok\npage-2/")
    assert Journal(tmp_path).taken("page-1/1") == "250 ok"
    assert Journal(tmp_path).taken("page-2/1") is None


def test_it_stays_small_and_forgets_nothing_that_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "FULL_BYTES", 100)
    kept = Journal(tmp_path)
    kept.note("open/1", "250")
    for number in range(20):
        kept.note(f"done-{number}/1", "250")
        kept.recorded(f"done-{number}/1")
    assert kept.taken("open/1") == "250"
    kept.recorded("open/1")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 0
    kept.note("next/1", "250")
    assert kept.taken("next/1") == "250"


def test_old_files_go(tmp_path: Path) -> None:
    old, new = tmp_path / "1.taken", tmp_path / "2.taken"
    old.write_text("a/1 250\n")
    new.write_text("b/1 250\n")
    os.utime(old, (0, 0))
    Journal(tmp_path).note("c/1", "250")
    assert not old.exists() and new.exists()


def test_a_folder_that_cannot_be_written_stops_no_mail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    kept = Journal(blocked / "below")
    kept.note("a/1", "250")
    kept.recorded("a/1")
    assert kept.taken("a/1") is None
    assert "cannot be written" in caplog.text
