"""Public holidays by country, from the ``holidays`` library."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays


@lru_cache(maxsize=1)
def countries() -> dict[str, tuple[str, ...]]:
    """The countries that are known, by their ISO 3166-1 code, with the codes of their parts."""
    return {code: tuple(parts) for code, parts in holidays.list_supported_countries().items() if len(code) == 2}


@lru_cache(maxsize=256)
def days(country: str, part: str, year: int, language: str) -> tuple[tuple[date, str], ...]:
    """The public holidays of a year with their names, in the language if the library has it, else in the country's own.
    None for a country that is not known."""
    if country not in countries():
        return ()
    known = part if part in countries()[country] else None
    found = holidays.country_holidays(country, subdiv=known, years=year)
    spoken = next((each for each in found.supported_languages if each.startswith(language[:2])), found.default_language)
    if spoken is not None:
        found = holidays.country_holidays(country, subdiv=known, years=year, language=spoken)
    return tuple(sorted(found.items()))
