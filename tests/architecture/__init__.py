"""The rules of the house (docs/decisions, CONTRIBUTING.md), checked on the source itself."""
