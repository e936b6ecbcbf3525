"""Pages of on-call: schedules, policies, and the panel on an incident."""
