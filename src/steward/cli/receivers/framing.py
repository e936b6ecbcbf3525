"""Syslog over TCP, taken apart as it arrives (RFC 6587): counted messages, or messages that end with a line feed or a
NUL. Pure."""

from __future__ import annotations

MAX_MESSAGE = 64 * 1024
_MAX_DIGITS = 7


class Frames:
    """One connection's stream. What is longer than MAX_MESSAGE is cut there; ``cut`` counts those."""

    def __init__(self) -> None:
        self.cut = 0
        self._waiting = bytearray()
        self._skip_count = 0
        self._skip_line = False

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now."""
        self._waiting += data
        found: list[bytes] = []
        while True:
            message = self._next()
            if message is None:
                return found
            if message:
                found.append(message)

    def end(self) -> bytes:
        """What is left when the connection closes: its last line needs no end."""
        rest, self._waiting = bytes(self._waiting), bytearray()
        return b"" if self._skip_line or self._skip_count else rest.strip(b"\r\n\x00 ")

    def _next(self) -> bytes | None:
        """The next message, nothing at all for what was skipped, or None: more has to come."""
        waiting = self._waiting
        if self._skip_count:
            gone = min(self._skip_count, len(waiting))
            del waiting[:gone]
            self._skip_count -= gone
        if not waiting or self._skip_count:
            return None
        if not self._skip_line and 0x31 <= waiting[0] <= 0x39:
            counted = self._counted()
            if counted is None or counted >= 0:
                return None if counted is None else self._take_counted(counted)
        return self._line()

    def _counted(self) -> int | None:
        """The length before a message; None while it may still be one, -1 if it is none."""
        head = bytes(self._waiting[: _MAX_DIGITS + 2])
        digits, space, after = head.partition(b" ")
        if not digits.isdigit() or len(digits) > _MAX_DIGITS:
            return -1
        if not space or not after:
            return None if len(head) < _MAX_DIGITS + 2 else -1
        # A line that begins with a number is no counted message: those begin with a priority.
        return int(digits) if after.startswith(b"<") else -1

    def _take_counted(self, length: int) -> bytes | None:
        start = self._waiting.index(b" ") + 1
        kept = min(length, MAX_MESSAGE)
        if len(self._waiting) - start < kept:
            return None
        message = bytes(self._waiting[start : start + kept])
        del self._waiting[: start + kept]
        if length > kept:
            self.cut += 1
            self._skip_count = length - kept
        return message.strip(b"\r\n\x00 ")

    def _line(self) -> bytes | None:
        ends = [place for place in (self._waiting.find(b"\n"), self._waiting.find(b"\x00")) if place >= 0]
        if ends and min(ends) <= MAX_MESSAGE:
            message = bytes(self._waiting[: min(ends)])
            del self._waiting[: min(ends) + 1]
            skipped, self._skip_line = self._skip_line, False
            return b"" if skipped else message.strip(b"\r ")
        if len(self._waiting) <= MAX_MESSAGE:
            return None
        message = bytes(self._waiting[:MAX_MESSAGE])
        del self._waiting[:MAX_MESSAGE]
        if self._skip_line:
            return b""
        self.cut, self._skip_line = self.cut + 1, True
        return message
