"""Receivers of what cannot speak HTTP: they take it by its own protocol and bring it to Steward's ingest."""
