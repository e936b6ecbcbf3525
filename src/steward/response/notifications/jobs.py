"""What is done after a request has been answered: a message that shows how it stands now, a channel that is set up."""

from __future__ import annotations

import json

from steward.foundation import clock
from steward.foundation.jobs.worker import app
from steward.foundation.sealing import unseal
from steward.response.notifications import actions, queries, sending


@app.task(name="notifications.follow_up", retry=3)
def follow_up(channel: str, then: str) -> None:
    sending.follow_up(channel, json.loads(unseal(then)), queries.installed(channel))


@app.task(name=actions.SET_UP_JOB)
def set_up(channel: str) -> None:
    problem = sending.set_up(channel, queries.installed(channel))
    actions.note_set_up(now=clock.now(), channel=channel, problem=problem)
