"""What a command prints as one line before it ends with exit code 2."""


class Trouble(Exception):
    """Something the operator can mend; the message says how."""
