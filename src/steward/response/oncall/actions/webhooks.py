"""Webhooks of escalations: asked for in the transaction of the step, called without one, written down after."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac

from steward.foundation.actors import Actor
from steward.foundation.due import registry
from steward.foundation.events import publish
from steward.foundation.history.registry import Step, locked, old
from steward.foundation.outbound.redact import redact_url
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import joined, ngettext
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.notifications import actions as notifications
from steward.response.oncall import rules
from steward.response.oncall.actions.run import Run
from steward.response.oncall.events import StepTaken
from steward.response.oncall.models import CallState, EscalationPolicy, EscalationState, WebhookCall

DUE_KIND = "oncall.webhook"
_OPEN = (CallState.WAITING, CallState.SENDING, CallState.RETRYING)
# An engine that died during a try loses it after this long; a try is over well before.
TRY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Calling:
    """One try of a call: everything that the network needs."""

    call_id: int
    key: str
    url: str
    body: bytes
    secret: str
    attempt: int


def secret_of(policy_id: int, number: int) -> str:
    """What signs the webhooks of a policy. It is made of the installation's own secret, so nothing needs to be kept."""
    return salted_hmac("steward.oncall.webhook", f"{policy_id}:{number}", algorithm="sha256").hexdigest()


def signature(secret: str, at: datetime, body: bytes) -> str:
    """The value of the header Steward-Signature: ``t`` and the HMAC-SHA-256 of ``t``, a dot and the body."""
    moment = int(at.timestamp())
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def ask_call(run: Run, step: rules.Step, name: str, key: str) -> None:
    """Have a webhook called as soon as this transaction has committed; the same key again is the same call."""
    policy_id = run.plan.policy_id or 0
    number = EscalationPolicy.objects.filter(pk=policy_id).values_list("secret_number", flat=True).first() or 0
    message = run.message
    body: dict[str, Any] = {
        "event": "escalation.step", "id": key, "at": run.now.isoformat(),
        "subject": {"kind": run.subject.kind, "id": run.subject.id, "ref": run.row.subject_label},
        "title": message.get("title", ""), "text": message.get("body", ""), "facts": message.get("facts", {}),
        "policy": {"id": run.plan.policy_id, "name": run.plan.policy, "version": run.plan.version}, "step": str(name),
    }  # fmt: skip
    WebhookCall.objects.get_or_create(
        key=key,
        defaults={
            "escalation": run.row, "step": name, "url": step.url, "body": body, "signer": f"{policy_id}:{number}",
            "due_at": run.now, "created_at": run.now,
        },
    )  # fmt: skip
    registry.wake(DUE_KIND)


@transaction.atomic
def begin_call(*, now: datetime, call_id: int) -> Calling | None:
    """Begin a try; None when there is nothing (more) to call."""
    call = _locked(call_id)
    if call is None or call.due_at is None or call.due_at > now or call.state not in _OPEN:
        return None
    if call.escalation.state == EscalationState.STOPPED:
        _end(call, now, CallState.CANCELLED, "")
        _tell(call, now, _("The webhook was not called"), call.escalation.end_reason)
        return None
    call.state, call.attempts = CallState.SENDING, call.attempts + 1
    # The claim of this try. Should the engine die in it, the next one comes then.
    call.due_at = now + TRY
    call.save(update_fields=["state", "attempts", "due_at"])
    policy, _colon, number = call.signer.partition(":")
    body = json.dumps(call.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Calling(call.pk, call.key, call.url, body, secret_of(int(policy), int(number)), call.attempts)


@transaction.atomic
def end_call(*, now: datetime, calling: Calling, answer: rules.CallAnswer) -> str:
    """Write down how a try ended, and what follows; returns the state of the call."""
    call = _locked(calling.call_id)
    if call is None or call.state != CallState.SENDING or call.attempts != calling.attempt:
        # Another engine took over: its try is the one that counts.
        return call.state if call else ""
    outcome = rules.after_call(answer, attempt=call.attempts, now=now, seed=call.key)
    _end(call, now, outcome.state, answer.text, outcome.due_at)
    if outcome.state == "sent":
        _tell(call, now, _("The webhook was called"), answer.text)
    elif outcome.state == "failed":
        text = ngettext("The webhook failed after %(n)s try", "The webhook failed after %(n)s tries", call.attempts)
        _tell(call, now, text % {"n": call.attempts}, answer.text, failed=True)
    elif call.attempts == 1:
        _tell(call, now, _("The webhook failed; it is tried again"), answer.text, failed=True)
    return outcome.state


@transaction.atomic
def renew_secret(*, actor: Actor, now: datetime, policy_id: int) -> None:
    """Sign the webhooks of a policy with a new secret from now on; what is on its way keeps the old one."""
    actor.require("oncall.manage")
    policy = EscalationPolicy.objects.visible_to(actor).select_for_update().get(pk=policy_id)
    policy.secret_number += 1
    policy.save(update_fields=["secret_number"])
    audit.record(
        actor=actor, now=now, action="policy.secret", subject=SubjectRef("policy", policy.pk),
        subject_label=policy.name, after={"secret": policy.secret_number},
    )  # fmt: skip


def remove_old_calls(before: datetime, after: int) -> Step:
    """Remove calls that ended before then, with their addresses."""
    ended = WebhookCall.objects.filter(due_at__isnull=True)
    found, further = old(ended, "created_at", before=before, after=after)
    keys = locked(ended.filter(pk__in=found))
    WebhookCall.objects.filter(pk__in=keys).delete()
    return Step(len(keys), further)


def _locked(call_id: int) -> WebhookCall | None:
    """Lock the subject, then the call."""
    known = WebhookCall.objects.filter(pk=call_id).select_related("escalation").first()
    if known is None:
        return None
    notifications.hold(SubjectRef(known.escalation.subject_kind, known.escalation.subject_id))
    return WebhookCall.objects.select_for_update(of=("self",)).select_related("escalation").get(pk=call_id)


def _end(call: WebhookCall, now: datetime, state: str, answer: str, due_at: datetime | None = None) -> None:
    call.state, call.answer, call.due_at, call.leased_until = state, answer[:2000], due_at, None
    call.ended_at = now if due_at is None else None
    call.save(update_fields=["state", "answer", "due_at", "leased_until", "ended_at"])


def _tell(call: WebhookCall, now: datetime, text: str, why: str, *, failed: bool = False) -> None:
    subject = SubjectRef(call.escalation.subject_kind, call.escalation.subject_id)
    # What went wrong on the way names the address itself.
    address = redact_url(call.url)
    publish(StepTaken(subject, text, joined("" if address in why else address, why, call.step), now, failed))
