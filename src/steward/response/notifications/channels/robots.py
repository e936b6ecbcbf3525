"""What the group robots of DingTalk, WeCom and Feishu share: an address with a token, JSON, and 200 for a refusal too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from steward.response.notifications import messages, rules
from steward.response.notifications.channels.base import post, refusal, said


def deliver(url: str, body: Mapping[str, Any], *, code: str, text: str, passing: Collection[int]) -> rules.Answer:
    """Post to a robot. ``code`` and ``text`` name the fields of its answer; ``passing`` are codes of "too fast"."""
    result = post(url, json=body, any_status=True)
    answer = said(result)
    number = answer.get(code)
    if result.status < 300 and number == 0:
        return rules.Answer(True, f"{result.status} {answer.get(text, '')}".strip())
    told = f"{number if number is not None else ''} {answer.get(text) or result.text[:200]}".strip()
    return refusal(result, told, retryable=True if number in passing else None)


def markdown(card: messages.Card, *, most: int) -> str:
    """A card in the little Markdown that they all understand; links acknowledge."""
    lines = [f"**{card.title}**"]
    lines += [f"{name}: {value}" for name, value in card.facts]
    lines += [card.body[:800]] if card.body else []
    lines += [_("Why you: %(why)s") % {"why": card.why}] if card.why else []
    if card.single is not None:
        lines.append(f"[{_('Acknowledge or resolve')}]({card.single.link})")
    elif card.all:
        for each in card.entries:
            line = f"[{each.line.replace('[', '(').replace(']', ')')}]({each.link})"
            if sum(len(one.encode()) + 2 for one in (*lines, line)) > most - 300:
                break
            lines.append(line)
        lines.append(f"[{_('all open incidents')}]({card.all})")
    return "\n\n".join(lines)
