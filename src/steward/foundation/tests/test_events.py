"""Events are handled in the publisher's transaction, once per handler."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from steward.foundation import events


@dataclass(frozen=True)
class Happened:
    what: str


def test_every_subscriber_is_called_once_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_subscribers", type(events._subscribers)(list))
    seen: list[str] = []

    def first(event: Happened) -> None:
        seen.append("first " + event.what)

    events.subscribe(Happened)(first)
    events.subscribe(Happened)(first)
    events.subscribe(Happened)(lambda event: seen.append("second " + event.what))
    events.publish(Happened("x"))
    assert seen == ["first x", "second x"]


def test_a_failing_subscriber_reaches_the_publisher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_subscribers", type(events._subscribers)(list))

    @events.subscribe(Happened)
    def refuse(event: Happened) -> None:
        raise ValueError(event.what)

    with pytest.raises(ValueError, match="undo me"):
        events.publish(Happened("undo me"))
