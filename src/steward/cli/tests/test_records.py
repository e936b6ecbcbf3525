from __future__ import annotations

import gc

import pytest

from steward.cli.records import collecting_seldom


def test_garbage_is_looked_for_as_usual_again_after_migrating_whatever_happens() -> None:
    usual = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), collecting_seldom():
        assert gc.get_threshold()[0] > usual[0]
        raise ZeroDivisionError
    assert gc.get_threshold() == usual
