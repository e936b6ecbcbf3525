"""What of signing in is too old."""

from datetime import timedelta

from steward.foundation.history.registry import Cleaner, register
from steward.people.accounts import signin

register(Cleaner("sign-in attempts", signin.remove_old_attempts, lifetime=signin.KEPT))
register(Cleaner("sessions", signin.remove_expired_sessions, lifetime=timedelta(0)))
