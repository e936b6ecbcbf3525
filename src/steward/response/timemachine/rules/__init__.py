"""Pure rules of versions of the configuration: reading and writing it as YAML, comparing, importing."""
