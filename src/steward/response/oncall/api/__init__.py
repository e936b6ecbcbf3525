"""API of schedules and escalation policies."""

from steward.response.oncall.api.calendars import calendars
from steward.response.oncall.api.links import links
from steward.response.oncall.api.policies import policies
from steward.response.oncall.api.rows import rows
from steward.response.oncall.api.schedules import schedules

schedules.add_router("", links)
schedules.add_router("", calendars)

ROUTERS = {"/schedules": schedules, "/on-call": rows, "/policies": policies}
