"""Addresses that are secrets, such as those of calendars: no line of a log may hold one."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(r"/(calendars|act)/[^/\s\"']+")


class SecretPaths(logging.Filter):
    """Strikes the secret part out of what is logged, wherever it comes from."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        cleaned = _SECRET.sub(r"/\1/***", text)
        if cleaned != text:
            record.msg, record.args = cleaned, ()
        return True
