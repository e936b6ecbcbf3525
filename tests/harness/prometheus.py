"""Debian's Prometheus and Alertmanager with written configurations."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.running import answers, free_port, process, send, wait_until

RULE = """
groups:
- name: test
  interval: 1s
  rules:
  - alert: {name}
    expr: {expression}
    labels: {{severity: critical, service: claims}}
    annotations: {{summary: "{name}: claims intake is in trouble"}}
"""


@dataclass
class Prometheus:
    """A Prometheus that scrapes itself and has one rule, called ``name``."""

    url: str
    rules: Path
    name: str

    def set_rule(self, expression: str) -> None:
        """Replace the rule's expression and reload."""
        self.rules.write_text(RULE.format(name=self.name, expression=expression))
        status, body = send(self.url + "/-/reload", "POST", b"")
        assert status == 200, body


@contextmanager
def prometheus(folder: Path, *, name: str, alertmanager: str, path_prefix: str = "") -> Iterator[Prometheus]:
    """Prometheus that sends the alert ``name`` to ``alertmanager`` (host:port); it fires from the start."""
    port, log, rules = free_port(), folder / "prometheus.log", folder / "rules.yml"
    rules.write_text(RULE.format(name=name, expression="vector(1)"))
    config = folder / "prometheus.yml"
    config.write_text(
        f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n"
        f"rule_files: [{rules}]\n"
        f"scrape_configs: [{{job_name: self, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"
        f"alerting: {{alertmanagers: [{{path_prefix: '{path_prefix or '/'}', "
        f"static_configs: [{{targets: ['{alertmanager}']}}]}}]}}\n"
    )
    command = [
        shutil.which("prometheus") or "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}", "--web.enable-lifecycle", "--rules.alert.resend-delay=2s",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with process(command, os.environ, log):
        wait_until("prometheus", lambda: answers(url + "/-/ready"), 30, log)
        yield Prometheus(url, rules, name)


@contextmanager
def alertmanager(folder: Path, *, webhook: str) -> Iterator[str]:
    """Alertmanager that sends everything to ``webhook`` at once; yields its host:port."""
    port, log, config = free_port(), folder / "alertmanager.log", folder / "alertmanager.yml"
    config.write_text(
        "route: {receiver: steward, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1m}\n"
        f"receivers: [{{name: steward, webhook_configs: [{{url: '{webhook}', send_resolved: true}}]}}]\n"
    )
    command = [
        shutil.which("prometheus-alertmanager") or "prometheus-alertmanager", f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}", f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]  # fmt: skip
    with process(command, os.environ, log):
        wait_until("alertmanager", lambda: answers(f"http://127.0.0.1:{port}/-/ready"), 30, log)
        yield f"127.0.0.1:{port}"
