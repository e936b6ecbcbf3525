"""API of schedules and escalation policies."""

from steward.response.oncall.api.policies import policies
from steward.response.oncall.api.schedules import schedules

ROUTERS = {"/schedules": schedules, "/policies": policies}
