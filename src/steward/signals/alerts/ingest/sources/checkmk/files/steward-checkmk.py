#!/usr/bin/env python3
# Steward

"""A notification script of Checkmk that tells Steward. Checkmk shows the second line above as the method's name.

The parameters of the notification rule are, in this order:

1. the source's whole address in Steward, ending in /checkmk
2. the site's address, such as https://monitoring.example.org/mysite (for links back; may be left out)

Exit status, as Checkmk takes it: 0 Steward has it, 1 try again later, 2 it will never work.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

PREFIX = "NOTIFY_"
# The first has the key that lets anybody send; who is notified, and how, is nobody's business here.
PRIVATE = ("NOTIFY_PARAMETER", "NOTIFY_CONTACT")
ATTEMPT_SECONDS = 5
# Checkmk tries again by itself what ends with 1, but only if asynchronous delivery is switched on.
WAITS = (1, 2, 0)
# Steward takes 10 MiB; the output of a check that went mad shall not keep its alarm from arriving.
LONGEST = 30000


def main():
    # type: () -> int
    url = os.environ.get("NOTIFY_PARAMETER_1", "")
    if not url.startswith(("http://", "https://")):
        return complain("Give the source's address as the first parameter of the rule.", 2)
    return send(url, json.dumps(collect()).encode("ascii"))


def collect():
    # type: () -> dict[str, str]
    """The notification's variables."""
    found = {
        name: value[:LONGEST]
        for name, value in os.environ.items()
        if value and name.startswith(PREFIX) and not name.startswith(PRIVATE)
    }
    site = os.environ.get("NOTIFY_PARAMETER_2", "")
    if site:
        found["NOTIFY_STEWARD_SITE_URL"] = site
    return found


def send(url, body):
    # type: (str, bytes) -> int
    """Post it, again if Steward or the way to it is down for a moment."""
    trouble = ""
    for wait in WAITS:
        trouble, final = post(url, body)
        if not trouble:
            return 0
        if final:
            return complain(trouble, 2)
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
    # The address is left out: its key lets anybody send, and notify.log is read by many.
    sys.stderr.write(f"steward: {text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
