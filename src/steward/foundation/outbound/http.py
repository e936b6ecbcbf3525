"""One guarded HTTP call: only http and https, every hop checked, bounded in time, redirects and size."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore
import httpx
from django.utils.translation import gettext as _

from steward.foundation import clock

from .errors import NoAnswer, OutboundError, Refused, Rejected, Unreachable
from .guard import CONNECT_SECONDS, TOTAL_SECONDS, Deadline
from .policy import OutboundPolicy
from .redact import redact_url
from .transport import GuardedBackend, tls_context

MAX_REDIRECTS = 3
BODY_LIMIT = 1024 * 1024
USER_AGENT = "Steward"
RETRYABLE_STATUS = frozenset({408, 421, 423, 425, 429})
# Everything else the caller set may be a credential or a signature meant for the first host only.
_HEADERS_FOR_OTHER_HOSTS = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent"})


@dataclass(frozen=True)
class HttpResult:
    """An answer. ``truncated``: the body was longer than the limit, broke off or did not end in time."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float
    truncated: bool = False

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced, as it is only for people to read."""
        return self.body.decode("utf-8", errors="replace")


def request(
    method: str,
    url: str,
    *,
    policy: OutboundPolicy,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    content: bytes | str | None = None,
    timeout: float | None = None,
    idempotency_key: str | None = None,
    any_status: bool = False,
    body_limit: int = BODY_LIMIT,
) -> HttpResult:
    """Make one call and return the answer. There is no retry here: the job that called decides by ``retryable``.

    ``timeout`` is for the whole call, redirects included. An answer of 400 or more raises Rejected, unless
    ``any_status`` asks for it as a result (a check wants to see it). GET and HEAD follow every redirect; other methods
    follow only 307 and 308, which keep the method and the body: a message must not turn silently into a visit.
    """
    started = time.monotonic()
    deadline = Deadline(TOTAL_SECONDS if timeout is None else timeout)
    outgoing = _build(method, url, headers, json, content, idempotency_key)
    for hop in range(MAX_REDIRECTS + 1):
        answer = _exchange(outgoing, policy, deadline, body_limit, started)
        onward = _redirect(outgoing, answer)
        if onward is None:
            break
        if hop == MAX_REDIRECTS:
            raise Rejected(
                _("%(url)s redirects more than %(count)s times; use the final address.")
                % {"url": redact_url(url), "count": MAX_REDIRECTS},
                remote_status=answer.status,
                retryable=False,
            )
        outgoing = onward
    if not any_status and answer.status >= 300:
        raise _rejected(str(outgoing.url), answer)
    return answer


def check_url(url: str) -> None:
    """Raise Refused for an address that can never be called; whether it may be is seen when it is."""
    _build("GET", url, None, None, None, None)


def _build(
    method: str,
    url: str,
    headers: Mapping[str, str] | None,
    json: Any,
    content: bytes | str | None,
    idempotency_key: str | None,
) -> httpx.Request:
    merged = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
    merged = {name: value for name, value in merged.items() if name.lower() not in {h.lower() for h in headers or {}}}
    merged |= dict(headers or {})
    if idempotency_key is not None:
        merged["Idempotency-Key"] = idempotency_key
    for name, value in merged.items():
        if not name.isascii() or any(character in "\r\n\0" for character in name + value):
            raise Refused(_("The header “%(name)s” contains a line break.") % {"name": name[:60].splitlines()[0]})
    try:
        parsed = httpx.URL(url.strip())
        built = httpx.Request(method.upper(), parsed, headers=merged, json=json, content=content)
    except (httpx.InvalidURL, UnicodeError, TypeError, ValueError):
        raise Refused(
            _("The address %(url)s cannot be used. Write one such as https://example.org/path.")
            % {"url": redact_url(url)}
        ) from None
    _require_web(built.url)
    if parsed.userinfo and "authorization" not in built.headers:
        built = next(httpx.BasicAuth(parsed.username, parsed.password).auth_flow(built))
    return built


def _require_web(url: httpx.URL) -> None:
    if url.scheme not in {"http", "https"} or not url.host:
        raise Refused(
            _("Only http:// and https:// addresses can be called, not %(url)s.") % {"url": redact_url(str(url))}
        )


def _redirect(sent: httpx.Request, answer: HttpResult) -> httpx.Request | None:
    """The next hop, or None when this answer is the last one."""
    location = answer.headers.get("location")
    keeps_method = answer.status in {307, 308}
    if not location or not (keeps_method or (answer.status in {301, 302, 303} and sent.method in {"GET", "HEAD"})):
        return None
    try:
        target = sent.url.join(location)
    except (httpx.InvalidURL, ValueError):
        raise Refused(
            _("%(url)s redirects to an address that cannot be used.") % {"url": redact_url(str(sent.url))}
        ) from None
    _require_web(target)
    if sent.url.scheme == "https" and target.scheme == "http":
        raise Refused(
            _("%(url)s redirects from https to http; what is sent there could be read on the way.")
            % {"url": redact_url(str(sent.url))}
        )
    headers = {name: value for name, value in sent.headers.items() if name not in {"host", "content-length"}}
    if (target.scheme, target.host, target.port) != (sent.url.scheme, sent.url.host, sent.url.port):
        headers = {name: value for name, value in headers.items() if name in _HEADERS_FOR_OTHER_HOSTS}
        headers["connection"] = "close"
    return httpx.Request(sent.method, target, headers=headers, content=sent.read() or None)


def _exchange(
    outgoing: httpx.Request, policy: OutboundPolicy, deadline: Deadline, body_limit: int, started: float
) -> HttpResult:
    """One hop. Which phase an error comes from decides whether the message can have arrived."""
    backend = GuardedBackend(policy, deadline)
    url = outgoing.url
    wire = httpcore.Request(
        outgoing.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=outgoing.headers.raw,
        content=outgoing.read(),
        extensions={"timeout": {"connect": CONNECT_SECONDS, "pool": CONNECT_SECONDS}},
    )
    with httpcore.ConnectionPool(ssl_context=tls_context(), network_backend=backend, max_connections=1) as pool:
        try:
            answer = pool.handle_request(wire)
        except OutboundError:
            raise
        except (httpcore.LocalProtocolError, httpcore.UnsupportedProtocol):
            raise Refused(_("The call to %(url)s is not valid HTTP.") % {"url": redact_url(str(url))}) from None
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise _failed(str(url), error, backend.started_sending) from None
        try:
            headers = httpx.Headers(answer.headers)
            body, truncated = _read(answer, headers.get("content-encoding", ""), body_limit)
        finally:
            answer.close()
    return HttpResult(answer.status, headers, body, time.monotonic() - started, truncated)


def _failed(url: str, error: Exception, started_sending: bool) -> OutboundError:
    values = {"url": redact_url(url), "why": str(error) or type(error).__name__}
    if started_sending:
        return NoAnswer(_("%(url)s took the call but gave no complete answer: %(why)s.") % values)
    return Unreachable(_("%(url)s cannot be reached: %(why)s.") % values)


def _read(answer: httpcore.Response, encoding: str, limit: int) -> tuple[bytes, bool]:
    """At most ``limit`` bytes of the body. A broken body does not undo the status, which has already been given."""
    body = bytearray()
    try:
        for chunk in _decoded(answer, encoding.strip().lower(), limit):
            body += chunk
            if len(body) > limit:
                return bytes(body[:limit]), True
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, zlib.error):
        return bytes(body), True
    return bytes(body), False


def _decoded(answer: httpcore.Response, encoding: str, limit: int) -> Iterator[bytes]:
    """We ask for no compression; who compresses anyway is unpacked in bounded steps, so no bomb goes off."""
    stream = answer.iter_stream()
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        yield from stream
        return
    unpacker = zlib.decompressobj(wbits=47)
    for chunk in stream:
        yield unpacker.decompress(chunk, limit + 1)
        if unpacker.unconsumed_tail:  # more than the limit already
            return


def _rejected(url: str, answer: HttpResult) -> Rejected:
    values = {"url": redact_url(url), "status": answer.status}
    if answer.status < 400:
        text = _("%(url)s answered %(status)s (moved). Put the new address into the configuration.") % values
    else:
        text = _("%(url)s answered %(status)s.") % values
    return Rejected(
        text,
        remote_status=answer.status,
        retryable=answer.status in RETRYABLE_STATUS or answer.status >= 500,
        retry_after=retry_after(answer.headers.get("retry-after"), clock.now()),
    )


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, in either of its two forms."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value.strip())
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
