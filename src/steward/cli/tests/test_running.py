"""Commands beside a running `steward up` find its database, or say that there is none."""

import os
from pathlib import Path

import pytest

from steward.cli.running import join
from steward.cli.trouble import Trouble
from steward.config.environment import load, parse


def pid_file(folder: Path, pid: int) -> None:
    """As PostgreSQL writes it: process, data folder, start, port, socket folder, address, shared memory, state."""
    (folder / "postgres").mkdir()
    lines = [str(pid), str(folder / "postgres"), "1", "5432", "/run/a folder", "", "1 2", "ready"]
    (folder / "postgres" / "postmaster.pid").write_text("\n".join(lines))


@pytest.fixture
def no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set first, so that the fixture's end takes back what `join` sets.
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setattr(load, "cache_clear", lambda: None)


@pytest.mark.usefixtures("no_address")
def test_a_running_server_is_found(tmp_path: Path) -> None:
    pid_file(tmp_path, os.getpid())
    join(parse({"STEWARD_DATA": str(tmp_path)}))
    assert os.environ["DATABASE_URL"] == "postgresql://steward@/steward?host=%2Frun%2Fa%20folder"


@pytest.mark.usefixtures("no_address")
@pytest.mark.parametrize("left_behind", [False, True])
def test_no_server_is_one_clear_line(tmp_path: Path, left_behind: bool) -> None:
    if left_behind:
        pid_file(tmp_path, 2**22 + 1)  # more than Linux gives out
    with pytest.raises(Trouble, match="start `steward up` first"):
        join(parse({"STEWARD_DATA": str(tmp_path)}))
    assert os.environ["DATABASE_URL"] == ""


@pytest.mark.usefixtures("no_address")
def test_a_given_database_is_left_alone(tmp_path: Path) -> None:
    join(parse({"STEWARD_DATA": str(tmp_path), "DATABASE_URL": "postgresql://db.example/steward"}))
    assert os.environ["DATABASE_URL"] == ""
