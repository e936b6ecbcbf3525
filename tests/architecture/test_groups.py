"""Tests that share processes run on one worker: apart, each worker would start a Steward and a Chromium of its own."""

import pytest


@pytest.mark.xdist_group("groups")
def test_groups_are_kept_together(request: pytest.FixtureRequest) -> None:
    """pytest-xdist tells a group by the end of the test's id, and is silent when it cannot put it there."""
    if not request.config.getoption("loadgroup", False):
        pytest.skip("runs with `-n 2 --dist loadgroup`, as `make test` does")
    assert request.node.nodeid.endswith("@groups")
