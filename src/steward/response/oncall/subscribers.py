"""What this room does when something happens below."""

from __future__ import annotations

from steward.foundation.events import subscribe
from steward.response.notifications import queries as notifications
from steward.response.notifications.events import PageFailed
from steward.response.oncall import actions


@subscribe(PageFailed)
def on_page_failed(event: PageFailed) -> None:
    actions.page_failed(now=event.now, subject=event.subject, page_key=notifications.page_key(event.page_id))
