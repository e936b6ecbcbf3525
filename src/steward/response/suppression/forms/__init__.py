"""Forms of silences and maintenance windows."""
