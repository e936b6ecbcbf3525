"""The secret that signs sessions and links: given by the environment, or made once and kept in the data folder."""

import os
import secrets
from pathlib import Path


def keep_secret(data: Path) -> str:
    """Return the data folder's secret, making it at the first call (readable by its owner only).

    Two processes that start together agree: the file appears by an atomic link, so the loser reads the winner's.
    """
    path = data / "secret.key"
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        draft = data / f".secret.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
