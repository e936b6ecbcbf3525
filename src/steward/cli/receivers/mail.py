"""``steward mail-in``: takes e-mail by SMTP and brings it to a source's ``/email``.

``<key>@…`` says which source, or a short name of a file of names; what stands after a plus sign goes along
(``backups+resolved@…``). A message is answered 250 only when Steward has stored it; while Steward is away the sending server
is asked to keep it and to come again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from steward.cli.receivers.address import bound, listening
from steward.cli.receivers.steward import Ingest, Said
from steward.cli.trouble import Trouble
from steward.config.environment import load

log = logging.getLogger("steward.mail-in")
AWAY = "451 4.3.0 Steward cannot store this just now. Please try again."
UNKNOWN = "550 5.1.1 No source of Steward has this address."
KNOWN_SECONDS = 60.0
MOST_KNOWN = 1_000
MOST_RECIPIENTS = 20
MOST_CONNECTIONS = 200
IDLE_SECONDS = 120


class Names:
    """Which source an address means."""

    def __init__(self, named: Mapping[str, str]) -> None:
        self._named = {name.lower(): key for name, key in named.items()}

    def key_and_tag(self, address: str) -> tuple[str, str]:
        """``name+tag@host`` as the source's key and the tag. Keys tell capitals from small letters, names do not."""
        local = address.rpartition("@")[0] or address
        name, _plus, tag = local.strip('"').partition("+")
        return self._named.get(name.lower(), name), tag


def read_names(path: str) -> dict[str, str]:
    """Short names: a line each, ``name key`` (or the whole ingest path)."""
    if not path:
        return {}
    try:
        lines = Path(path).read_text().splitlines()
    except (OSError, UnicodeError) as error:
        raise Trouble(f"{path} cannot be read ({error})") from error
    named = {}
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if words and len(words) != 2:
            raise Trouble(f"line {number} of {path} must be a name and a key with a space between them")
        if words:
            named[words[0]] = words[1].rstrip("/").rpartition("/")[2]
    return named


class Taking:
    """aiosmtpd's handler."""

    def __init__(self, ingest: Ingest, names: Names) -> None:
        self.ingest, self.names = ingest, names
        self.brought = self.put_off = self.refused = 0
        self._known: dict[str, float] = {}

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Only addresses of sources are taken; whether it is one is asked now, so that nothing has to bounce later."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients at once."
        key, _tag = self.names.key_and_tag(address)
        said = await self._knows(key)
        if said == "away":
            return AWAY
        if said != "taken":
            return UNKNOWN
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def _knows(self, key: str) -> str:
        if not key or len(key) > 200:
            return "unknown"
        now = time.monotonic()
        if self._known.get(key, 0.0) > now:
            return "taken"
        said = await asyncio.to_thread(self.ingest.knows, key)
        if said.outcome == "taken":
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = now + KNOWN_SECONDS
        elif said.outcome == "away":
            log.warning("a recipient is put off: %s", said.why)
        return said.outcome

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        """Bring the message to the source of every recipient; a repetition of what one of them has is the same alert."""
        content = envelope.original_content or envelope.content or b""
        body = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
        said = []
        for address in dict.fromkeys(envelope.rcpt_tos):
            key, tag = self.names.key_and_tag(address)
            said.append(await asyncio.to_thread(self._bring, key, tag, body))
        return self._answer(said, session)

    def _bring(self, key: str, tag: str, body: bytes) -> Said:
        return self.ingest.bring(key, "email", body, media="message/rfc822", parameters={"tag": tag})

    def _answer(self, said: list[Said], session: Session) -> str:
        peer = session.peer[0] if session.peer else ""
        away = next((each for each in said if each.outcome == "away"), None)
        if away is not None:
            self.put_off += 1
            log.warning("a message of %s is put off: %s", peer, away.why)
            return AWAY
        taken = [each for each in said if each.outcome == "taken"]
        bad = next((each for each in said if each.outcome != "taken"), None)
        if bad is not None:
            self.refused += 1
            log.warning("a message of %s is refused for %s of %s: %s", peer, len(said) - len(taken), len(said), bad.why)
        if not taken and bad is not None:
            return {"too-large": "552 5.3.4 The message is too large.", "unknown": UNKNOWN}.get(
                bad.outcome, "554 5.7.1 This source does not take the message."
            )
        self.brought += 1
        return "250 2.0.0 Stored"

    async def handle_exception(self, error: Exception) -> str:
        log.error("a message could not be handled: %r", error, exc_info=error)
        return AWAY


class _Server(SMTP):
    # Programs that send HTML do not always break their lines where RFC 5321 says.
    line_length_limit = 64 * 1024
    open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        type(self).open += 1
        super().connection_made(transport)
        if self.open > MOST_CONNECTIONS and isinstance(transport, asyncio.Transport):
            log.warning("a connection was refused: there are %s already", MOST_CONNECTIONS)
            transport.write(b"421 4.3.2 Too many connections. Please try again.\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        type(self).open -= 1
        super().connection_lost(error)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    env = load()
    host, port = listening(options.listen)
    taking = Taking(Ingest(options.url or env.public_url), Names(read_names(options.names)))
    most = min(options.most * 1024 * 1024, env.ingest_max_bytes)
    asyncio.run(_serve(host, port, taking, most))
    return 0


async def _serve(host: str, port: int, taking: Taking, most: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def server() -> SMTP:
        return _Server(
            taking, data_size_limit=most, enable_SMTPUTF8=True, decode_data=False, hostname="steward", ident="Steward",
            timeout=IDLE_SECONDS, loop=loop,
        )  # fmt: skip

    listener = await loop.create_server(server, sock=bound(host, port, socket.SOCK_STREAM))
    print(f"steward: mail at {host}:{port} to {taking.ingest.url}", flush=True)
    await stop.wait()
    listener.close()  # a message under way that got no answer is sent again
    print(
        f"steward: mail ends: {taking.brought} messages stored, {taking.put_off} put off, {taking.refused} refused",
        flush=True,
    )
