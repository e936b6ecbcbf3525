"""How long to wait before the next attempt: longer each time, never in step with the others, always the same answer."""

from datetime import timedelta
from hashlib import blake2b


def next_delay(attempt: int, *, base: timedelta, cap: timedelta, jitter_seed: str) -> timedelta:
    """Return the wait after failed attempt number `attempt` (the first is 1).

    The wait doubles from `base` up to `cap`; the jitter then takes away up to half of it, so that what failed
    together does not come back together. The jitter is a hash of the seed (say, the id of the delivery) and the
    attempt, not a random number: whoever asks again, in whatever process, gets the same answer.
    """
    if attempt < 1:
        raise ValueError("Attempts are counted from 1.")
    if base <= timedelta() or cap < base:
        raise ValueError("The first delay must be positive and not longer than the longest.")
    # Comparing the doubling with cap/base first keeps a large attempt number from overflowing the product.
    doubling = min(attempt - 1, 64)
    full = cap if 2**doubling >= cap / base else base * 2**doubling
    digest = blake2b(f"{attempt}:{jitter_seed}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return full * (1 - int.from_bytes(digest, "big") / 2**65)
