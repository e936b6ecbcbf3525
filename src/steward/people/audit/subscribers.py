"""A nightly run that removed something is on record."""

from steward.foundation.actors import system
from steward.foundation.events import subscribe
from steward.foundation.history.events import HistoryCleaned
from steward.people.audit import actions


@subscribe(HistoryCleaned)
def history_cleaned(event: HistoryCleaned) -> None:
    if event.removed or event.failed:
        after = {"removed": event.removed, **({"failed": event.failed} if event.failed else {})}
        actions.record(actor=system("engine"), now=event.now, action="history.clean", after=after)
