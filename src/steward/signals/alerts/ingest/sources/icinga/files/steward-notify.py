#!/usr/bin/env python3
"""Tells Steward about a notification of Icinga 2 or Nagios. Needs Python 3.6 or later and nothing else.

    steward-notify.py [--url URL] [NAME=VALUE ...]

URL is the source's whole address, ending in /icinga; without it, the variable STEWARD_URL is read. The macros of the
notification come as arguments (HOSTNAME=web-1) or as variables whose names begin with NAGIOS_ or ICINGA_. A name that
begins with LABEL_ becomes a label of the alert.

Exit status: 0 Steward has it, 1 it could not be told, 2 the call is wrong.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request

MACROS = (
    "NOTIFICATIONTYPE", "NOTIFICATIONAUTHOR", "NOTIFICATIONCOMMENT", "HOSTNAME", "HOSTDISPLAYNAME",
    "HOSTADDRESS", "HOSTSTATE", "HOSTOUTPUT", "LONGHOSTOUTPUT", "HOSTPERFDATA", "HOSTATTEMPT",
    "LASTHOSTSTATECHANGE", "HOSTNOTESURL", "HOSTACTIONURL", "SERVICEDESC", "SERVICESTATE", "SERVICEOUTPUT",
    "LONGSERVICEOUTPUT", "SERVICEPERFDATA", "SERVICEATTEMPT", "LASTSERVICESTATECHANGE", "SERVICENOTESURL",
    "SERVICEACTIONURL", "ICINGAWEB2URL", "NAGIOSURL",
)  # fmt: skip
PREFIXES = ("NAGIOS_", "ICINGA_")
LABEL = "LABEL_"
# Nagios ends a notification command after 30 seconds, so all attempts together must be through before that.
ATTEMPT_SECONDS = 5
WAITS = (1, 2, 4, 0)
# Steward takes 10 MiB; the output of a check that went mad shall not keep its alarm from arriving.
LONGEST = 30000


def main():
    # type: () -> int
    options = read_arguments()
    macros = collect(options.macros)
    if not macros.get("NOTIFICATIONTYPE") or not macros.get("HOSTNAME"):
        return complain("NOTIFICATIONTYPE and HOSTNAME are needed.", 2)
    if not options.url.startswith(("http://", "https://")):
        return complain("Give the source's address as --url or in STEWARD_URL.", 2)
    return send(options.url, json.dumps(macros).encode("ascii"))


def read_arguments():
    # type: () -> argparse.Namespace
    parser = argparse.ArgumentParser(description="Tell Steward about a notification of Icinga 2 or Nagios.")
    parser.add_argument("--url", default=os.environ.get("STEWARD_URL", ""), help="the source's address")
    parser.add_argument("macros", nargs="*", metavar="NAME=VALUE", help="a macro of the notification")
    options = parser.parse_args()
    for given in options.macros:
        if "=" not in given:
            parser.error(f"{given!r} is not NAME=VALUE")
    return options


def collect(arguments):
    # type: (list[str]) -> dict[str, str]
    """The macros that are set; arguments win over variables."""
    found = {}
    for variable, value in os.environ.items():
        name = next((variable[len(prefix) :] for prefix in PREFIXES if variable.startswith(prefix)), "")
        if name in MACROS or name.startswith(LABEL):
            found[name] = value
    for given in arguments:
        name, _equals, value = given.partition("=")
        found[name] = value
    # A macro that is not defined for this notification stays as it was written, such as $SERVICEDESC$.
    return {name: value[:LONGEST] for name, value in found.items() if value and value != f"${name}$"}


def send(url, body):
    # type: (str, bytes) -> int
    """Post it, again if Steward or the way to it is down for a moment."""
    trouble = ""
    for wait in WAITS:
        trouble, final = post(url, body)
        if not trouble:
            return 0
        if final:
            break
        time.sleep(wait)
    return complain(trouble, 1)


def post(url, body):
    # type: (str, bytes) -> tuple[str, bool]
    """What went wrong, and whether another attempt is pointless."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=ATTEMPT_SECONDS) as answer:  # noqa: S310
            answer.read()
    except urllib.error.HTTPError as error:
        said = error.read(2000).decode("utf-8", "replace")
        return f"Steward answered {error.code}: {said}", error.code < 500 and error.code != 429
    except (OSError, ValueError) as error:
        return f"Steward cannot be reached: {error}", False
    return "", False


def complain(text, status):
    # type: (str, int) -> int
    # The address is left out: its key lets anybody send, and the monitoring's log is read by many.
    sys.stderr.write(f"steward-notify: {text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
