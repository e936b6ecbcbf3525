"""Secrets that have to be read again (tokens of senders, passwords of checks), sealed at rest.

Fernet (AES-128-CBC with HMAC-SHA-256) under a key that HKDF derives from the installation's secret: a copy of the
database alone opens nothing. A new STEWARD_SECRET_KEY makes them unreadable, so they have to be entered again.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def seal(text: str) -> str:
    """The text as it may be stored; nothing stays nothing."""
    return _fernet(settings.SECRET_KEY).encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """The text again; raises :class:`Broken` if it was sealed under another secret."""
    if not sealed:
        return ""
    try:
        return _fernet(settings.SECRET_KEY).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Broken("A stored secret was sealed under another STEWARD_SECRET_KEY. Enter it again.") from error


class Broken(Exception):
    """A sealed text cannot be opened."""


@lru_cache(maxsize=4)
def _fernet(secret: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=b"steward", info=b"sealing").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
