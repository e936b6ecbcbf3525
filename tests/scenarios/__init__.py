"""Timelines of the alert pipeline: at t push this, between t1 and t2 want that. Each is run through Steward, with a clock
that the test moves, and through Debian's Alertmanager, in real time, with the same configuration."""
