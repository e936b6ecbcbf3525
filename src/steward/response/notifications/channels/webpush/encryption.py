"""Web Push: what is sent is encrypted for the browser (RFC 8291, aes128gcm of RFC 8188) and signed for its push service
(VAPID, RFC 8292). With the primitives of ``cryptography``: the library for it opens connections of its own
(docs/decisions/0019)."""

from __future__ import annotations

import base64
import json
import os
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD = 4096
# Push services take 4096 bytes in all; the header takes 86, the tag 16, the padding one.
MOST_PLAIN = RECORD - 86 - 16 - 1
VALID = timedelta(hours=12)


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes again; ValueError for what is none."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key() -> str:
    """A private key for signing, as it is kept."""
    return b64(ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32, "big"))


def private(kept: str) -> ec.EllipticCurvePrivateKey:
    """The kept key."""
    return ec.derive_private_key(int.from_bytes(unb64(kept), "big"), ec.SECP256R1())


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def public(data: bytes) -> ec.EllipticCurvePublicKey:
    """A public key of 65 bytes; ValueError for what is none."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)


def encrypt(
    plain: bytes,
    *,
    p256dh: bytes,
    auth: bytes,
    salt: bytes | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """One record of aes128gcm. Salt and key are fresh for every message; tests give those of the RFC's example."""
    salt = salt or os.urandom(16)
    key = key or ec.generate_private_key(ec.SECP256R1())
    own = point(key.public_key())
    shared = key.exchange(ec.ECDH(), public(p256dh))
    secret = HKDF(SHA256(), 32, salt=auth, info=b"WebPush: info\0" + p256dh + own).derive(shared)
    content_key = HKDF(SHA256(), 16, salt=salt, info=b"Content-Encoding: aes128gcm\0").derive(secret)
    nonce = HKDF(SHA256(), 12, salt=salt, info=b"Content-Encoding: nonce\0").derive(secret)
    sealed = AESGCM(content_key).encrypt(nonce, plain + b"\x02", None)
    return salt + RECORD.to_bytes(4, "big") + bytes([len(own)]) + own + sealed


def authorization(endpoint: str, *, key: str, contact: str, now: datetime) -> str:
    """The value of Authorization for a push service: a token (ES256) for its origin, and the public key."""
    signing = private(key)
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int((now + VALID).timestamp()), "sub": contact}
    text = ".".join(
        b64(json.dumps(each, separators=(",", ":")).encode()) for each in ({"typ": "JWT", "alg": "ES256"}, claims)
    )
    r, s = decode_dss_signature(signing.sign(text.encode(), ec.ECDSA(SHA256())))
    token = f"{text}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return f"vapid t={token}, k={b64(point(signing.public_key()))}"
