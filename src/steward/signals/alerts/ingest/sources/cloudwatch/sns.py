"""Envelopes of Amazon SNS: which addresses are Amazon's own, and whether an envelope is signed by it.

As documented in the developer guide of Amazon SNS, "Verifying the signatures of Amazon SNS messages": versions 1 (SHA1)
and 2 (SHA256), RSA with PKCS #1 v1.5, over the names and values of some fields in a fixed order.
"""

from __future__ import annotations

import base64
import hmac
import re
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from steward.signals.alerts.ingest.sources.common import NotFetched, Received, Unreadable
from steward.signals.alerts.ingest.sources.reading import object_of

# A region and nothing else stands in the middle: "sns.s3-us-west-2.amazonaws.com" is a bucket that anyone may own.
_HOST = re.compile(r"sns\.[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}\.amazonaws\.com(\.cn)?")
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]+\.pem")
_ALWAYS = ("Message", "MessageId", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_MOST_CERTIFICATES = 64
# By address: Amazon puts a new certificate at a new one.
_certificates: dict[str, x509.Certificate] = {}


def own_address(url: Any) -> SplitResult | None:
    """The address in its parts if it is one of Amazon SNS itself, over TLS."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        plain = parts.port is None and parts.username is None and parts.password is None
    except ValueError:
        return None
    return parts if plain and parts.scheme == "https" and _HOST.fullmatch(parts.netloc) else None


def verify(received: Received, secret: str) -> str:
    """What is wrong with the envelope, or nothing. The secret holds the ARNs of the topics that may send: anyone with
    an account at Amazon can make it sign something, so the signature alone proves little."""
    try:
        envelope = object_of(received.body, "an envelope of Amazon SNS")
    except Unreadable as error:
        return str(error)
    fields = _NOTIFICATION if envelope.get("Type") == "Notification" else _CONFIRMATION
    needed = _ALWAYS if fields is _NOTIFICATION else _CONFIRMATION
    if any(not isinstance(envelope.get(name), str) for name in needed):
        return "This is no envelope of Amazon SNS; leave raw message delivery off."
    if not _allowed(envelope["TopicArn"], secret):
        return "The topic is not one that this source takes."
    return _check_signature(envelope, fields, received)


def _allowed(topic: str, secret: str) -> bool:
    given = topic.encode("utf-8", "replace")
    # Every one is compared, so that the time says nothing about them.
    return sum([hmac.compare_digest(given, each.encode()) for each in re.split(r"[\s,]+", secret) if each]) > 0


def _check_signature(envelope: dict[str, Any], fields: tuple[str, ...], received: Received) -> str:
    digests: dict[str, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}  # noqa: S303  what Amazon uses unless told otherwise
    digest = digests.get(str(envelope.get("SignatureVersion")))
    if digest is None:
        return "The signature's version is not 1 or 2."
    try:
        signature = base64.b64decode(envelope.get("Signature", ""), validate=True)
        signed = text_to_sign(envelope, fields).encode()
    except (TypeError, ValueError):
        return "The signature is not readable."
    certificate = _certificate(envelope.get("SigningCertURL"), received)
    if isinstance(certificate, str):
        return certificate
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        return "The signing certificate has no RSA key."
    try:
        key.verify(signature, signed, PKCS1v15(), digest)
    except InvalidSignature:
        return "The signature does not fit the message."
    return ""


def text_to_sign(envelope: dict[str, Any], fields: tuple[str, ...]) -> str:
    """What the signature covers."""
    return "".join(f"{name}\n{envelope[name]}\n" for name in fields if envelope.get(name) is not None)


def _certificate(url: Any, received: Received) -> x509.Certificate | str:
    """The certificate at the address, or what is wrong with it."""
    parts = own_address(url)
    if parts is None or parts.query or not _CERTIFICATE_PATH.fullmatch(parts.path):
        return "The signing certificate's address is not Amazon's."
    found = _certificates.get(parts.geturl())
    if found is None:
        try:
            found = x509.load_pem_x509_certificate(received.fetch(parts.geturl()))
        except ValueError as error:
            raise NotFetched("What came as the signing certificate is none.") from error
        if len(_certificates) >= _MOST_CERTIFICATES:
            _certificates.clear()
        _certificates[parts.geturl()] = found
    return found if _valid(found, received.now) else "The signing certificate is not valid now."


def _valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
