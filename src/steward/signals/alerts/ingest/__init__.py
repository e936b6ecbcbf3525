"""The ingest door: `/in/<key>/…`, served before Django."""
