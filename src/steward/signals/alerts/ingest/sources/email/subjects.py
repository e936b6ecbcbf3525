"""What a subject says: is it over, how bad is it, and what it is about without these words."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OVER_WORDS = "resolved recovered recovery ok okay cleared closed solved fixed up success succeeded successful normal"
_BEGUN_WORDS = "firing problem alert alerting alarm triggered opened open new down failed failure failing fail"
_SEVERITIES = {
    "emergency": "critical",
    "fatal": "critical",
    "critical": "critical",
    "crit": "critical",
    "disaster": "critical",
    "error": "error",
    "high": "high",
    "major": "high",
    "warning": "warning",
    "warn": "warning",
    "average": "warning",
    "minor": "minor",
    "unknown": "warning",
    "info": "info",
    "information": "info",
    "notice": "info",
}
SEVERITIES = frozenset(_SEVERITIES.values())
_STATES = {
    **dict.fromkeys(_OVER_WORDS.split(), "over"),
    **dict.fromkeys(_BEGUN_WORDS.split(), "begun"),
    **dict.fromkeys(_SEVERITIES, "severity"),
}
_WORD = "|".join(sorted(_STATES, key=len, reverse=True))
_COUNT = r"(?:\s?:\s?\d+|\s+in\s+(?:\d+\s?[a-z]{1,7}\s?){1,5})?"
_REPLY = re.compile(
    r"^\s*(?:(?:re|fwd?|fw|aw|wg|antw|sv|vs|rv|tr|ref)\s*(?:\[\d+\])?\s*[:：]|(?:回复|答复|转发)[:：])\s*",
    re.IGNORECASE,
)
# [RESOLVED], [FIRING:2], (OK), <CRITICAL>, also several words: [CRITICAL - PROBLEM].
_BRACKETS = re.compile(rf"[\[(<{{]\s*(?:(?:{_WORD}){_COUNT}[\s,/|-]*)+[\])>}}]", re.IGNORECASE)
# “RESOLVED: …”, “Problem - …”, “Resolved in 5m 3s: …”, “** RECOVERY …”
_BEFORE = re.compile(rf"^[\W_]*(?:{_WORD}){_COUNT}\s*(?:[:|!]|\s[-–—]+\s)\s*", re.IGNORECASE)
# “ALARM something”: without a mark after it, only in capitals.
_CAPITALS = re.compile(rf"^[\W_]*(?:{_WORD.upper()}){_COUNT}\b\s*(?![\s:]*$)")
# “… is OK”, “… is now DOWN”, “… - CRITICAL”, at the end or before it.
_AFTER = re.compile(
    r"(?:\s+(?:is|are|was|has|have|went|back|turned)(?:\s+(?:now|been|back|again|to))*\s+|\s*(?:[:|]|\s[-–—]+\s)\s*)"
    rf"(?:{_WORD})\b(?=[\s!.*]*$|\s*[:,(]|\s+(?:in|on|at|since|after|for)\b)",
    re.IGNORECASE,
)
_ANY = re.compile(rf"\b(?:{_WORD})\b", re.IGNORECASE)
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Subject:
    """``about`` is the subject without replies' and states' words: the same in the message that it is over. It is never
    empty unless the subject is."""

    about: str
    over: bool
    severity: str
    reply: bool


def read(subject: str) -> Subject:
    """Take a subject apart."""
    left = " ".join(subject[:_MOST].split())
    unanswered, replies = _strip(_REPLY, left)
    unanswered = unanswered or left
    left, marks = unanswered, []
    for pattern in (_BRACKETS, _AFTER, _BEFORE, _CAPITALS, _BEFORE, _CAPITALS):
        stripped, found = _strip(pattern, left)
        if stripped.strip(" -:|*!.[]()"):
            left = stripped
            marks += found
        elif not marks:
            marks += found
    words = [word.lower() for mark in marks for word in _ANY.findall(mark)]
    kinds = [_STATES[word] for word in words]
    severities = [_SEVERITIES[word] for word in words if word in _SEVERITIES]
    # Marks before it, such as a coloured ball, are another when it is over.
    about = re.sub(r"^[^\w\"'“(/\[<]+", "", " ".join(left.split()).rstrip(" -–—:|*!.#")) or unanswered
    # A message that has words of both (“[RESOLVED] Disk problem: failed”) says at its most marked place what it means.
    over = "over" in kinds and not ("begun" in kinds and kinds.index("begun") < kinds.index("over"))
    return Subject(about, over, severities[0] if severities else "", bool(replies))


def severity_of(word: str) -> str:
    """A severity by any of its names; nothing for other words."""
    return _SEVERITIES.get(word.strip().lower(), "")


def is_over(word: str) -> bool | None:
    """Whether a word by itself means that it is over or that it is not; None if it means neither."""
    kind = _STATES.get(word.strip().lower())
    return {"over": True, "begun": False}.get(kind or "")


def _strip(pattern: re.Pattern[str], text: str) -> tuple[str, list[str]]:
    """The text without what the pattern finds (again and again at its beginning), and what was found."""
    found: list[str] = []
    for _again in range(6):
        match = pattern.search(text)
        if match is None:
            break
        found.append(match[0])
        text = f"{text[: match.start()]} {text[match.end() :]}".strip()
    return text, found
