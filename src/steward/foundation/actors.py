"""Who does a thing: a person, a key, a signed link, or Steward itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from django.utils.translation import gettext as _

from steward.foundation.errors import Forbidden

ActorKind = Literal["user", "apikey", "link", "system", "anonymous"]


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, with what they may do. Built by ``people.accounts``; passed to every action and query."""

    kind: ActorKind
    label: str
    id: int | None = None
    role: str = ""
    permissions: frozenset[str] = frozenset()
    organisation_id: int | None = None
    organisation_kind: str = "home"
    team_ids: frozenset[int] = frozenset()
    request_id: str = ""
    address: str = ""
    time_zone: str = "UTC"

    @property
    def is_authenticated(self) -> bool:
        return self.kind != "anonymous"

    @property
    def is_external(self) -> bool:
        """Whether the actor belongs to a customer or supplier and so sees only what is theirs."""
        return self.organisation_kind != "home"

    @property
    def user_id(self) -> int | None:
        """Key of the person, for a person or a link made for them."""
        return self.id if self.kind in {"user", "link"} else None

    def can(self, permission: str) -> bool:
        return self.kind == "system" or permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise :class:`Forbidden` unless the actor has ``permission``."""
        if not self.can(permission):
            raise Forbidden(
                _("Your role does not include “%(permission)s”. Ask an administrator for it.")
                % {"permission": permission}
            )

    def seen_from(self, *, request_id: str, address: str) -> Actor:
        return replace(self, request_id=request_id, address=address)


def system(label: str) -> Actor:
    """Steward itself, acting as ``label`` (such as ``engine``)."""
    return Actor(kind="system", label=label)


ANONYMOUS = Actor(kind="anonymous", label="anonymous")
