"""Jobs of this room."""

from __future__ import annotations

from steward.foundation import clock
from steward.foundation.jobs.worker import app
from steward.response.timemachine import actions


@app.task(name="timemachine.replay")
def run_replay(replay_id: int) -> None:
    actions.run_replay(replay_id=replay_id, now=clock.now)
