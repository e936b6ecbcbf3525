"""Replays over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from steward.foundation import clock
from steward.foundation.actors import Actor
from steward.response.timemachine import actions, queries
from steward.response.timemachine.models import Replay

router = Router(tags=["time machine"])


class ReplayIn(Schema):
    """A stretch of stored events, of some sources or of all."""

    start: datetime
    end: datetime
    sources: list[int] = Field([], max_length=200)


class StretchReplayOut(Schema):
    """``done`` of ``total`` changes are through; each goes through twice, live and by the draft. ``result`` has the
    numbers of pages, by person and by hour, and the pages that are different with the alerts behind them."""

    id: int
    draft: int
    revision: int
    state: Literal["waiting", "running", "done", "cancelled", "failed"]
    start: datetime
    end: datetime
    total: int
    percent: int
    cut: bool = Field(description="There were more events than a replay takes; the later ones were left out.")
    result: dict[str, Any]
    author: str
    created_at: datetime
    finished_at: datetime | None


def _actor(request: HttpRequest) -> Actor:
    return cast("Actor", request.actor)  # type: ignore[attr-defined]


def _replay(found: Replay) -> dict[str, Any]:
    names = ("revision", "state", "start", "end", "total", "percent", "cut", "result", "author", "created_at",
             "finished_at")  # fmt: skip
    return {"id": found.pk, "draft": found.draft.pk, **{name: getattr(found, name) for name in names}}


@router.get("/drafts/{int:draft_id}/replays", response=list[StretchReplayOut], summary="The last replays of a draft")
def list_replays(request: HttpRequest, draft_id: int) -> list[dict[str, Any]]:
    actor = _actor(request)
    actor.require("routes.view")
    queries.draft_by_id(actor, draft_id)
    return [_replay(each) for each in queries.replays(actor, draft_id)[:20]]


@router.post(
    "/drafts/{int:draft_id}/replays", response={201: StretchReplayOut}, summary="Replay past events through a draft"
)
def start_replay(request: HttpRequest, draft_id: int, payload: ReplayIn) -> Any:
    made = actions.ask_replay(
        actor=_actor(request), now=clock.now(), draft_id=draft_id, start=payload.start, end=payload.end,
        sources=payload.sources,
    )  # fmt: skip
    return Status(201, _replay(made))


@router.get("/replays/{int:replay_id}", response=StretchReplayOut, summary="One replay with what came of it")
def get_replay(request: HttpRequest, replay_id: int) -> dict[str, Any]:
    actor = _actor(request)
    actor.require("routes.view")
    return _replay(queries.replay_by_id(actor, replay_id))


@router.post("/replays/{int:replay_id}/cancel", response=StretchReplayOut, summary="Stop a replay")
def cancel_replay(request: HttpRequest, replay_id: int) -> dict[str, Any]:
    return _replay(actions.cancel_replay(actor=_actor(request), now=clock.now(), replay_id=replay_id))
