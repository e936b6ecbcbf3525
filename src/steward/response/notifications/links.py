"""Signed links: who was paged about what, in an address that works without signing in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _

from steward.config.environment import load
from steward.foundation.subjects import SubjectRef
from steward.response.notifications.errors import LinkExpired, LinkInvalid

LIFETIME = timedelta(days=7)
_SALT = "steward.notifications.link"
# The address of a link is short enough for any mail server's line limit; longer is not one of ours.
_MAX_TOKEN = 500


@dataclass(frozen=True, slots=True)
class Link:
    """What a genuine link says."""

    user_id: int
    subject: SubjectRef
    page_id: int
    expires_at: datetime


def _signer() -> Signer:
    # A dot instead of the colon: mail programs end a clickable address at some colons.
    return Signer(salt=_SALT, sep=".")


def sign(user_id: int, subject: SubjectRef, page_id: int, now: datetime) -> str:
    """A token for this person, subject and page, good for seven days."""
    expires = int((now + LIFETIME).timestamp())
    return _signer().sign_object([user_id, subject.kind, subject.id, page_id, expires])


def read(token: str, now: datetime) -> Link:
    """The link behind a token; :class:`LinkInvalid` or :class:`LinkExpired` otherwise."""
    if len(token) > _MAX_TOKEN:
        raise _invalid()
    try:
        user_id, kind, subject_id, page_id, expires = _signer().unsign_object(token)
    except (BadSignature, ValueError, TypeError) as error:
        raise _invalid() from error
    expires_at = datetime.fromtimestamp(expires, UTC)
    if now >= expires_at:
        raise LinkExpired(_("This link has expired. Sign in to Steward and open the incident there."))
    return Link(user_id, SubjectRef(kind, subject_id), page_id, expires_at)


def address(token: str) -> str:
    """The whole web address of a token."""
    return f"{load().public_url}/act/{token}"


def receipt(page_id: int) -> str:
    """Where the whole way of a page is told, from the alert to the message, to who signs in."""
    return f"{load().public_url}/receipts/pages/{page_id}"


def _invalid() -> LinkInvalid:
    return LinkInvalid(_("This link is incomplete or was changed. Copy the whole link from the message and try again."))
