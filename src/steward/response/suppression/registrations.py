"""What this room adds to the shell, to pages of other rooms and to the ingest door."""

from __future__ import annotations

from steward.foundation.rest import keyed
from steward.response.suppression import alertmanager

keyed.register("api/v2/silences", r"api/v2/silences", ("GET", "POST"), alertmanager.silences)
keyed.register("api/v2/silence/<id>", r"api/v2/silence/(?P<id>[^/]{1,64})", ("GET", "DELETE"), alertmanager.silence)
keyed.register_marker(alertmanager.marks)
