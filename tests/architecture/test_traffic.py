"""The traffic rules hold in the source, and each rule catches what it is there to catch."""

import pytest

from tests.architecture import traffic
from tests.architecture.source import Module, modules

MODULES = modules()
ROOM = "steward.response.triage"


@pytest.mark.parametrize("rule", traffic.RULES, ids=lambda rule: rule.__name__)
def test_source_follows_the_rule(rule: traffic.Rule) -> None:
    assert len(MODULES) > 20
    found = [f"{module.name}:{line}: {text}" for module in MODULES for line, text in rule(module)]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (traffic.outsiders_use_public_modules, ROOM + ".actions", "from steward.signals.alerts.models import Alert"),
        (traffic.outsiders_use_public_modules, ROOM + ".actions", "from steward.signals.alerts import models"),
        (traffic.outsiders_use_public_modules, ROOM + ".actions", "import steward.signals.alerts.models"),
        (traffic.outsiders_use_public_modules, ROOM + ".actions", "from steward.signals import alerts"),
        (traffic.outsiders_use_public_modules, ROOM + ".actions", "from ..incidents.rules import decide"),
        (traffic.outsiders_use_public_modules, ROOM + ".actions", "from ...people.accounts import models"),
        (traffic.outsiders_use_public_modules, "steward.web.pages", "from steward.people.accounts.pages import home"),
        (traffic.no_model_signals, ROOM + ".apps", "from django.db.models.signals import post_save"),
        (traffic.no_model_signals, ROOM + ".apps", "from django.db.models import signals"),
        (traffic.no_wildcards, ROOM + ".actions", "from datetime import *"),
        (traffic.no_wildcards, ROOM + ".actions", "from .rules import *"),
        (traffic.no_imports_in_functions, ROOM + ".actions", "def f():\n    from . import queries"),
        (traffic.no_imports_in_functions, ROOM + ".apps", "def f():\n    from . import queries"),
        (
            traffic.no_imports_in_functions,
            ROOM + ".actions",
            "class A:\n  async def ready(self):\n    import steward.web",
        ),
        (traffic.no_imports_in_functions, "steward.cli.main", "def f():\n    from steward.web import pages"),
        (traffic.no_imports_in_functions, "steward.cli.main", "# Django\ndef f():\n    from steward.web import a  # b"),
        (traffic.only_outbound_opens_connections, ROOM + ".jobs", "import httpx"),
        (traffic.only_outbound_opens_connections, ROOM + ".jobs", "def f():\n    from urllib import request"),
        (traffic.only_outbound_opens_connections, "steward.foundation.rest", "from django.core.mail import send_mail"),
        (traffic.deciders_read_no_clock, ROOM + ".rules", "t = timezone.now()"),
        (traffic.deciders_read_no_clock, ROOM + ".actions.merge", "t = datetime.now(UTC)"),
        (traffic.deciders_read_no_clock, ROOM + ".queries", "t = datetime.datetime.utcnow()"),
        (traffic.deciders_read_no_clock, ROOM + ".models", "field = DateTimeField(default=timezone.now)"),
        (traffic.deciders_read_no_clock, ROOM + ".models", "from django.utils.timezone import now"),
        (traffic.deciders_read_no_clock, ROOM + ".actions", "t = clock.now()"),
        (traffic.deciders_read_no_clock, "steward.algorithms.backoff", "t = time.time()"),
    ],
)
def test_rule_catches(rule: traffic.Rule, name: str, text: str) -> None:
    assert list(rule(Module(name, text)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (ROOM + ".actions", "from steward.signals.alerts import actions, errors, events, queries"),
        (ROOM + ".actions", "from steward.signals.alerts.queries import firing"),
        (ROOM + ".actions", "from steward.people.accounts.permissions import Permission"),
        (
            ROOM + ".actions",
            "from . import models\nfrom .models import Route\nfrom steward.response.triage import rules",
        ),
        (ROOM + ".actions", "from steward.foundation.due import registry"),
        (ROOM + ".actions", "if TYPE_CHECKING:\n    from steward.signals.alerts.models import Alert"),
        (ROOM + ".tests.test_actions", "from steward.signals.alerts.tests.factories import AlertFactory"),
        (ROOM + ".apps", "class A:\n    def ready(self):\n        from . import subscribers"),
        (
            "steward.cli.main",
            "def f():\n    # After Django is set up.\n    import os\n    from steward.web import pages",
        ),
        ("steward.cli.main", "def f():\n    from steward.web import pages  # after Django is set up"),
        (ROOM + ".pages", "from steward.foundation import clock\nt = clock.now()"),
        (ROOM + ".actions", "def act(*, now):\n    return now + timedelta(1), timezone.utc"),
        ("steward.foundation.outbound.http", "import httpx"),
        ("steward.foundation.history", "from django.db.models.signals import class_prepared"),
    ],
)
def test_rules_let_pass(name: str, text: str) -> None:
    module = Module(name, text)
    assert [violation for rule in traffic.RULES for violation in rule(module)] == []
