"""Commands beside a running ``steward up``: they find the embedded database of its data folder."""

from __future__ import annotations

import os
from urllib.parse import quote

from steward.cli.trouble import Trouble
from steward.config.environment import Environment, load


def join(env: Environment) -> None:
    """Point this process at the embedded server that runs in the data folder; nothing to do with ``DATABASE_URL``."""
    if not env.embedded:
        return
    folder = env.data.resolve()
    try:
        # PostgreSQL's own file: the process in line 1, the folder of its socket in line 5.
        lines = (folder / "postgres" / "postmaster.pid").read_text().splitlines()
        pid, socket = int(lines[0]), lines[4]
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError) as error:
        raise Trouble(
            f"no database runs in the data folder {folder}; start `steward up` first, or set DATABASE_URL"
        ) from error
    os.environ["DATABASE_URL"] = f"postgresql://steward@/steward?host={quote(socket, safe='')}"
    load.cache_clear()
