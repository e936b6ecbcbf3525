"""``steward debt rebuild``."""

from __future__ import annotations

import argparse
from datetime import timedelta

import pytest

from steward.cli import debt
from steward.cli.main import parser
from steward.foundation import clock
from steward.response.debt.models import Day, Line
from steward.response.debt.tests.factories import alert, fired

pytestmark = pytest.mark.django_db


def test_every_day_is_added_up_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    fired(alert("DiskFull"), clock.now() - timedelta(days=2))
    assert parser().parse_args(["debt", "rebuild"]).action == "rebuild"
    assert debt.rebuild(argparse.Namespace()) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[2] for line in told[:3]] == ["(1 of 3)", "(2 of 3)", "(3 of 3)"]
    assert told[-1] == "3 lines written"
    assert Line.objects.get(days=7).fired == 1
    assert not Day.objects.filter(computed_at__isnull=True).exists()
