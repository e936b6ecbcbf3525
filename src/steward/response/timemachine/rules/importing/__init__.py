"""From ``alertmanager.yml`` to a document of the configuration, with a report of what becomes of every line. Pure.

prometheus.io/docs/alerting/latest/configuration; the meaning follows ``config/config.go`` and ``dispatch/route.go``.
"""

from steward.response.timemachine.rules.importing.alertmanager import Imported, read
from steward.response.timemachine.rules.importing.report import Line, Receiver

__all__ = ["Imported", "Line", "Receiver", "read"]
