"""Pages of alerts and of sources."""
