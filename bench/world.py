"""A Steward to measure: real processes on an embedded PostgreSQL, a mail sink, and a route that pages somebody."""

from __future__ import annotations

import http.client
import http.cookies
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import orjson
from tests.harness.mail import Sink, sink
from tests.harness.processes import PASSWORD, Production, Steward, production, scratch


@dataclass
class World:
    """What a part of the bench works with. ``path`` is the ingest path of a source of Steward's own events."""

    running: Production
    steward: Steward
    mails: Sink
    path: str
    folder: Path

    @property
    def database(self) -> str:
        return self.running.environment["DATABASE_URL"]


@contextmanager
def world(*, webs: int = 1, engines: int = 1, paging: bool = True) -> Iterator[World]:
    """Start everything; with ``paging``, alerts with ``team="bench"`` page the administrator, a group an incident."""
    with scratch() as folder, sink() as mails:
        mail = {"STEWARD_SMTP_HOST": "127.0.0.1", "STEWARD_SMTP_PORT": str(mails.port)}
        with production(folder, webs=webs, engines=engines, STEWARD_LOG_LEVEL="WARNING", **mail) as running:
            steward = running.steward()
            if paging:
                # Every group its own incident, however many a minute: none may be told of in a storm's stead.
                steward.page_somebody('team="bench"', name="Bench", group_by=["group"], storm_groups=0)
            path = steward.run("source", "create", "--name", "bench", "--kind", "events")
            yield World(running, steward, mails, path, folder)


def event(group: str, number: int = 0) -> dict[str, object]:
    """One alert of a group; the incident's title and the mail's subject begin with the group's name."""
    labels = {"team": "bench", "group": group, "instance": f"host-{number % 500}", "n": str(number)}
    return {"name": f"bench-{group}", "labels": labels, "annotations": {"summary": f"bench-{group} is in trouble"}}


def group_of(message: EmailMessage) -> str:
    """The group that a page is about; empty for other mail."""
    found = re.search(r"bench-(\S+) is in trouble", str(message["Subject"]))
    return found[1] if found else ""


class Client:
    """One kept connection, as senders and browsers have."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self.cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, bytes, float]:
        """Status, body and the seconds until the last byte."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if kind:
            headers["Content-Type"] = kind
        started = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - started
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer.status, text, seconds

    def send_events(self, path: str, events: Sequence[dict[str, object]]) -> int:
        return self.ask("POST", f"{path}/events", orjson.dumps(events), "application/json")[0]

    def sign_in(self) -> None:
        """As the first administrator, through the form."""
        _status, page, _seconds = self.ask("GET", "/sign-in")
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, "no form at /sign-in"
        values = {"csrfmiddlewaretoken": token[1].decode(), "username": "admin", "password": PASSWORD}
        kind = "application/x-www-form-urlencoded"
        status, _page, _seconds = self.ask("POST", "/sign-in", urlencode(values).encode(), kind)
        assert status == 302, status
