"""What other rooms and the command line may read."""

from steward.response.moving.reading import document_of
from steward.response.moving.results import Result, told
from steward.response.moving.sources import KINDS
from steward.response.moving.wording import act, kind

__all__ = ["KINDS", "Result", "act", "document_of", "kind", "told"]
