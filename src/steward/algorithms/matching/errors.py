"""What can be wrong with a matcher."""


class MatcherError(ValueError):
    """A matcher cannot be understood or is refused; the message says what to change."""
