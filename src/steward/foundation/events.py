"""Events: how a lower room tells upper rooms what happened, inside the same transaction.

Publishing calls each subscriber at once; an exception in one undoes the whole transaction, so an event is either
fully handled or did not happen. What must not hold the transaction (sending, computing) is deferred as a job or a due
row by the subscriber.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

E = TypeVar("E")
Handler = Callable[[Any], None]
_subscribers: dict[type, list[Handler]] = defaultdict(list)


def subscribe(event_type: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Register a function for events of exactly this type. Registering the same function again changes nothing."""

    def register(handler: Callable[[E], None]) -> Callable[[E], None]:
        if handler not in _subscribers[event_type]:
            _subscribers[event_type].append(handler)
        return handler

    return register


def publish(event: object) -> None:
    """Call every subscriber of the event's type, in the order of registration."""
    for handler in tuple(_subscribers[type(event)]):
        handler(event)
