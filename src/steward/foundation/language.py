"""The language of a person: their own choice, else what is spoken already (the browser's), else what the caller says."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from django.conf import settings
from django.utils import translation
from django.utils.translation import pgettext


def known(code: str) -> bool:
    return code in dict(settings.LANGUAGES)


def listed(words: Iterable[str]) -> str:
    """Words one after the other: a, b, c."""
    return pgettext("between the words of a list", ", ").join(words)


def speaking(chosen: str, otherwise: str = "") -> AbstractContextManager[None]:
    """Speak the chosen language for a while; ``otherwise``, or as before, if none was chosen or nobody speaks it."""
    language = chosen if known(chosen) else otherwise
    return translation.override(language) if language else nullcontext()
