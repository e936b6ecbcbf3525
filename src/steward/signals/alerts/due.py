"""Changes on their way to triage, alerts that were not heard of in time, and what is too old."""

from datetime import timedelta

from steward.foundation.due.registry import DueKind, register
from steward.foundation.history import registry as history
from steward.signals.alerts import acknowledging, actions, retention
from steward.signals.alerts.models import Acknowledgement, Alert, AlertChange

# Every night whatever the installation's history is: sources may have their own, and months are made ahead.
EVERY_NIGHT = timedelta(0)

register(
    # A batch takes what is there of its alerts, under their locks and in order, whoever claimed it. While one waits for
    # the database, the other works.
    DueKind(
        "alerts.change", AlertChange, lambda ids, now: actions.process_changes(ids=ids, now=now), batch=1000, workers=2
    )
)
register(DueKind("alerts.expiry", Alert, lambda ids, now: actions.expire(ids=ids, now=now), batch=500))
register(
    DueKind("alerts.acknowledgement", Acknowledgement, lambda ids, now: acknowledging.tell(ids=ids, now=now), batch=100)
)
history.register(history.Cleaner("acknowledgements of senders", acknowledging.remove_old))
history.register(history.Cleaner("months of alert changes", retention.remove_old_months, EVERY_NIGHT))
history.register(history.Cleaner("alert changes", retention.remove_old_changes))
history.register(
    history.Cleaner("alert changes of sources with their own history", retention.remove_own_changes, EVERY_NIGHT)
)
history.register(history.Cleaner("months of payloads", retention.remove_old_payload_months, EVERY_NIGHT))
history.register(history.Cleaner("payloads", retention.remove_unneeded_payloads, EVERY_NIGHT))
history.register(history.Cleaner("alerts", retention.remove_old_alerts))
history.register(history.Cleaner("alerts of sources with their own history", retention.remove_own_alerts, EVERY_NIGHT))
history.register(history.Cleaner("parked payloads", actions.remove_old_parked))
