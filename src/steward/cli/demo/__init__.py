"""``steward demo``: Steward with a believable organisation whose systems send alerts and whose people answer them.

The command itself only supervises, so it stays as small as ``steward up``. Filling the database, sending alerts and
keeping the mail are child processes (``--child``), which load what they need.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
from importlib.util import find_spec

from steward.cli import serve
from steward.cli.datafolder import DataFolder
from steward.cli.trouble import Trouble
from steward.config.environment import Environment, load
from steward.config.secret import keep_secret

DATA_FOLDER = "var-demo"


def run(options: argparse.Namespace) -> int:
    """Run the demo, fill the database only, or be one of the demo's own processes."""
    if options.speed <= 0:
        raise Trouble("--speed takes a number above 0, such as 2 for twice as fast")
    if options.child:
        return _child(options)
    if not os.environ.get("STEWARD_DATA"):
        # Never into the folder of a real installation.
        os.environ["STEWARD_DATA"] = DATA_FOLDER
        load.cache_clear()
    if options.data_only:
        return _fill_only(load())
    extra = [("demo-estate", ["demo", "--child", "estate", "--speed", str(options.speed)])]
    env = load()
    if not env.smtp_host:
        if find_spec("aiosmtpd"):
            os.environ.update(STEWARD_SMTP_HOST="127.0.0.1", STEWARD_SMTP_PORT=str(_free_port()))
            extra.insert(0, ("demo-mail", ["demo", "--child", "mail"]))
            print(f"steward: the demo's mail is kept in {env.data.resolve() / 'mail'}", flush=True)
        else:
            print("steward: aiosmtpd is not installed, so the demo sends no mail and pages fail", flush=True)
    return serve.supervise(env, extra=tuple(extra))


def _child(options: argparse.Namespace) -> int:
    if options.child == "mail":
        from steward.cli.demo import mail  # imported only here: a development dependency

        return mail.keep(load(), stopping())
    import django

    django.setup()
    from steward.cli.demo import feed, fill  # need Django's apps

    state = fill.ensure(load())
    if options.child == "estate":
        return feed.run(load(), state, speed=options.speed, stop=stopping())
    return 0


def stopping() -> threading.Event:
    """An event that SIGINT and SIGTERM set."""
    event = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: event.set())
    return event


def _fill_only(env: Environment) -> int:
    folder = DataFolder(env.data)
    folder.take()
    environment = dict(os.environ, STEWARD_DATA=str(folder.path))
    environment.setdefault("STEWARD_SECRET_KEY", keep_secret(folder.path))
    server = None
    try:
        if env.embedded:
            from steward.foundation.database.embedded import EmbeddedServer  # the import is of no use otherwise

            server = EmbeddedServer(folder.path)
            environment["DATABASE_URL"] = server.start()
        serve.prepare(environment, env)
        command = [sys.executable, "-W", "ignore", "-m", "steward.cli.main", "demo", "--child", "fill"]
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        if server is not None:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
