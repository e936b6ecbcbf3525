"""Zabbix, by the webhook media type that is shipped here."""

from steward.signals.alerts.ingest.sources.kind import Kind
from steward.signals.alerts.ingest.sources.zabbix.parser import parse

KIND = Kind("zabbix", "Zabbix", {"zabbix": parse})
