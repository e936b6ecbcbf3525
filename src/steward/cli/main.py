"""The ``steward`` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from steward import __version__
from steward.cli.running import join
from steward.cli.trouble import Trouble
from steward.config.environment import BadEnvironment, load
from steward.config.lifeline import end_with_supervisor

Command = Callable[[argparse.Namespace], int]
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
# Commands that need no database: they may run on any machine.
ALONE = frozenset({"up", "demo", "syslog", "mail-in"})


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="steward", description="Steward: the operations team's own platform.")
    top.add_argument("--version", action="version", version=__version__)
    top.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)  # as a child of `steward up`
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", help="run everything here: PostgreSQL (unless DATABASE_URL is set), web and engine")
    commands.add_parser("web", help="serve pages, API and ingest")
    commands.add_parser("engine", help="run the alert pipeline, due clocks and jobs")
    commands.add_parser("migrate", help="bring the database to this version")
    commands.add_parser("doctor", help="check that this installation is healthy; exit code 1 if not")
    demo = commands.add_parser("demo", help="run Steward with a believable organisation whose systems emit alerts")
    demo.add_argument("--speed", type=float, default=1.0, help="how many times faster than real things happen")
    demo.add_argument("--data-only", action="store_true", help="fill the database and stop")
    demo.add_argument("--child", choices=("estate", "fill", "mail"), default="", help=argparse.SUPPRESS)
    _receivers(commands)
    _records(commands)
    return top


def _receivers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    syslog = commands.add_parser("syslog", help="take syslog by UDP and TCP and bring it to a source")
    syslog.add_argument("--listen", default="127.0.0.1:5514", metavar="HOST:PORT")
    syslog.add_argument("--key", default="", help="the source's key or ingest path; better by STEWARD_SOURCE_KEY")
    syslog.add_argument("--severity", default="err", choices=LEVELS, help="the least severe level that is brought")
    syslog.add_argument("--buffer", type=int, default=64, metavar="MIB", help="how much may wait for Steward")
    syslog.add_argument("--spool", default="", metavar="FILE", help="keeps what waits when the receiver is stopped")
    mail = commands.add_parser("mail-in", help="take e-mail by SMTP and bring it to sources")
    mail.add_argument("--listen", default="127.0.0.1:2525", metavar="HOST:PORT")
    mail.add_argument("--names", default="", metavar="FILE", help="short names of keys: a line each, “name key”")
    mail.add_argument("--most", type=int, default=5, metavar="MIB", help="the largest message")
    for receiver in (syslog, mail):
        receiver.add_argument("--url", default="", help="where Steward is (STEWARD_URL unless given)")


def _records(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    apikey = commands.add_parser("apikey", help="API keys").add_subparsers(dest="action", required=True)
    create = apikey.add_parser("create", help="make a key; it is printed once, alone on the last line")
    create.add_argument("--name", required=True)
    create.add_argument("--role", required=True)
    create.add_argument("--days", type=int, default=365, help="days until it expires (0: never)")
    user = commands.add_parser("user", help="people").add_subparsers(dest="action", required=True)
    create = user.add_parser("create", help="make a user; a generated password is printed once")
    create.add_argument("--username", required=True)
    create.add_argument("--name", default="")
    create.add_argument("--email", default="")
    create.add_argument("--role", required=True)
    create.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    debt = commands.add_parser("debt", help="what alerts cost").add_subparsers(dest="action", required=True)
    debt.add_parser("rebuild", help="add every day up again from what is still stored")
    ledger = commands.add_parser("ledger", help="the record of pages").add_subparsers(dest="action", required=True)
    verify = ledger.add_parser("verify", help="check that nobody changed it; exit code 1 if somebody did")
    verify.add_argument(
        "--checkpoint", action="append", default=[], metavar="N:HASH", help="a checkpoint that was kept elsewhere"
    )
    verify.add_argument("--json", action="store_true", help="say it for programs")
    ledger.add_parser("checkpoint", help="print how far it is, to be kept elsewhere")
    prune = ledger.add_parser("prune", help="remove old entries; what is left stays provable")
    prune.add_argument("--days", type=int, required=True, help="keep so many days")
    moving = commands.add_parser("import", help="take people, schedules and policies over from another system")
    moving.add_argument("kind", choices=["pagerduty", "opsgenie", "grafana-oncall", "alertmanager"])
    moving.add_argument("files", nargs="+", help="files of an export, or a folder of them")
    moving.add_argument("--plan", action="store_true", help="only say what would happen (the default)")
    moving.add_argument("--apply", action="store_true", help="do it")
    moving.add_argument("--force", action="store_true", help="also what was changed here by hand or existed before")
    moving.add_argument("--json", action="store_true", help="say it for programs")
    source = commands.add_parser("source", help="alert sources").add_subparsers(dest="action", required=True)
    create = source.add_parser("create", help="make a source; its ingest path is printed on the last line")
    create.add_argument("--name", required=True)
    create.add_argument("--kind", default="alertmanager")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. What goes wrong is one line on standard error."""
    options = parser().parse_args(arguments)
    if options.supervised:
        end_with_supervisor()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "steward.config.django_settings")
    if options.command not in {"web", "engine", "up", "demo"}:
        os.environ.setdefault("STEWARD_DATABASE_POOL", "0")  # a short command wants one connection, or to fail at once
    try:
        env = load()
        if options.command not in ALONE:
            join(env)
        return _find(options.command)(options)
    except (Trouble, BadEnvironment) as error:
        print(f"steward: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _find(name: str) -> Command:
    # Imported only now: `steward up` supervises and must stay small, so it never loads Django.
    if name in {"up", "web"}:
        from steward.cli import serve

        return serve.up if name == "up" else serve.web
    if name == "demo":
        from steward.cli import demo

        return demo.run
    if name == "engine":
        from steward.cli import engine

        return engine.run
    if name in {"syslog", "mail-in"}:
        # They are small: of Django only settings are there, without apps or languages.
        from django.conf import settings

        settings.configure(USE_I18N=False)
        if name == "syslog":
            from steward.cli.receivers import syslog

            return syslog.run
        from steward.cli.receivers import mail

        return mail.run
    if name == "doctor":
        from steward.cli import doctor

        return doctor.run
    if name == "debt":
        from steward.cli import debt

        return debt.rebuild
    if name == "import":
        from steward.cli import moving

        return moving.run
    if name == "ledger":
        from steward.cli import ledger

        return ledger.run
    from steward.cli import records

    found: dict[str, Command] = {
        "migrate": records.migrate,
        "apikey": records.create_api_key,
        "user": records.create_user,
        "source": records.create_source,
    }
    return found[name]


if __name__ == "__main__":
    sys.exit(main())
